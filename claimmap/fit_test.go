package claimmap_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// TestFit pins which mapping meets a provider, with what it requires.
func TestFit(t *testing.T) {
	t.Parallel()
	const entra, okta = ",google.group=group.externalId", ",google.group=group.displayName"
	const mail = "assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'][0]"
	tests := []struct {
		provider string
		vendor   claimmap.Vendor
		want     string // "" for none
		result   claimmap.Result
		requires string // one of them
	}{
		{"assertion.oid", claimmap.EntraID, "google.subject=user.externalId" + entra, claimmap.Consistent, "entra-external-id"},
		{"assertion['oid']", claimmap.EntraID, "google.subject=user.externalId" + entra, claimmap.Consistent, "entra-external-id"},
		{"assertion.upn", claimmap.EntraID, "google.subject=user.userName" + entra, claimmap.Consistent, "entra-upn-claim"},
		{"assertion.email.lowerAscii()", claimmap.EntraID, "google.subject=user.emails[0].value.lowerAscii()" + entra, claimmap.Consistent, "entra-work-email"},
		{mail, claimmap.EntraID, "google.subject=user.emails[0].value" + entra, claimmap.Consistent, "entra-saml-emailaddress"},
		{"assertion.sub", claimmap.Okta, "google.subject=user.externalId" + okta, claimmap.Consistent, "okta-external-id"},
		{"assertion.subject.lowerAscii()", claimmap.Okta, "google.subject=user.userName.lowerAscii()" + okta, claimmap.Consistent, "okta-name-id"},
		{"assertion.sub", claimmap.Generic, "google.subject=user.externalId" + entra, claimmap.Consistent, "idp-external-id"},
		{"assertion.sub", "KEYCLOAK", "google.subject=user.externalId" + entra, claimmap.Consistent, "idp-external-id"},
		{"assertion.oid.lowerAscii()", claimmap.EntraID, "google.subject=user.externalId.lowerAscii()" + entra, claimmap.Consistent, "entra-external-id"},
		{"assertion.sub", claimmap.EntraID, "", claimmap.Inconsistent, ""},
		{"assertion.email.upperAscii()", claimmap.EntraID, "", claimmap.Inconsistent, ""},
		{"assertion.email.upperAscii()", claimmap.Okta, "", claimmap.Unproven, ""},
		{"assertion.employee_id", claimmap.Okta, "", claimmap.Unproven, ""},
		{"'everybody'", claimmap.Okta, "", claimmap.Inconsistent, ""},
		{"user.userName", claimmap.Okta, "", claimmap.Invalid, ""},
		{"", claimmap.Okta, "", claimmap.Invalid, ""},
		{"assertion.", "", "", claimmap.Invalid, ""},
		{"assertion.email", "", "", claimmap.Unproven, ""}, // what a group is called depends on the vendor
	}
	for _, tt := range tests {
		provider := map[string]string{"google.subject": tt.provider}
		m, v := claimmap.Fit(provider, tt.vendor)
		if m.String() != tt.want || v.Result != tt.result || v.Reason == "" {
			t.Errorf("Fit(%s, %s) = %q, %v, want %q, %s", tt.provider, tt.vendor, m, v, tt.want, tt.result)
		}
		if tt.want == "" {
			continue
		}
		if again := claimmap.Compare(provider, m, claimmap.CompareOptions{Vendor: tt.vendor}); again.Result != claimmap.Consistent || !strings.Contains(v.String(), "requires "+tt.requires) {
			t.Errorf("Fit(%s, %s) = %v, Compare says %v; want both consistent and %s required", tt.provider, tt.vendor, v, again, tt.requires)
		}
		if err := m.Validate(iamscim.SCIMUsageUsersAndGroups); err != nil {
			t.Errorf("Fit(%s, %s).Validate = %v", tt.provider, tt.vendor, err)
		}
	}
	if m, v := claimmap.Fit(nil, claimmap.EntraID); !m.IsZero() || v.Result != claimmap.Invalid {
		t.Errorf("Fit of nothing = %v, %v, want Invalid", m, v)
	}
}

