package claimmap_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/claimmap"
)

// person is somebody in a directory.
type person struct {
	id       string // object ID or user id
	login    string // userPrincipalName or username
	mail     string
	nickname string
	pairwise string // sub, made for one application
	guest    bool
	home     string // login and address in the home directory of a guest
}

// idp is an identity provider as its pages describe it: what it puts into a token,
// and what it provisions. broken has the IDs of the settings that an administrator
// has changed. It knows nothing of the table under test.
type idp struct {
	vendor claimmap.Vendor
	token  func(p person, broken map[string]bool) map[string]any
	user   func(p person, broken map[string]bool) map[string]any

	settings []string // that can be changed
}

func scimUser(externalID, userName, mail string) map[string]any {
	return map[string]any{"externalId": externalID, "userName": userName, "emails": []any{map[string]any{"type": "work", "value": mail}}}
}

const (
	xmlsoap   = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	microsoft = "http://schemas.microsoft.com/identity/claims/"
)

// either is one of two values.
func either(broken bool, changed, asDocumented string) string {
	if broken {
		return changed
	}
	return asDocumented
}

var idps = []idp{
	{
		vendor: claimmap.EntraID,
		token: func(p person, broken map[string]bool) map[string]any {
			login, mail := p.login, p.mail
			if p.guest {
				login, mail = p.home, p.home
			}
			token := map[string]any{
				"sub": p.pairwise, "oid": p.id, "email": mail, "upn": login,
				"preferred_username": either(broken["entra-alternate-login-off"], p.mail, login),
				"subject":            p.login, "employee_id": p.nickname,
				"attributes": map[string]any{
					microsoft + "objectidentifier": []any{p.id},
					xmlsoap + "emailaddress":       []any{either(broken["entra-saml-emailaddress"], login, p.mail)},
					xmlsoap + "name":               []any{either(broken["entra-saml-name"], p.mail, login)},
					xmlsoap + "upn":                []any{either(broken["entra-saml-upn"], p.nickname, login)},
					"department":                   []any{"Sales"},
				},
			}
			if broken["entra-upn-claim"] {
				delete(token, "upn")
			}
			return token
		},
		user: func(p person, broken map[string]bool) map[string]any {
			return scimUser(either(broken["entra-external-id"], p.nickname, p.id), either(broken["entra-user-name"], p.mail, p.login), either(broken["entra-work-email"], p.login, p.mail))
		},
		settings: []string{"entra-external-id", "entra-user-name", "entra-work-email", "entra-no-guests", "entra-alternate-login-off", "entra-upn-claim", "entra-saml-name", "entra-saml-emailaddress", "entra-saml-upn"},
	},
	{
		vendor: claimmap.Okta,
		token: func(p person, broken map[string]bool) map[string]any {
			own := broken["okta-own-claims"]
			return map[string]any{
				"sub": either(own, p.login, p.id), "email": either(own, p.nickname, p.mail), "preferred_username": either(own, p.nickname, p.login),
				"oid": p.nickname, "upn": p.nickname, "employee_id": p.nickname,
				"subject": either(broken["okta-name-id"], p.id, appUsername(p, broken)),
				"attributes": map[string]any{
					microsoft + "objectidentifier": []any{p.nickname}, xmlsoap + "emailaddress": []any{p.nickname}, xmlsoap + "name": []any{p.nickname},
					xmlsoap + "upn": []any{p.nickname}, "department": []any{"Sales"},
				},
			}
		},
		user: func(p person, broken map[string]bool) map[string]any {
			return scimUser(either(broken["okta-external-id"], p.nickname, p.id), either(broken["okta-user-name"], p.nickname, appUsername(p, broken)), either(broken["okta-work-email"], p.login, p.mail))
		},
		settings: []string{"okta-external-id", "okta-user-name", "okta-work-email", "okta-username-format", "okta-name-id", "okta-own-claims"},
	},
	{
		vendor: claimmap.Generic,
		token: func(p person, _ map[string]bool) map[string]any {
			return map[string]any{"sub": p.pairwise, "email": p.mail, "preferred_username": p.login}
		},
		user: func(p person, broken map[string]bool) map[string]any {
			return scimUser(either(broken["idp-external-id"], p.id, p.pairwise), either(broken["idp-user-name"], p.mail, p.login), either(broken["idp-work-email"], p.login, p.mail))
		},
		settings: []string{"idp-external-id", "idp-user-name", "idp-work-email"},
	},
}

