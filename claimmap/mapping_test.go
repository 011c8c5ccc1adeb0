package claimmap_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

func mustNew(t testing.TB, rules map[string]string) claimmap.Mapping {
	t.Helper()
	m, err := claimmap.New(rules)
	if err != nil {
		t.Fatalf("New(%v) = %v", rules, err)
	}
	return m
}

func TestSpellingsOfOneExpression(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key, want string
		spellings []string
	}{
		{"google.subject", "user.emails[0].value", []string{
			"user.emails[0].value", "user.emails[ 0 ].value", `user["emails"][0].value`, `user['emails'][0]["value"]`,
			"(user.emails[0].value)", "((user).emails)[0].value", "\tuser . emails [0] . value\n", "user.emails[(0)].value",
			`user["""emails"""][0].value`, `user[r'emails'][0].value`, `user["\x65mails"][0].value`, "user.emails[0x0].value",
			"user.emails[0].value // the only one",
		}},
		{"google.subject", "user.emails[0].value.lowerAscii()", []string{
			"user.emails[0].value.lowerAscii( )", `(user["emails"][0].value).lowerAscii()`,
		}},
		{"google.subject", "user.externalId", []string{" user.externalId ", `user["externalId"]`}},
		{"google.group", "group.displayName.lowerAscii()", []string{`group['displayName'].lowerAscii()`}},
		{"google.email", "user.emails.filter(e, e.type == 'work')[0].value", []string{
			`user.emails.filter(e, e.type == "work")[0].value`, `user.emails.filter(e,e["type"]==('work'))[0].value`,
		}},
		{"attribute.department", "user['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'].department", []string{
			`user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["department"]`,
		}},
		{"google.display_name", "user.name.givenName + ' ' + user.name.familyName", []string{
			`(user.name.givenName + " ") + user.name.familyName`,
		}},
		{"attribute.label", `user.title == 'it\'s' || user.active && !(user.title == '' || user.title == 'x') ? 'a' : 'b'`, []string{
			`user.title == "it's" || ((user.active) && !((user.title) == '' || user.title == "x")) ? "a" : 'b'`,
		}},
	}
	for _, tt := range tests {
		rules := map[string]string{"google.subject": "user.userName", "google.group": "group.externalId"}
		rules[tt.key] = tt.want
		want := mustNew(t, rules)
		for _, spelling := range tt.spellings {
			t.Run(spelling, func(t *testing.T) {
				t.Parallel()
				rules := maps.Clone(rules)
				rules[tt.key] = spelling
				got := mustNew(t, rules)
				if !got.Equal(want) || !want.Equal(got) {
					t.Errorf("New(%q) is not equal to New(%q)", spelling, tt.want)
				}
				if text := got.Map()[tt.key]; text != tt.want {
					t.Errorf("New(%q).Map()[%q] = %q, want %q", spelling, tt.key, text, tt.want)
				}
			})
		}
	}
}

func TestEqualTellsApart(t *testing.T) {
	t.Parallel()
	a := map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "google.email": "user.emails.filter(e, e.type == 'work')[0].value"}
	tests := []struct {
		name, key, expression string
	}{
		{"another attribute", "google.subject", "user.externalId"},
		{"case lowered", "google.subject", "user.userName.lowerAscii()"},
		{"another group", "google.group", "group.displayName"},
		{"the name of a macro's variable", "google.email", "user.emails.filter(x, x.type == 'work')[0].value"},
		{"one rule more", "google.display_name", "user.displayName"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := maps.Clone(a)
			b[tt.key] = tt.expression
			if mustNew(t, a).Equal(mustNew(t, b)) || mustNew(t, b).Equal(mustNew(t, a)) {
				t.Errorf("New(%v).Equal(New(%v)) = true, want false", a, b)
			}
		})
	}
}

