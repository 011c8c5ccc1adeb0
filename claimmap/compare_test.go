package claimmap_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
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
	cases     []caseRule
	spellings map[string][]string
	others    []verdict // claim holds the expression
}

type verdict struct {
	vendor          claimmap.Vendor
	claim, attr     string
	result          claimmap.Result
	reason, require string // one of the two
	providerCase    string
}

type caseRule struct {
	provider, tenant string
	result           claimmap.Result
	reason           string
}

func readVerdicts(t testing.TB) verdicts {
	t.Helper()
	text, err := os.ReadFile("testdata/verdicts.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := verdicts{spellings: map[string][]string{}}
	for n, line := range strings.Split(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, " | ")
		switch {
		case f[0] == "pair" && len(f) == 7 && f[6] != "":
			row := verdict{vendor: claimmap.Vendor(strings.TrimPrefix(f[1], "-")), claim: f[2], attr: f[3], result: claimmap.Result(f[4]), reason: f[5]}
			if require, ok := strings.CutPrefix(f[5], "requires "); ok {
				row.reason, row.require = "", require
			}
			v.pairs = append(v.pairs, row)
		case f[0] == "case" && len(f) == 5:
			v.cases = append(v.cases, caseRule{f[1], f[2], claimmap.Result(f[3]), f[4]})
		case f[0] == "spelling" && len(f) == 3:
			v.spellings[f[1]] = append(v.spellings[f[1]], f[2])
		case f[0] == "other" && len(f) == 4:
			v.others = append(v.others, verdict{claim: f[1], result: claimmap.Result(f[2]), reason: f[3]})
		default:
			t.Fatalf("testdata/verdicts.txt:%d: %q is no row", n+1, line)
		}
	}
	return v
}

var transforms = map[string]string{"same": "", "lower": ".lowerAscii()", "upper": ".upperAscii()"}

var (
	vendors  = []claimmap.Vendor{claimmap.EntraID, claimmap.Okta, claimmap.Generic, ""}
	subjects = []string{"user.externalId", "user.userName", "user.emails[0].value"}
)

func subjectMapping(t testing.TB, expression string) claimmap.Mapping {
	t.Helper()
	return mustNew(t, map[string]string{"google.subject": expression, "google.group": "group.externalId"})
}

// expand calls f for the full cross product: every pair of the file with every
// case on both sides.
func (v verdicts) expand(f func(want verdict, provider, tenant string)) {
	for _, row := range v.pairs {
		for _, p := range []string{"same", "lower", "upper"} {
			for _, q := range []string{"same", "lower"} {
				want := row
				if row.result != claimmap.Inconsistent && p != q {
					i := slices.IndexFunc(v.cases, func(c caseRule) bool { return c.provider == p && c.tenant == q })
					want.result, want.reason, want.require = v.cases[i].result, v.cases[i].reason, ""
				}
				want.providerCase = p
				f(want, row.claim+transforms[p], row.attr+transforms[q])
			}
		}
	}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	v := readVerdicts(t)
	seen := map[string]bool{}
	claims := map[string]bool{}
	compared := 0
	v.expand(func(want verdict, provider, tenant string) {
		seen[fmt.Sprint(want.vendor, want.claim, want.attr)] = true
		claims[want.claim] = true
		m := subjectMapping(t, tenant)
		spellings := []string{provider}
		for _, s := range v.spellings[want.claim] {
			spellings = append(spellings, s+transforms[want.providerCase])
		}
		for _, spelling := range spellings {
			compared++
			got := claimmap.Compare(map[string]string{"google.subject": spelling, "google.groups": "assertion.groups"}, m, claimmap.CompareOptions{Vendor: want.vendor})
			checkVerdict(t, fmt.Sprintf("Compare(%s, %s, %s)", spelling, tenant, want.vendor), want, got)
		}
	})
	for _, vendor := range vendors {
		for claim := range claims {
			for _, attr := range subjects {
				if !seen[fmt.Sprint(vendor, claim, attr)] {
					t.Errorf("testdata/verdicts.txt has no row for %q, %s, %s", vendor, claim, attr)
				}
			}
			if len(v.spellings[claim]) == 0 {
				t.Errorf("testdata/verdicts.txt has no other spelling of %s", claim)
			}
		}
		for _, other := range v.others {
			for _, attr := range subjects {
				for _, lower := range []string{"", ".lowerAscii()"} {
					compared++
					got := claimmap.Compare(map[string]string{"google.subject": other.claim}, subjectMapping(t, attr+lower), claimmap.CompareOptions{Vendor: vendor})
					checkVerdict(t, fmt.Sprintf("Compare(%s, %s%s, %s)", other.claim, attr, lower, vendor), other, got)
				}
			}
		}
	}
	t.Logf("%d comparisons", compared)
}