// appUsername is Okta's application username.
func appUsername(p person, broken map[string]bool) string {
	return either(broken["okta-username-format"], p.mail, p.login)
}

// meet evaluates both sides.
func meet(t testing.TB, provider, tenant string, assertion, user map[string]any) bool {
	t.Helper()
	got, err := claimmap.Preview(map[string]string{"google.subject": provider}, assertion, subjectMapping(t, tenant), user)
	if err != nil && got.Token.Subject != "" && got.Provisioned.Subject != "" {
		t.Fatalf("Preview(%s, %v, %s, %v) = %v", provider, assertion, tenant, user, err)
	}
	return got.Match
}

// TestInconsistentHasAWitness shows for every Inconsistent verdict of the file a
// person: token and provisioned user differ, although every setting is as
// documented.
func TestInconsistentHasAWitness(t *testing.T) {
	t.Parallel()
	witness := person{id: "0a1b2c-3d", login: "JDoe@Corp.Example", mail: "Jane.Doe@Example.com", nickname: "Jane.D", pairwise: "pw-XyZ"}
	rows := 0
	v := readVerdicts(t)
	v.expand(func(want verdict, _, provider, tenant string) {
		if want.result != claimmap.Inconsistent {
			return
		}
		for _, idp := range idps {
			w := witness
			if idp.vendor != claimmap.EntraID {
				w.id = "00uB2c" // which are not all lower case
			}
			if want.vendor != idp.vendor && (want.vendor != "" || idp.vendor != claimmap.Generic) {
				continue
			}
			rows++
			if meet(t, provider, tenant, idp.token(w, nil), idp.user(w, nil)) {
				t.Errorf("%s against %s at %s: they meet, and the file says inconsistent", provider, tenant, idp.vendor)
			}
		}
	})
	for _, other := range v.others {
		for _, attr := range subjects {
			if other.result == claimmap.Inconsistent {
				rows++
				if meet(t, other.expression, attr, map[string]any{}, scimUser(witness.id, witness.login, witness.mail)) {
					t.Errorf("%s against %s: they meet, and the file says inconsistent", other.expression, attr)
				}
			}
		}
	}
	if rows < 150 {
		t.Errorf("%d witnesses, want one for each of some hundred rows", rows)
	}
}

// TestInvalidNeverYieldsASubject shows for every Invalid expression of the file
// that no token yields a google.subject.
func TestInvalidNeverYieldsASubject(t *testing.T) {
	t.Parallel()
	p := person{id: "0a", login: "JDoe@Corp.Example", mail: "Jane.Doe@Example.com", nickname: "Jane.D", pairwise: "pw"}
	rows := 0
	for _, other := range readVerdicts(t).others {
		if other.result != claimmap.Invalid {
			continue
		}
		rows++
		token := idps[0].token(p, nil)
		token["email_verified"], token["groups"] = true, []any{"a", "b"}
		token["attributes"].(map[string]any)["email"] = []any{"a@b"}
		got, err := claimmap.EvaluateAssertion(map[string]string{"google.subject": other.expression}, token)
		if err == nil || got.Subject != "" {
			t.Errorf("EvaluateAssertion(%s) = %q, %v, want an error", other.expression, got.Subject, err)
		}
	}
	if rows < 30 {
		t.Errorf("%d invalid expressions, want some dozens", rows)
	}
}