func TestZeroMapping(t *testing.T) {
	t.Parallel()
	var m claimmap.Mapping
	if !m.IsZero() || m.String() != "" || m.Map() == nil || len(m.Map()) != 0 || !m.Equal(claimmap.Mapping{}) {
		t.Errorf("zero Mapping: IsZero %v, String %q, Map %v, Equal %v", m.IsZero(), m.String(), m.Map(), m.Equal(claimmap.Mapping{}))
	}
	if m.Equal(claimmap.Recommended(claimmap.Okta)) {
		t.Error("the zero Mapping is equal to a recommended one")
	}
	for _, usage := range []iamscim.SCIMUsage{iamscim.SCIMUsageNone, iamscim.SCIMUsageGroups, iamscim.SCIMUsageUsersAndGroups, ""} {
		err := m.Validate(usage)
		var invalid *claimmap.Error
		if !errors.As(err, &invalid) || !errors.Is(err, claimmap.ErrInvalid) || len(invalid.Issues) < 2 {
			t.Errorf("Mapping{}.Validate(%q) = %v, want both keys missing", usage, err)
		}
	}
	if _, err := m.Subject(claimmap.User{ExternalID: "x"}); !errors.Is(err, claimmap.ErrNoRule) {
		t.Errorf("Mapping{}.Subject(…) = %v, want ErrNoRule", err)
	}
	if _, err := m.GroupValue(claimmap.Group{ExternalID: "x"}); !errors.Is(err, claimmap.ErrNoRule) {
		t.Errorf("Mapping{}.GroupValue(…) = %v, want ErrNoRule", err)
	}
}

func TestMapIsACopy(t *testing.T) {
	t.Parallel()
	m := claimmap.Recommended(claimmap.EntraID)
	m.Map()["google.subject"] = "changed"
	want := map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"}
	if diff := cmp.Diff(want, m.Map()); diff != "" {
		t.Errorf("Map() after a change to its result (-want +got):\n%s", diff)
	}
}