func checkVerdict(t *testing.T, call string, want verdict, got claimmap.Verdict) {
	t.Helper()
	reason := want.reason
	if want.result == claimmap.Consistent {
		reason = got.Reason
		if !strings.HasPrefix(got.Reason, "documented by https://docs.cloud.google.com/iam/docs/") {
			t.Errorf("%s: reason %q names no page", call, got.Reason)
		}
		if len(got.Requires) != 1 || got.Requires[0].Attribute+" ← "+got.Requires[0].Source != want.require || got.Requires[0].Reference == "" {
			t.Errorf("%s: requires %v, want %s", call, got.Requires, want.require)
		}
		if got.Suggestion != (claimmap.Suggestion{}) {
			t.Errorf("%s: suggests %v for a consistent pair", call, got.Suggestion)
		}
	} else if got.Requires != nil {
		t.Errorf("%s: requires %v, want nothing", call, got.Requires)
	}
	if got.Result != want.result || got.Reason != reason {
		t.Errorf("%s = %s: %s, want %s: %s", call, got.Result, got.Reason, want.result, reason)
	}
}

// TestSuggestionsAreConsistent shows that whatever is suggested would pass.
func TestSuggestionsAreConsistent(t *testing.T) {
	t.Parallel()
	v := readVerdicts(t)
	v.expand(func(want verdict, provider, tenant string) {
		opts := claimmap.CompareOptions{Vendor: want.vendor}
		got := claimmap.Compare(map[string]string{"google.subject": provider}, subjectMapping(t, tenant), opts)
		s := got.Suggestion
		if s == (claimmap.Suggestion{}) {
			if got.Result != claimmap.Consistent && want.vendor != "" {
				t.Errorf("Compare(%s, %s, %s) = %s without a suggestion", provider, tenant, want.vendor, got.Result)
			}
			return
		}
		again := claimmap.Compare(map[string]string{"google.subject": s.Provider}, subjectMapping(t, s.Tenant), opts)
		if again.Result != claimmap.Consistent {
			t.Errorf("Compare(%s, %s, %s) suggests %v, which is %v", provider, tenant, want.vendor, s, again)
		}
	})
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
		{"no claim mapping", map[string]string{"google.subject": "assertion.email"}, claimmap.Mapping{}},
		{"nothing", nil, claimmap.Mapping{}},
	}
	for _, tt := range tests {
		for _, vendor := range vendors {
			if got := claimmap.Compare(tt.provider, tt.m, claimmap.CompareOptions{Vendor: vendor}); got.Result != claimmap.Unproven || got.Reason == "" {
				t.Errorf("%s: Compare = %v, want unproven", tt.name, got)
			}
		}
	}
}

// person is somebody in a directory.
type person struct{ id, login, mail, nickname, pairwise string }

// idp is an identity provider as its pages describe it: what it puts into a
// token, and what it provisions. It knows nothing of the table under test.
type idp struct {
	vendor    claimmap.Vendor
	assertion func(person) map[string]any
	user      func(person) map[string]any // every documented setting made
	untouched func(person) map[string]any // with the vendor's defaults
}

func scimUser(externalID, userName, mail string) map[string]any {
	return map[string]any{"externalId": externalID, "userName": userName, "emails": []any{map[string]any{"type": "work", "value": mail}}}
}

func claimsOf(sub, oid, email, username, nameID string) map[string]any {
	return map[string]any{
		"sub": sub, "oid": oid, "email": email, "preferred_username": username, "upn": username, "subject": nameID,
		"attributes": map[string]any{
			"http://schemas.microsoft.com/identity/claims/objectidentifier":      []any{oid},
			"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": []any{email},
			"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name":         []any{username},
			"department": []any{"Sales"}, "email": []any{email},
		},
	}
}

