package claimmap_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/claimmap"
)

// verdicts is testdata/verdicts.txt: what Compare must say, written by hand.
type verdicts struct {
	pairs     []verdict
	cases     map[string]claimmap.Result // by vendor, claim and the changes of case
	spellings map[string][]string
	others    []otherExpression
}

type verdict struct {
	vendor      claimmap.Vendor
	claim, attr string // without lowerAscii()
	name        string // of the claim in the file
	result      claimmap.Result
	requires    []string
}

type otherExpression struct {
	result             claimmap.Result
	reason, expression string
}

var vendors = []claimmap.Vendor{claimmap.EntraID, claimmap.Okta, claimmap.Generic, ""}

var subjects = []string{"user.externalId", "user.userName", "user.emails[0].value"}

// claimNamed is the expression that the file calls by a name.
func claimNamed(name string) string {
	attribute, ok := strings.CutPrefix(name, "SAML ")
	switch {
	case !ok:
		return name
	case attribute == "objectidentifier":
		attribute = "['http://schemas.microsoft.com/identity/claims/objectidentifier']"
	case attribute == "department":
		attribute = ".department"
	default:
		attribute = "['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/" + attribute + "']"
	}
	return "assertion.attributes" + attribute + "[0]"
}

func readVerdicts(t testing.TB) verdicts {
	t.Helper()
	text, err := os.ReadFile("testdata/verdicts.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := verdicts{cases: map[string]claimmap.Result{}, spellings: map[string][]string{}}
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		most := -1
		if strings.HasPrefix(line, "other") {
			most = 4
		}
		f := strings.SplitN(line, " | ", most)
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		var vendor claimmap.Vendor
		if len(f) > 1 {
			vendor = claimmap.Vendor(strings.TrimPrefix(f[1], "-"))
		}
		switch {
		case f[0] == "verdict" && len(f) == 7 && f[6] != "":
			for i, attr := range subjects {
				v.pairs = append(v.pairs, verdict{vendor: vendor, name: f[2], claim: claimNamed(f[2]), attr: attr, result: claimmap.Result(f[3+i])})
			}
		case f[0] == "requires" && len(f) == 5 && f[4] != "":
			i := slices.IndexFunc(v.pairs, func(p verdict) bool {
				return p.vendor == vendor && p.name == f[2] && p.result == claimmap.Consistent && p.requires == nil
			})
			if i < 0 {
				t.Fatalf("testdata/verdicts.txt:%d: no consistent pair of %s", n+1, f[2])
			}
			v.pairs[i].requires = strings.Split(f[3], ", ")
		case f[0] == "case" && len(f) == 7:
			v.cases[fmt.Sprint(vendor, f[2], f[3], f[4])] = claimmap.Result(f[5])
		case f[0] == "spelling" && len(f) == 3:
			v.spellings[f[1]] = append(v.spellings[f[1]], f[2])
		case f[0] == "other" && len(f) == 4:
			v.others = append(v.others, otherExpression{claimmap.Result(f[1]), f[2], f[3]})
		default:
			t.Fatalf("testdata/verdicts.txt:%d: %q is no row", n+1, line)
		}
	}
	return v
}

var transforms = map[string]string{"same": "", "lower": ".lowerAscii()", "upper": ".upperAscii()"}

func subjectMapping(t testing.TB, expression string) claimmap.Mapping {
	t.Helper()
	return mustNew(t, map[string]string{"google.subject": expression, "google.group": "group.externalId"})
}