// TestText shows that a Mapping is encoded as text and read back.
func TestText(t *testing.T) {
	t.Parallel()
	type holder struct {
		M claimmap.Mapping
		P *claimmap.Mapping
		L []claimmap.Mapping
	}
	filter := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "attribute.x": `user.emails.filter(e, e.type == '<\n;|')[0].value`})
	want := holder{claimmap.Recommended(claimmap.Okta), &filter, []claimmap.Mapping{{}, filter}}
	text, err := json.Marshal(want)
	if err != nil || !strings.HasPrefix(string(text), `{"M":"google.subject=user.emails[0].value.lowerAscii(),google.group=group.displayName","P":"^`) {
		t.Fatalf("json.Marshal = %s, %v", text, err)
	}
	var got holder
	if err := json.Unmarshal(text, &got); err != nil || !got.M.Equal(want.M) || !got.P.Equal(filter) || !got.L[0].IsZero() || !got.L[1].Equal(filter) {
		t.Errorf("json.Unmarshal(%s) = %v, %v", text, got, err)
	}
	before := got.M
	for _, bad := range []string{`{"M":"google.subject=user.mail"}`, `{"M":"x"}`, `{"M":{}}`, `{"M":7}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil || !got.M.Equal(before) {
			t.Errorf("json.Unmarshal(%s) = %v, %v, want an error and the mapping as it was", bad, got.M, err)
		}
	}
}

// TestOneCanonicalText shows that New and Parse send the same text for the same
// spelling, and that it is its own canonical text.
func TestOneCanonicalText(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{
		"user.title+'a'", "((user.title))", "user['title']", "user.active?'a':\"b\"", "user.active ?('a'):('b')", "!(!user.active) ? 'a' : 'b'",
		"user.title == 'a' && (user.active && true) ? 'a' : 'b'", "has(user.title) ? user.title : ''", "user.roles.map(r,r.value)[0]",
		"1.50>0 ? 'a' : 'b'", "-(1) < 0x10 ? 'a' : 'b'", "user.title in['a','b'] ? 'a' : 'b'", "user.title != null ? 'a' : 'b'",
		`r'a\b' + '''c''' + user.title`, enterprise + "['department']",
	} {
		made := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": "group.externalId", "attribute.x": spelling})
		parsed, err := claimmap.Parse("^~~^google.subject=user.userName~~google.group=group.externalId~~attribute.x=" + spelling)
		if err != nil || parsed.String() != made.String() || !parsed.Equal(made) {
			t.Errorf("Parse(%s) = %q, %v, New makes %q", spelling, parsed, err, made)
		}
		if again := mustNew(t, made.Map()); again.String() != made.String() {
			t.Errorf("New(%s) sends %q, and New of that %q", spelling, made, again)
		}
	}
}

// TestLintAdvice shows that opposite advice is shown with both pages, and that
// nobody is steered to one attribute.
func TestLintAdvice(t *testing.T) {
	t.Parallel()
	const setUp, best = "configure-scim-ms-entra (2026-09)", "best-practices-workforce-identity-federation (2026-11)"
	tests := []struct {
		subject, group string
		want           []string // key, class and what else the message holds
	}{
		{"user.externalId", "group.externalId", []string{"google.subject advice " + setUp + " " + best, "google.subject connector " + best}},
		{"user.userName", "group.externalId", []string{"google.subject risk", "google.subject advice " + setUp + " " + best}},
		{"user.userName.lowerAscii()", "group.externalId", []string{"google.subject risk", "google.subject advice " + setUp + " " + best, "google.subject connector " + best}},
		{"user.emails[0].value", "group.displayName", []string{"google.subject risk", "google.subject advice " + setUp + " " + best, "google.group undocumented", "google.group risk", "google.group connector " + best}},
	}
	for _, tt := range tests {
		m := mustNew(t, map[string]string{"google.subject": tt.subject, "google.group": tt.group})
		issues := m.Lint(iamscim.SCIMUsageGroups)
		if len(issues) != len(tt.want) {
			t.Errorf("Lint of %s and %s = %v, want %d issues", tt.subject, tt.group, issues, len(tt.want))
			continue
		}
		for i, issue := range issues {
			text := issue.Key + " " + string(issue.Class) + " " + issue.Message
			for word := range strings.FieldsSeq(tt.want[i]) {
				if !strings.Contains(text, word) {
					t.Errorf("Lint of %s and %s: %s, want %s", tt.subject, tt.group, text, word)
				}
			}
			if issue.Class == claimmap.ClassRisk && strings.Contains(issue.Message, "externalId") {
				t.Errorf("Lint of %s steers to externalId: %s", tt.subject, issue.Message)
			}
		}
	}
}
