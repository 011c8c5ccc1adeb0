package claimmap_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

func ExampleParse() {
	m, err := claimmap.Parse("google.subject=user.emails[ 0 ].value.lowerAscii(),google.group=group.externalId")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := m.Validate(iamscim.SCIMUsageGroups); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Map()["google.subject"])
	// Output: user.emails[0].value.lowerAscii()
}

// A comma inside an expression needs another delimiter, as with gcloud.
func ExampleParse_delimiter() {
	m, err := claimmap.Parse("^;^google.subject=user.externalId;google.group=group.externalId;google.email=user.emails.filter(e, e.type == 'work')[0].value")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Map()["google.email"])
	fmt.Println(m)
	// Output:
	// user.emails.filter(e, e.type == 'work')[0].value
	// ^;^google.subject=user.externalId;google.group=group.externalId;google.email=user.emails.filter(e, e.type == 'work')[0].value
}

// Every problem is reported at once. This is the example of gcloud's own help.
func ExampleParse_wrong() {
	_, err := claimmap.Parse("google.subject=new_external_id,google.groups=all_groups")
	var invalid *claimmap.Error
	if errors.As(err, &invalid) {
		for _, issue := range invalid.Issues {
			fmt.Printf("%s: %s (nearest: %s)\n", issue.Key, issue.Class, issue.Nearest)
		}
	}
	// Output:
	// google.subject: unsupported (nearest: user.externalId)
	// google.group: missing key (nearest: )
	// google.groups: unknown key (nearest: google.group)
	// google.groups: unsupported (nearest: )
}

func ExampleNew() {
	_, err := claimmap.New(map[string]string{
		"google.subject": "user.mail",
		"google.group":   "group.externalId",
	})
	fmt.Println(err)
	// Output:
	// claimmap: invalid claim mapping:
	//   google.subject: 1:6: a user has no attribute mail that a claim mapping can use; did you mean user.emails[0].value?
	//       user.mail
	//            ^
	//       supported: user.externalId, user.externalId.lowerAscii(), user.userName, user.userName.lowerAscii(), user.emails[0].value, user.emails[0].value.lowerAscii()
	//       nearest: user.emails[0].value
}

func ExampleRecommended() {
	fmt.Println(claimmap.Recommended(claimmap.EntraID))
	fmt.Println(claimmap.Recommended(claimmap.Okta))
	// Output:
	// google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId
	// google.subject=user.emails[0].value.lowerAscii(),google.group=group.displayName
}

func ExampleCompare() {
	provider := map[string]string{"google.subject": "assertion.email"}
	verdict := claimmap.Compare(provider, claimmap.Recommended(claimmap.EntraID), claimmap.CompareOptions{Vendor: claimmap.EntraID})
	fmt.Println(verdict)
	// Output:
	// inconsistent: only the tenant lowers the case: they differ for everybody with an upper-case letter in the value
	//   consistent would be provider google.subject=assertion.email.lowerAscii(), tenant google.subject=user.emails[0].value.lowerAscii()
}

// A Consistent verdict may rest on a setting of the identity provider.
func ExampleCompare_requires() {
	provider := map[string]string{"google.subject": "assertion.oid"}
	m, err := claimmap.Parse("google.subject=user.externalId,google.group=group.externalId")
	if err != nil {
		fmt.Println(err)
		return
	}
	verdict := claimmap.Compare(provider, m, claimmap.CompareOptions{Vendor: claimmap.EntraID})
	fmt.Println(verdict.Result)
	fmt.Println(verdict.Requires[0].Setting, "←", verdict.Requires[0].Value, "instead of", verdict.Requires[0].Default)
	// Output:
	// consistent
	// externalId ← objectId instead of mailNickname
}

func ExampleMapping_Lint() {
	m := claimmap.Recommended(claimmap.Generic)
	for _, issue := range m.Lint(iamscim.SCIMUsageGroups) {
		fmt.Println(issue.Class, issue.Key)
	}
	// Output:
	// risk google.subject
	// advice google.subject
	// connector google.subject
}

func ExampleMapping_Subject() {
	m := claimmap.Recommended(claimmap.EntraID)
	fmt.Println(m.Subject(claimmap.User{UserName: "jdoe", WorkEmail: "Jane.Doe@example.com"}))
	_, err := m.Subject(claimmap.User{UserName: "nomail"})
	fmt.Println(errors.Is(err, claimmap.ErrEmpty), err)
	// Output:
	// jane.doe@example.com <nil>
	// true claimmap: google.subject = user.emails[0].value.lowerAscii(): empty value
}

func ExampleMapping_GroupValue() {
	m := claimmap.Recommended(claimmap.Okta)
	fmt.Println(m.GroupValue(claimmap.Group{ExternalID: "00g1", DisplayName: "eng"}))
	// Output: eng <nil>
}

func ExampleMapping_EvaluateUser() {
	m, err := claimmap.Parse("google.subject=user.userName,google.group=group.externalId,google.display_name=user.displayName,attribute.title=user.title")
	if err != nil {
		fmt.Println(err)
		return
	}
	attributes, err := m.EvaluateUser(map[string]any{"userName": "jdoe", "displayName": "Jane Doe"})
	fmt.Println(attributes.Subject, attributes.DisplayName)
	fmt.Println(err)
	// Output:
	// jdoe Jane Doe
	// claimmap: attribute.title = user.title: empty value: an attribute it reads is absent
}

func ExampleEvaluateAssertion() {
	provider := map[string]string{
		"google.subject": "assertion.email.lowerAscii()",
		"attribute.team": "assertion.department.extract('acme/{team}/')",
	}
	attributes, err := claimmap.EvaluateAssertion(provider, map[string]any{"email": "Jane@Example.com", "department": "acme/core/1"})
	fmt.Println(attributes.Subject, attributes.Custom["team"], err)
	// Output: jane@example.com core <nil>
}

// Do this token and this user meet?
func ExamplePreview() {
	provider := map[string]string{"google.subject": "assertion.email"}
	token := map[string]any{"email": "Jane.Doe@example.com"}
	user := map[string]any{"emails": []any{map[string]any{"type": "work", "value": "Jane.Doe@example.com"}}}
	meeting, err := claimmap.Preview(provider, token, claimmap.Recommended(claimmap.EntraID), user)
	fmt.Println(meeting.Match, meeting.Token.Subject, meeting.Provisioned.Subject, err)
	// Output: false Jane.Doe@example.com jane.doe@example.com <nil>
}

func ExampleCheckUnique() {
	users := []claimmap.User{
		{UserName: "jane", WorkEmail: "jane@example.com"},
		{UserName: "john", WorkEmail: ""},
		{UserName: "Jane", WorkEmail: "JANE@example.com"},
	}
	for conflict := range claimmap.CheckUnique(slices.Values(users), claimmap.Recommended(claimmap.EntraID)) {
		fmt.Println(conflict)
	}
	// Output:
	// row 1: google.subject: empty value
	// row 2: google.subject: duplicate value, first in row 0
	// row 2: userName: duplicate value, first in row 0
}

func ExampleSupported() {
	for _, row := range claimmap.Supported() {
		if row.Key == "google.group" {
			fmt.Println(row.Expression, row.Contradiction != "")
		}
	}
	// Output:
	// group.externalId false
	// group.externalId.lowerAscii() true
	// group.displayName false
	// group.displayName.lowerAscii() true
}

func ExampleVendorOf() {
	fmt.Println(claimmap.VendorOf("VENDOR_TYPE_UNSPECIFIED", "https://login.microsoftonline.com/TENANT/v2.0"))
	// Output: Microsoft Entra ID
}