// expand calls f for every pair of the file with every change of case on both
// sides.
func (v verdicts) expand(f func(want verdict, change, provider, tenant string)) {
	for _, row := range v.pairs {
		for _, p := range []string{"same", "lower", "upper"} {
			for _, q := range []string{"same", "lower"} {
				want := row
				if row.result == claimmap.Consistent && p != q {
					want.result, want.requires = claimmap.Inconsistent, nil
					if exception, ok := v.cases[fmt.Sprint(row.vendor, row.name, p, q)]; ok {
						want.result = exception
					}
				}
				f(want, transforms[p], row.claim+transforms[p], row.attr+transforms[q])
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	v := readVerdicts(t)
	compared := 0
	v.expand(func(want verdict, change, provider, tenant string) {
		m := subjectMapping(t, tenant)
		spellings := []string{provider}
		for _, s := range v.spellings[want.name] {
			spellings = append(spellings, s+change)
		}
		if len(spellings) < 2 {
			t.Errorf("testdata/verdicts.txt has no other spelling of %s", want.name)
		}
		for _, spelling := range spellings {
			compared++
			got := claimmap.Compare(map[string]string{"google.subject": spelling}, m, claimmap.CompareOptions{Vendor: want.vendor})
			checkVerdict(t, fmt.Sprintf("Compare(%s, %s, %s)", spelling, tenant, want.vendor), want, got)
		}
	})
	if want := 4 * 12 * 3 * 6 * 2; compared < want {
		t.Errorf("%d comparisons, want at least %d: vendors, claims, attributes, changes of case, spellings", compared, want)
	}
	for _, other := range v.others {
		for _, vendor := range vendors {
			for _, tenant := range subjects {
				got := claimmap.Compare(map[string]string{"google.subject": other.expression}, subjectMapping(t, tenant), claimmap.CompareOptions{Vendor: vendor})
				if got.Result != other.result || !strings.Contains(got.Reason, other.reason) || got.Requires != nil {
					t.Errorf("Compare(%s, %s, %s) = %v, want %s with %q", other.expression, tenant, vendor, got, other.result, other.reason)
				}
			}
		}
	}
}

func checkVerdict(t *testing.T, call string, want verdict, got claimmap.Verdict) {
	t.Helper()
	var requires []string
	for _, s := range got.Requires {
		requires = append(requires, s.ID)
		if s.Setting == "" || s.Value == "" || s.Reference == "" || s.Vendor != want.vendor && s.Vendor != "" {
			t.Errorf("%s: requires %+v, which names no setting, value or page", call, s)
		}
	}
	if got.Result != want.result || !slices.Equal(requires, want.requires) || got.Reason == "" {
		t.Errorf("%s = %v with %v, want %s with %v", call, got, requires, want.result, want.requires)
	}
	if got.Result == claimmap.Consistent && (!strings.HasPrefix(got.Reason, "documented by https://docs.cloud.google.com/iam/docs/") || got.Suggestion != (claimmap.Suggestion{})) {
		t.Errorf("%s = %v, want a page and no suggestion", call, got)
	}
}

// TestSuggestions shows that whatever is suggested would be consistent, and is of
// the provider's protocol.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	v := readVerdicts(t)
	isSAML := func(expression string) bool {
		return strings.HasPrefix(expression, "assertion.attributes") || strings.HasPrefix(expression, "assertion.subject")
	}
	check := func(provider, tenant string, vendor claimmap.Vendor) {
		t.Helper()
		opts := claimmap.CompareOptions{Vendor: vendor}
		got := claimmap.Compare(map[string]string{"google.subject": provider}, subjectMapping(t, tenant), opts)
		s := got.Suggestion
		if s == (claimmap.Suggestion{}) {
			return
		}
		if isSAML(s.Provider) != isSAML(provider) {
			t.Errorf("Compare(%s, %s, %s) suggests %v, of the other protocol", provider, tenant, vendor, s)
		}
		if again := claimmap.Compare(map[string]string{"google.subject": s.Provider}, subjectMapping(t, s.Tenant), opts); again.Result != claimmap.Consistent {
			t.Errorf("Compare(%s, %s, %s) suggests %v, which is %v", provider, tenant, vendor, s, again)
		}
	}
	suggested := 0
	v.expand(func(want verdict, _, provider, tenant string) {
		check(provider, tenant, want.vendor)
		got := claimmap.Compare(map[string]string{"google.subject": provider}, subjectMapping(t, tenant), claimmap.CompareOptions{Vendor: want.vendor})
		if got.Suggestion != (claimmap.Suggestion{}) {
			suggested++
		} else if got.Result != claimmap.Consistent && want.vendor == claimmap.EntraID {
			t.Errorf("Compare(%s, %s, %s) = %s without a suggestion", provider, tenant, want.vendor, got.Result)
		}
	})
	if suggested < 300 {
		t.Errorf("%d suggestions, want some hundred", suggested)
	}
	for _, other := range v.others {
		for _, vendor := range vendors {
			for _, attr := range subjects {
				got := claimmap.Compare(map[string]string{"google.subject": other.expression}, subjectMapping(t, attr), claimmap.CompareOptions{Vendor: vendor})
				if s := got.Suggestion; s != (claimmap.Suggestion{}) && isSAML(s.Provider) != strings.Contains(other.expression, "assertion.attributes") {
					t.Errorf("Compare(%s, %s, %s) suggests %v, of the other protocol", other.expression, attr, vendor, s)
				}
			}
		}
	}
}

// TestProtocol shows what the provider's protocol changes.
func TestProtocol(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name               string
		provider, tenant   string
		opts               claimmap.CompareOptions
		want               claimmap.Result
		suggested, suggest string
	}{
		{"an OIDC claim in SAML", "assertion.email", "user.emails[0].value", claimmap.CompareOptions{Vendor: claimmap.EntraID, Protocol: claimmap.SAML}, claimmap.Invalid, "assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'][0]", "user.emails[0].value"},
		{"the same in brackets", "assertion['oid'].lowerAscii()", "user.externalId", claimmap.CompareOptions{Protocol: claimmap.SAML}, claimmap.Invalid, "", ""},
		{"an OIDC claim in OIDC", "assertion.email", "user.emails[0].value", claimmap.CompareOptions{Vendor: claimmap.EntraID, Protocol: claimmap.OIDC}, claimmap.Consistent, "", ""},
		{"a claim named subject in OIDC", "assertion.subject", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta, Protocol: claimmap.OIDC}, claimmap.Unproven, "assertion.preferred_username", "user.userName"},
		{"a claim named attributes in OIDC", "assertion.attributes.email", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta, Protocol: claimmap.OIDC}, claimmap.Unproven, "assertion.preferred_username", "user.userName"},
		{"a list in a claim named attributes in OIDC", "assertion.attributes.email[0]", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta, Protocol: claimmap.OIDC}, claimmap.Unproven, "assertion.preferred_username", "user.userName"},
		{"a SAML attribute that is no list", "assertion.attributes.email", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta, Protocol: claimmap.SAML}, claimmap.Invalid, "assertion.subject", "user.userName"},
		{"a constant tells no protocol", "'x'", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta}, claimmap.Inconsistent, "", ""},
		{"a constant in SAML", "'x'", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta, Protocol: claimmap.SAML}, claimmap.Inconsistent, "assertion.subject", "user.userName"},
		{"both protocols tell none", "has(assertion.email) ? assertion.email : assertion.subject", "user.userName", claimmap.CompareOptions{Vendor: claimmap.Okta}, claimmap.Unproven, "", ""},
	}
	for _, tt := range tests {
		got := claimmap.Compare(map[string]string{"google.subject": tt.provider}, subjectMapping(t, tt.tenant), tt.opts)
		if want := (claimmap.Suggestion{Provider: tt.suggested, Tenant: tt.suggest}); got.Result != tt.want || got.Suggestion != want {
			t.Errorf("%s: Compare(%s, %s, %+v) = %v, want %s and %v suggested", tt.name, tt.provider, tt.tenant, tt.opts, got, tt.want, want)
		}
	}
	groups := map[string]string{"google.groups": "assertion.attributes.groups"}
	got := claimmap.Compare(groups, subjectMapping(t, "user.userName"), claimmap.CompareOptions{Vendor: claimmap.EntraID})
	if got.Result != claimmap.Invalid || !strings.HasPrefix(got.Suggestion.Provider, "assertion.attributes") {
		t.Errorf("Compare without google.subject and with a SAML attribute for google.groups = %v, want Invalid and a SAML suggestion", got)
	}
}