// TestConsistentHolds shows for every Consistent verdict of the file that
// generated people meet once what it requires is set, whatever else an
// administrator changes; and that for every required setting somebody doesn't meet
// if it alone is changed.
func TestConsistentHolds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	people := make([]person, 40)
	for i := range people {
		people[i] = person{id: randomText(rng), login: randomText(rng), mail: randomText(rng), nickname: randomText(rng), pairwise: randomText(rng), home: randomText(rng), guest: i%5 == 0}
	}
	rows := 0
	readVerdicts(t).expand(func(want verdict, _, provider, tenant string) {
		if want.result != claimmap.Consistent {
			return
		}
		if len(want.requires) == 0 {
			t.Errorf("%s against %s: the file says consistent, and not what it requires", provider, tenant)
		}
		for _, idp := range idps {
			if want.vendor != idp.vendor && (want.vendor != "" || idp.vendor != claimmap.Generic) {
				continue
			}
			rows++
			apart := func(broken ...string) int {
				changed, n := map[string]bool{}, 0
				for _, id := range broken {
					changed[id] = true
				}
				for _, p := range people {
					if p.guest && slices.Contains(want.requires, "entra-no-guests") && !changed["entra-no-guests"] {
						continue // not in scope
					}
					if !meet(t, provider, tenant, idp.token(p, changed), idp.user(p, changed)) {
						n++
					}
				}
				return n
			}
			var others []string
			for _, id := range idp.settings {
				if !slices.Contains(want.requires, id) {
					others = append(others, id)
				}
			}
			if n := apart(others...); n > 0 {
				t.Errorf("%s against %s at %s: %d people do not meet although %v holds; something else was changed: %v", provider, tenant, idp.vendor, n, want.requires, others)
			}
			for _, id := range want.requires {
				if !slices.Contains(idp.settings, id) {
					t.Errorf("%s: nobody can change %s in the model", provider, id)
				} else if apart(id) == 0 {
					t.Errorf("%s against %s at %s: everybody meets although %s was changed", provider, tenant, idp.vendor, id)
				}
			}
		}
	})
	if rows < 34 {
		t.Errorf("%d rows, want every consistent one", rows)
	}
}

// TestSettings shows that every setting is required by a row, and by its own
// name.
func TestSettings(t *testing.T) {
	t.Parallel()
	required := map[string]bool{}
	for _, row := range readVerdicts(t).pairs {
		for _, id := range row.requires {
			required[id] = true
		}
	}
	seen := map[string]bool{}
	for _, s := range claimmap.Settings() {
		if seen[s.ID] || !required[s.ID] || strings.ContainsAny(s.ID, " ,") || !strings.HasPrefix(s.String(), s.ID+": ") {
			t.Errorf("setting %q is twice there, required by no row of the file, or not named in %q", s.ID, s)
		}
		seen[s.ID] = true
	}
	if len(seen) != len(required) {
		t.Errorf("Settings() has %d settings, the file requires %d", len(seen), len(required))
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
	if table := documentedTable(readVerdicts(t)); !strings.Contains(readFile(t, "doc.go"), table) {
		t.Errorf("doc.go does not contain the table of testdata/verdicts.txt:\n%s", table)
	}
}

func documentedTable(v verdicts) string {
	var b strings.Builder
	fmt.Fprintf(&b, "//\t%-33s %-14s %-14s %s\n", "provider \\ tenant", "user.", "user.", "user.emails[0]")
	fmt.Fprintf(&b, "//\t%-33s %-14s %-14s %s\n", "", "externalId", "userName", ".value")
	titles := map[claimmap.Vendor]string{claimmap.EntraID: "Microsoft Entra ID", claimmap.Okta: "Okta", claimmap.Generic: "another product", "": "vendor not known"}
	vendor := claimmap.Vendor("?")
	for i := 0; i+2 < len(v.pairs); i += 3 {
		row := v.pairs[i : i+3]
		if row[0].vendor != vendor {
			vendor = row[0].vendor
			fmt.Fprintf(&b, "//\t%s\n", titles[vendor])
		}
		name := strings.NewReplacer("SAML department", "another SAML attribute", "assertion.employee_id", "another claim").Replace(row[0].name)
		fmt.Fprintf(&b, "//\t  %-31s %-14s %-14s %s\n", name, row[0].result, row[1].result, row[2].result)
	}
	return b.String()
}