// TestParseReadsWhatGcloudReads pins the flag syntax. The wanted maps were
// printed by ArgDict of gcloud 528.0.0 for the same texts.
func TestParseReadsWhatGcloudReads(t *testing.T) {
	t.Parallel()
	both := map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId"}
	tests := []struct {
		flag string
		want map[string]string
	}{
		{"google.subject=user.externalId,google.group=group.externalId", both},
		{"google.group=group.externalId,google.subject=user.externalId", both},
		{"google.subject=user.externalId,google.group=group.externalId,", both},
		{"^;^google.subject=user.externalId;google.group=group.externalId", both},
		{"^;^google.subject=user.externalId;google.group=group.externalId;", both},
		{"^::^google.subject=user.externalId::google.group=group.externalId", both},
		{"^ ^google.subject=user.externalId google.group=group.externalId", both},
		{"^,^google.subject=user.externalId,google.group=group.externalId", both},
		{"^;^google.subject=user.externalId;google.group=group.externalId;attribute.a=user.title == 'x' ? 'y' : user.title",
			map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId", "attribute.a": "user.title == 'x' ? 'y' : user.title"}},
	}
	for _, tt := range tests {
		t.Run(tt.flag, func(t *testing.T) {
			t.Parallel()
			m, err := claimmap.Parse(tt.flag)
			if err != nil {
				t.Fatalf("Parse(%q) = %v", tt.flag, err)
			}
			if diff := cmp.Diff(tt.want, m.Map()); diff != "" {
				t.Errorf("Parse(%q).Map() (-want +got):\n%s", tt.flag, diff)
			}
			again, err := claimmap.Parse(m.String())
			if err != nil || !again.Equal(m) {
				t.Errorf("Parse(%q) = %v, %v, want the mapping it was printed from", m.String(), again, err)
			}
		})
	}
}

func TestRecommended(t *testing.T) {
	t.Parallel()
	const subject = "google.subject=user.emails[0].value.lowerAscii(),google.group="
	tests := []struct {
		vendor claimmap.Vendor
		want   string
		source string
	}{
		{claimmap.EntraID, subject + "group.externalId", "configure-scim-ms-entra, step 1"},
		{claimmap.Okta, subject + "group.displayName", "configure-scim-okta, step 1"},
		{claimmap.Generic, subject + "group.externalId", "configure-scim-oidc-saml, step 1"},
		{"KEYCLOAK", subject + "group.externalId", "a vendorType without a page of its own"},
		{"", "", "not known"},
		{"VENDOR_TYPE_UNSPECIFIED", "", "not known"},
		{"entra", "", "no value of the API"},
	}
	for _, tt := range tests {
		m := claimmap.Recommended(tt.vendor)
		if got := m.String(); got != tt.want {
			t.Errorf("Recommended(%q) = %q, want %q (%s)", tt.vendor, got, tt.want, tt.source)
		}
		if tt.want == "" {
			continue
		}
		if err := m.Validate(iamscim.SCIMUsageGroups); err != nil {
			t.Errorf("Recommended(%q).Validate = %v", tt.vendor, err)
		}
		if parsed, err := claimmap.Parse(tt.want); err != nil || !parsed.Equal(m) {
			t.Errorf("Parse(%q) = %v, %v, want Recommended(%q)", tt.want, parsed, err, tt.vendor)
		}
	}
}

func TestVendorOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		vendorType, issuer string
		want               claimmap.Vendor
	}{
		{"ENTRA_ID", "", claimmap.EntraID},
		{"", "https://login.microsoftonline.com/TENANT/v2.0", claimmap.EntraID},
		{"", "https://sts.windows.net/TENANT/", claimmap.EntraID},
		{"VENDOR_TYPE_UNSPECIFIED", "https://acme.okta.com", claimmap.Okta},
		{"OKTA", "https://login.acme.example", claimmap.Okta},
		{"PING_FEDERATE", "https://sso.acme.example", claimmap.Generic},
		{"", "https://sso.acme.example", ""},
		{"ENTRA_ID", "", claimmap.EntraID}, {"GENERIC", "", claimmap.Generic}, {"ADFS", "", claimmap.Generic}, {"KEYCLOAK", "", claimmap.Generic},
		{"FORGE_ROCK", "", claimmap.Generic}, {"JUMP_CLOUD", "", claimmap.Generic}, {"ONE_LOGIN", "", claimmap.Generic},
		{"", "https://login.microsoftonline.us/TENANT/v2.0", claimmap.EntraID}, // US government
		{"", "https://login.partner.microsoftonline.cn/TENANT/v2.0", claimmap.EntraID},
		{"", "https://sts.chinacloudapi.cn/TENANT/", claimmap.EntraID},
		{"", "https://login.chinacloudapi.cn/TENANT/", claimmap.EntraID},
		{"", "https://login.microsoftonline.de/TENANT/v2.0", claimmap.EntraID},
		{"", "https://sts.microsoftonline.de/TENANT/", claimmap.EntraID},
		{"", "https://login.microsoft.com/TENANT/v2.0", claimmap.EntraID},
		{"", "https://login.windows.net/TENANT/", claimmap.EntraID},
		{"", "https://acme.okta-emea.com", claimmap.Okta},
		{"", "https://LOGIN.microsoftonline.COM./TENANT/v2.0", claimmap.EntraID}, // a trailing dot is the same host
		{"", "https://login.microsoftonline.com:443/TENANT/v2.0", claimmap.EntraID},
		{"", " https://acme.okta.com.", claimmap.Okta},
		{"", "http://www.okta.com/exk1fcia6d6EMsf331d8", claimmap.Okta}, // a SAML entity ID
		{"", "https://acme.okta-gov.com", claimmap.Okta},
		{"", "https://acme.okta.mil", claimmap.Okta},
		{"", "https://acme.oktapreview.com/oauth2/default", claimmap.Okta},
		{"", "https://okta.com", ""}, // nobody's organization
		{"", "https://acme-okta.com", ""},
		{"", "https://login.microsoftonline.com@evil.example/", ""},
		{"", "urn:acme:idp", ""},
		{"SOMETHING_NEW", "https://login.microsoftonline.com/TENANT/v2.0", ""},
		{"entra_id", "", ""},
		{"OKTA", "https://login.microsoftonline.com/TENANT/v2.0", ""},
		{"", "https://okta.com.evil.example", ""},
		{"", "https://login.microsoftonline.com.evil.example", ""},
		{"", "://", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if got := claimmap.VendorOf(tt.vendorType, tt.issuer); got != tt.want {
			t.Errorf("VendorOf(%q, %q) = %q, want %q", tt.vendorType, tt.issuer, got, tt.want)
		}
	}
}