func TestCompareWithoutSubject(t *testing.T) {
	t.Parallel()
	m := claimmap.Recommended(claimmap.EntraID)
	tests := []struct {
		name     string
		provider map[string]string
		m        claimmap.Mapping
	}{
		{"no provider mapping", nil, m},
		{"a provider mapping without google.subject", map[string]string{"google.groups": "assertion.groups"}, m},
		{"a key in another case", map[string]string{"google.Subject": "assertion.email"}, m},
		{"no claim mapping", map[string]string{"google.subject": "assertion.email"}, claimmap.Mapping{}},
		{"nothing", nil, claimmap.Mapping{}},
	}
	for _, tt := range tests {
		for _, vendor := range vendors {
			if got := claimmap.Compare(tt.provider, tt.m, claimmap.CompareOptions{Vendor: vendor}); got.Result != claimmap.Invalid || !strings.Contains(got.Reason, "no google.subject") {
				t.Errorf("%s: Compare = %v, want invalid", tt.name, got)
			}
		}
	}
	long := "'" + strings.Repeat("x", 100) + "' == '' ? '' : assertion.email" + strings.Repeat(" ", 2048)
	if got := claimmap.Compare(map[string]string{"google.subject": long}, m, claimmap.CompareOptions{}); got.Result != claimmap.Invalid || !strings.Contains(got.Reason, "at most 2048") {
		t.Errorf("Compare of a long expression = %v, want invalid", got)
	}
}

func TestVerdictText(t *testing.T) {
	t.Parallel()
	got := claimmap.Compare(map[string]string{"google.subject": "assertion.oid"}, subjectMapping(t, "user.externalId"), claimmap.CompareOptions{Vendor: claimmap.EntraID}).String()
	want := "consistent: documented by https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra (before 2026-09)\n" +
		"  requires entra-external-id: Microsoft Entra ID: externalId = objectId (the default is mailNickname); Provisioning > Attribute mapping > Provision Microsoft Entra ID Users; type Direct, applied always"
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("Verdict.String() (-want +got):\n%s", diff)
	}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