var idps = []idp{
	{
		vendor:    claimmap.EntraID,
		assertion: func(p person) map[string]any { return claimsOf(p.pairwise, p.id, p.mail, p.login, p.login) },
		user:      func(p person) map[string]any { return scimUser(p.id, p.login, p.mail) },
		untouched: func(p person) map[string]any { return scimUser(p.nickname, p.login, p.mail) },
	},
	{
		vendor:    claimmap.Okta,
		assertion: func(p person) map[string]any { return claimsOf(p.id, "OID-"+p.id, p.mail, p.login, p.login) },
		user:      func(p person) map[string]any { return scimUser(p.id, p.login, p.mail) },
		untouched: func(p person) map[string]any { return scimUser(p.id, p.nickname, p.mail) },
	},
	{
		vendor:    claimmap.Generic,
		assertion: func(p person) map[string]any { return claimsOf(p.id, "OID-"+p.id, p.mail, p.login, p.login) },
		user:      func(p person) map[string]any { return scimUser(p.id, p.login, p.mail) },
		untouched: func(p person) map[string]any { return scimUser(p.nickname, p.nickname, p.nickname) },
	},
}

// subjectsOf evaluates both sides.
func subjectsOf(t testing.TB, provider, tenant string, assertion, user map[string]any) (string, string) {
	t.Helper()
	got, err := claimmap.Preview(map[string]string{"google.subject": provider}, assertion, subjectMapping(t, tenant), user)
	if err != nil {
		t.Fatalf("Preview(%s, %v, %s, %v) = %v", provider, assertion, tenant, user, err)
	}
	return got.Token.Subject, got.Provisioned.Subject
}

// TestInconsistentHasAWitness shows for every Inconsistent verdict of the file
// a person whose token and provisioned user differ when both are evaluated.
func TestInconsistentHasAWitness(t *testing.T) {
	t.Parallel()
	witness := person{id: "0A1b2C", login: "JDoe@Corp.Example", mail: "Jane.Doe@Example.com", nickname: "Jane.D", pairwise: "pw-XyZ"}
	rows := 0
	readVerdicts(t).expand(func(want verdict, provider, tenant string) {
		if want.result != claimmap.Inconsistent {
			return
		}
		for _, idp := range idps {
			if want.vendor != idp.vendor && want.vendor != "" {
				continue
			}
			rows++
			got, provisioned := subjectsOf(t, provider, tenant, idp.assertion(witness), idp.user(witness))
			if got == provisioned {
				t.Errorf("%s against %s at %s: both are %q, and the file says inconsistent", provider, tenant, idp.vendor, got)
			}
		}
	})
	for _, constant := range []string{"'admin'", `"x"`} {
		for _, attr := range subjects {
			rows++
			if got, provisioned := subjectsOf(t, constant, attr, map[string]any{}, scimUser(witness.id, witness.login, witness.mail)); got == provisioned {
				t.Errorf("%s against %s: both are %q", constant, attr, got)
			}
		}
	}
	if rows < 300 {
		t.Errorf("%d witnesses, want one for each of some hundred rows", rows)
	}
}

