package scimtest_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/scimtest"
)

// TestSupportedExpressions holds the fake's table against claimmap's, which
// was read from the pages by somebody else.
func TestSupportedExpressions(t *testing.T) {
	t.Parallel()
	var want, got []string
	for _, s := range claimmap.Supported() {
		if s.Closed {
			want = append(want, s.Key+"="+s.Expression)
		}
	}
	for _, s := range scimtest.SupportedExpressions() {
		got = append(got, s.Key+"="+s.Expression)
		if !strings.HasPrefix(s.Source, "https://docs.cloud.google.com/iam/docs/") {
			t.Errorf("%s=%s has the source %q, want a page of the documentation", s.Key, s.Expression, s.Source)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimmap's table and the fake's (-want +got):\n%s", diff)
	}
}

// TestClaimMappingVerdicts gives the same mappings to the fake and to
// claimmap: both accept, or both refuse.
func TestClaimMappingVerdicts(t *testing.T) {
	t.Parallel()
	const group = "group.externalId"
	with := func(more ...string) map[string]string {
		m := map[string]string{"google.subject": "user.externalId", "google.group": group}
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	many := func(n int) map[string]string {
		m := with()
		for i := range n {
			m[fmt.Sprintf("attribute.a%d", i)] = "user.title"
		}
		return m
	}
	type row struct {
		name    string
		mapping map[string]string
		want    bool
	}
	tests := []row{
		{"empty", map[string]string{}, false},
		{"no subject", map[string]string{"google.group": group}, false},
		{"no group", map[string]string{"google.subject": "user.externalId"}, false},
		{"unknown key", with("google.groups", group), false},
		{"custom attribute", with("attribute.department", "user.title"), true},
		{"custom attribute in upper case", with("attribute.Department", "user.title"), false},
		{"custom attribute without a name", with("attribute.", "user.title"), false},
		{"50 custom attributes", many(50), true},
		{"51 custom attributes", many(51), false},
		{"empty rule", with("google.email", ""), false},
		{"unbalanced rule", with("google.email", "user.emails[0.value"), false},
		{"open string", with("google.email", "user.emails.filter(e, e.type == 'work)[0].value"), false},
		{"256 characters", with("attribute.x", longRule(256)), true},
		{"257 characters", with("attribute.x", longRule(257)), false},
	}
	for _, s := range scimtest.SupportedExpressions() {
		tests = append(tests, row{s.Key + "=" + s.Expression, with(s.Key, s.Expression), true})
		// The other key's expression, another index, an upper-case function.
		other := map[string]string{"google.subject": "google.group", "google.group": "google.subject"}[s.Key]
		tests = append(tests, row{other + "=" + s.Expression, with(other, s.Expression), false})
		for _, wrong := range []string{s.Expression + ".upperAscii()", s.Expression + " + 'x'", "'" + s.Expression + "'", s.Expression + ".x"} {
			tests = append(tests, row{s.Key + "=" + wrong, with(s.Key, wrong), false})
		}
	}
	for _, s := range claimmap.Supported() {
		tests = append(tests, row{"documented: " + s.Key + "=" + s.Expression, with(s.Key, s.Expression), true})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, _, _ := seeded(t)
			a.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
			code, reply := a.call("POST", "v1/"+providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-b", map[string]any{"claimMapping": tt.mapping})
			if got := code == http.StatusOK; got != tt.want {
				t.Errorf("the fake accepts %v = %v, want %v: %v", tt.mapping, got, tt.want, reply)
			}
			mapping, err := claimmap.New(tt.mapping)
			if err == nil {
				err = mapping.Validate(iamscim.SCIMUsageUsersAndGroups)
			}
			if got := err == nil; got != tt.want {
				t.Errorf("claimmap accepts %v = %v, want %v: %v", tt.mapping, got, tt.want, err)
			}
		})
	}
}

// longRule is an expression of n characters.
func longRule(n int) string {
	const start, end = "user.displayName + '", "'"
	return start + strings.Repeat("x", n-len(start)-len(end)) + end
}
