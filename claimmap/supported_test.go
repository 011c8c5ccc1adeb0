package claimmap_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// TestSupported pins the table. Whoever changes a row has read a page that says
// so, and writes here which and when.
func TestSupported(t *testing.T) {
	t.Parallel()
	scim := claimmap.Source{URL: "https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim", Date: "2026-09"}
	seed := claimmap.Source{URL: "https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra", Date: "before 2026-09"}
	okta := claimmap.Source{URL: "https://docs.cloud.google.com/iam/docs/configure-scim-okta", Date: "2026-05-30"}
	type row = claimmap.SupportedExpression
	want := []row{
		{Key: "google.subject", Expression: "user.externalId", Closed: true, Source: scim, Since: seed},
		{Key: "google.subject", Expression: "user.externalId.lowerAscii()", Closed: true, Source: scim, Since: scim, Contradiction: "x"},
		{Key: "google.subject", Expression: "user.userName", Closed: true, Source: scim, Since: seed},
		{Key: "google.subject", Expression: "user.userName.lowerAscii()", Closed: true, Source: scim, Since: seed},
		{Key: "google.subject", Expression: "user.emails[0].value", Closed: true, Source: scim, Since: seed},
		{Key: "google.subject", Expression: "user.emails[0].value.lowerAscii()", Closed: true, Source: scim, Since: seed},
		{Key: "google.group", Expression: "group.externalId", Closed: true, Source: scim, Since: seed},
		{Key: "google.group", Expression: "group.externalId.lowerAscii()", Closed: true, Source: scim, Since: scim, Contradiction: "x"},
		{Key: "google.group", Expression: "group.displayName", Closed: true, Source: scim, Since: okta},
		{Key: "google.group", Expression: "group.displayName.lowerAscii()", Closed: true, Source: scim, Since: scim, Contradiction: "x"},
		{Key: "google.display_name", Expression: "user.displayName", Source: scim, Since: scim},
		{Key: "google.display_name", Expression: "user.name.formatted", Source: scim, Since: scim},
		{Key: "google.profile_photo", Expression: "user.photos.filter(p, p.type == 'thumbnail')[0].value", Source: scim, Since: scim},
		{Key: "google.profile_photo", Expression: "user.photos[0].value", Source: scim, Since: scim},
		{Key: "google.email", Expression: "user.emails.filter(e, e.type == 'work')[0].value", Source: scim, Since: scim},
		{Key: "google.email", Expression: "user.emails[0].value", Source: scim, Since: scim},
	}
	got := claimmap.Supported()
	for i := range got {
		if got[i].Contradiction != "" {
			got[i].Contradiction = "x"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Supported() (-want +got):\n%s", diff)
	}
}

func TestSupportedIsACopy(t *testing.T) {
	t.Parallel()
	claimmap.Supported()[0].Expression = "changed"
	if got := claimmap.Supported()[0].Expression; got != "user.externalId" {
		t.Errorf("Supported()[0].Expression = %q after a change to an earlier result", got)
	}
}

// TestEveryRowIsAccepted shows that the table and the grammar agree.
func TestEveryRowIsAccepted(t *testing.T) {
	t.Parallel()
	for _, row := range claimmap.Supported() {
		rules := map[string]string{"google.subject": "user.userName", "google.group": "group.externalId"}
		rules[row.Key] = row.Expression
		m := mustNew(t, rules)
		if got := m.Map()[row.Key]; got != row.Expression {
			t.Errorf("%s = %s is sent as %s: the table does not hold the canonical text", row.Key, row.Expression, got)
		}
		if err := m.Validate(iamscim.SCIMUsageUsersAndGroups); err != nil {
			t.Errorf("%s = %s: %v", row.Key, row.Expression, err)
		}
		contradiction := slices.ContainsFunc(m.Lint(iamscim.SCIMUsageGroups), func(i claimmap.Issue) bool {
			return i.Key == row.Key && i.Class == claimmap.ClassContradiction
		})
		if contradiction != (row.Contradiction != "") {
			t.Errorf("%s = %s: Lint warns of a contradiction: %v, want %v", row.Key, row.Expression, contradiction, row.Contradiction != "")
		}
	}
}

// TestAttributes pins what the attribute tables of
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim#attribute-limitations
// (read 2026-09) say about claim mappings, attribute by attribute.
func TestAttributes(t *testing.T) {
	t.Parallel()

	tests := []struct {
		expression string
		ok         bool
	}{
		{"user.userName", true}, {"user.displayName", true}, {"user.nickName", true}, {"user.profileUrl", true}, {"user.title", true},
		{"user.userType", true}, {"user.preferredLanguage", true}, {"user.locale", true}, {"user.timezone", true}, {"string(user.active)", true},
		{"user.name.formatted", true}, {"user.name.familyName", true}, {"user.name.givenName", true}, {"user.name.middleName", true},
		{"user.name.honorificPrefix", true}, {"user.name.honorificSuffix", true},
		{"user.emails[0].display", true}, {"user.emails[0].type", true}, {"user.emails[0].value", true}, {"string(user.emails[0].primary)", true},
		{"user.phoneNumbers[0].display", true}, {"user.phoneNumbers[0].type", true}, {"user.phoneNumbers[0].value", true}, {"string(user.phoneNumbers[0].primary)", true},
		{"user.ims[0].display", true}, {"user.ims[0].type", true}, {"user.ims[0].value", true}, {"string(user.ims[0].primary)", false},
		{"user.photos[0].display", true}, {"user.photos[0].type", true}, {"user.photos[0].value", true}, {"string(user.photos[0].primary)", false},
		{"user.addresses[0].formatted", true}, {"user.addresses[0].streetAddress", true}, {"user.addresses[0].locality", true},
		{"user.addresses[0].region", true}, {"user.addresses[0].postalCode", true}, {"user.addresses[0].country", true}, {"user.addresses[0].type", false},
		{"user.entitlements[0].display", true}, {"user.entitlements[0].type", true}, {"user.entitlements[0].value", true}, {"string(user.entitlements[0].primary)", false},
		{"user.roles[0].type", true}, {"user.roles[0].value", true}, {"user.roles[0].display", false}, {"string(user.roles[0].primary)", false},
		{"user.x509Certificates[0].value", false}, {"user.password", false}, {"user.groups[0].value", false},
		{"user.id", false}, {"user.meta.created", false}, {"user.schemas[0]", false},
		{"user.externalId", true}, // in the table of expressions, not in that of attributes
		{enterprise + ".employeeNumber", true}, {enterprise + ".costCenter", true}, {enterprise + ".organization", true}, {enterprise + ".division", true},
		{enterprise + ".department", true}, {enterprise + ".manager.value", true}, {enterprise + ".manager.displayName", true}, {enterprise + ".manager['$ref']", false},
		{"group.displayName", false}, {"group.externalId", false}, {"group.members[0].value", false},
	}
	for _, tt := range tests {
		_, err := claimmap.New(map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "attribute.x": tt.expression})
		if (err == nil) != tt.ok {
			t.Errorf("New with attribute.x=%s = %v, want it accepted: %v", tt.expression, err, tt.ok)
		}
	}
}