// TestConsistentHolds shows for every Consistent verdict of the file that
// generated people meet at every vendor it speaks of, once what it requires
// is set, and that without it somebody does not.
func TestConsistentHolds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	people := make([]person, 40)
	for i := range people {
		people[i] = person{id: randomText(rng), login: randomText(rng), mail: randomText(rng), nickname: randomText(rng), pairwise: randomText(rng)}
	}
	rows := 0
	readVerdicts(t).expand(func(want verdict, provider, tenant string) {
		if want.result != claimmap.Consistent {
			return
		}
		for _, idp := range idps {
			if want.vendor != idp.vendor && want.vendor != "" {
				continue
			}
			rows++
			apart := 0
			for _, p := range people {
				got, provisioned := subjectsOf(t, provider, tenant, idp.assertion(p), idp.user(p))
				if got != provisioned {
					t.Fatalf("%s against %s at %s: %q and %q for %+v, and the file says consistent", provider, tenant, idp.vendor, got, provisioned, p)
				}
				if got, provisioned := subjectsOf(t, provider, tenant, idp.assertion(p), idp.untouched(p)); got != provisioned {
					apart++
				}
			}
			// Where the vendor's default is the required setting, nothing can go wrong.
			byDefault := strings.HasPrefix(want.require, "emails") && idp.vendor != claimmap.Generic ||
				idp.vendor == claimmap.EntraID && strings.HasPrefix(want.require, "userName") || idp.vendor == claimmap.Okta && strings.HasPrefix(want.require, "externalId")
			if byDefault == (apart > 0) {
				t.Errorf("%s against %s at %s without %q: %d of %d people do not meet", provider, tenant, idp.vendor, want.require, apart, len(people))
			}
		}
	})
	if rows < 30 {
		t.Errorf("%d rows, want every consistent one", rows)
	}
}

// randomText returns a value of up to 30 characters, of several scripts and cases.
func randomText(rng *rand.Rand) string {
	const alphabet = "abcXYZ0189@._-+ ÄäßИи名'\"\\"
	letters := []rune(alphabet)
	text := make([]rune, 1+rng.IntN(30))
	for i := range text {
		text[i] = letters[rng.IntN(len(letters))]
	}
	return string(text)
}

// TestDocumentedTable compares the table in the package documentation with the
// hand-written file.
func TestDocumentedTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	if table := documentedTable(readVerdicts(t)); !strings.Contains(string(doc), table) {
		t.Errorf("doc.go does not contain the table of testdata/verdicts.txt:\n%s", table)
	}
}

func documentedTable(v verdicts) string {
	var b strings.Builder
	vendor := claimmap.Vendor("?")
	cells := map[string]string{}
	var order []string
	flush := func() {
		for _, claim := range order {
			fmt.Fprintf(&b, "//\t  %-31s %s\n", claim, cells[claim])
		}
		order, cells = nil, map[string]string{}
	}
	fmt.Fprintf(&b, "//\t%-33s %-14s %-14s %s\n", "provider \\ tenant", "user.", "user.", "user.emails[0]")
	fmt.Fprintf(&b, "//\t%-33s %-14s %-14s %s\n", "", "externalId", "userName", ".value")
	short := strings.NewReplacer(
		"assertion.attributes['http://schemas.microsoft.com/identity/claims/objectidentifier'][0]", "(1) objectidentifier",
		"assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress'][0]", "(1) emailaddress",
		"assertion.attributes['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name'][0]", "(1) name",
		"assertion.attributes.department[0]", "any other attribute", "assertion.upn", "any other claim")
	for _, row := range v.pairs {
		if row.vendor != vendor {
			flush()
			vendor = row.vendor
			name := map[claimmap.Vendor]string{claimmap.Generic: "another product (Generic)", "": "vendor not known"}[vendor]
			fmt.Fprintf(&b, "//\t%s\n", cmp.Or(name, vendor.String()))
		}
		claim := short.Replace(row.claim)
		if _, ok := cells[claim]; !ok {
			order = append(order, claim)
		}
		cells[claim] = strings.TrimSpace(fmt.Sprintf("%s%-15s", cells[claim]+strings.Repeat(" ", max(0, padTo(cells[claim])-len(cells[claim]))), row.result))
	}
	flush()
	return b.String()
}

// padTo is where the next cell begins after the cells so far.
func padTo(cells string) int { return 15 * ((len(cells) + 14) / 15) }

func TestVerdictText(t *testing.T) {
	t.Parallel()
	got := claimmap.Compare(map[string]string{"google.subject": "assertion.oid"}, subjectMapping(t, "user.externalId"), claimmap.CompareOptions{Vendor: claimmap.EntraID}).String()
	want := "consistent: documented by https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra (before 2026-09)\n" +
		"  requires Microsoft Entra ID: externalId ← objectId (the default is mailNickname); Provisioning > Attribute mapping > Provision Microsoft Entra ID Users"
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("Verdict.String() (-want +got):\n%s", diff)
	}
}