// TestFunctions pins what may be called for the keys without a closed set, and
// how it is documented: for claim mappings, for a provider's attribute mapping
// only (a warning), or nowhere (an error).
func TestFunctions(t *testing.T) {
	t.Parallel()
	const (
		documented = "documented"
		elsewhere  = "undocumented"
		refused    = "refused"
	)
	tests := []struct{ expression, want string }{
		{"user.title.lowerAscii()", documented},
		{"user.emails.filter(e, e.type == 'work')[0].value", documented},
		{"user.emails.filter(e, e.type != 'work' || e.primary && !(e.type == ''))[0].value", documented},
		{"user.active ? 'a' : 'b'", documented},
		{"user.roles.exists(r, r.value == 'a') ? 'a' : 'b'", elsewhere},
		{"user.roles.exists_one(r, r.value == 'a') ? 'a' : 'b'", elsewhere},
		{"user.roles.all(r, r.value == 'a') ? 'a' : 'b'", elsewhere},
		{"user.roles.map(r, r.value)[0]", elsewhere},
		{"user.roles.map(r, r.type == 'x', r.value)[0]", elsewhere},
		{"has(user.title) ? user.title : ''", elsewhere},
		{"user.title.contains('x') ? 'a' : 'b'", elsewhere},
		{"user.title.startsWith('x') ? 'a' : 'b'", elsewhere},
		{"user.title.endsWith('x') ? 'a' : 'b'", elsewhere},
		{"user.title.matches('^x') ? 'a' : 'b'", elsewhere},
		{"user.title.split(' ', 2)[0]", elsewhere},
		{"user.title.split(' ').join('-')", elsewhere},
		{"string(size(user.roles))", elsewhere},
		{"string(user.title.size() + 1)", elsewhere},
		{"user.title in ['a', 'b'] ? 'a' : 'b'", elsewhere},
		{"user.title < 'm' ? 'a' : 'b'", elsewhere},
		{"user.title + '-' + user.locale", elsewhere},
		{"user.title.upperAscii()", refused}, {"user.title.trim()", refused}, {"user.title.replace('a', 'b')", refused},
		{"user.title.substring(1)", refused}, {"user.title.charAt(0)", refused}, {"string(user.title.indexOf('a'))", refused},
		{"string(user.title.lastIndexOf('a'))", refused}, {"user.title.reverse()", refused}, {"'%s'.format([user.title])", refused},
		{"strings.quote(user.title)", refused}, {"user.title.extract('{x}')", refused}, {"string(timestamp('2026-01-01T00:00:00Z'))", refused},
		{"string(int('1'))", refused}, {"string(type(user))", refused}, {"dyn(user).title", refused}, {"string(bytes(user.title))", refused},
	}
	for _, tt := range tests {
		m, err := claimmap.New(map[string]string{"google.subject": "user.externalId", "google.group": "group.externalId", "attribute.x": tt.expression})
		got := documented
		switch {
		case err != nil:
			got = refused
		case slices.ContainsFunc(m.Lint(iamscim.SCIMUsageUsersAndGroups), func(i claimmap.Issue) bool { return i.Key == "attribute.x" }):
			got = elsewhere
		}
		if got != tt.want {
			t.Errorf("attribute.x=%s is %s (%v), want %s", tt.expression, got, err, tt.want)
		}
	}
}
