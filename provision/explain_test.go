package provision_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// forUsers provisions the set-up again, for users and groups.
func (p *patient) forUsers(t testing.TB) {
	t.Helper()
	p.use(t, iamscim.SCIMUsageNone)
	p.hardDelete(t)
	mapping, err := claimmap.Parse("google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId,google.display_name=user.displayName")
	must(t, err)
	p.setup.spec.Mapping, p.setup.spec.Usage = mapping, iamscim.SCIMUsageUsersAndGroups
	p.setup.spec.Ready = provision.Ready{EnableBeforeSync: true}
	p.provisioned(t, p.setup.spec)
	p.req.Spec.Usage = iamscim.SCIMUsageUsersAndGroups
	p.name(t, "A Name")
}

// name gives all users a display name.
func (p *patient) name(t testing.TB, name string) {
	t.Helper()
	for _, u := range p.users(t) {
		u.DisplayName = name
		_, err := p.directory(t).Users.Replace(t.Context(), u)
		must(t, err)
	}
}

func (p *patient) person(t testing.TB, userName string) *scimclient.User {
	t.Helper()
	u, err := p.directory(t).Users.Find(t.Context(), userName)
	must(t, err)
	return u
}

// explanations are people, and whether they can sign in and with the groups of the
// directory. The fake's own sign-in must say the same.
var explanations = []struct {
	name, person, claims string
	signIn, inGroups     provision.Answer
	want                 string // a part of the text
	golden               bool
	play                 func(t testing.TB, p *patient)
}{
	{"meets", "ada@example.com", `{"email":"Ada@Example.com"}`, "yes", "yes", "group/id-engineering", true, nil},
	{"by ID", "", `{"email":"ada@example.com"}`, "yes", "yes", "userName         ada@example.com", false, nil},
	{"in no group", "grace@example.com", `{"email":"grace@example.com"}`, "yes", "no", "in no group of the directory", false, nil},
	{"no claims", "ada@example.com", "", "unknown", "unknown", "without the claims of a token", false, nil},
	{"without the claim", "ada@example.com", `{"sub":"x"}`, "no", "no", "makes no google.subject of the claims", true, nil},
	{"empty claim", "ada@example.com", `{"email":""}`, "no", "no", "makes no google.subject of the claims", false, nil},
	{"a claim of another type", "ada@example.com", `{"email":["ada@example.com"]}`, "no", "no", "google.subject", false, nil},
	{"a claim that is too long", "ada@example.com", `{"email":"` + strings.Repeat("a", 128) + `"}`, "no", "no", "at most 127", false, nil},
	{"case alone", "ada@example.com", `{"email":"Ada@example.com"}`, "yes", "no", "differ in case alone", true, func(t testing.TB, p *patient) { p.maps(t, "assertion.email") }},
	{"another attribute of the user", "ada@example.com", `{"oid":"id-ada"}`, "yes", "no", "the token has the user's externalId", false, func(t testing.TB, p *patient) { p.maps(t, "assertion.oid") }},
	{"another domain", "ada@example.com", `{"email":"ada@corp.example"}`, "yes", "no", "differ in the domain", false, nil},
	{"somebody else", "ada@example.com", `{"email":"x"}`, "yes", "no", `differ: "x" in the token`, false, nil},
	{"not provisioned", "eve@example.com", `{"email":"eve@example.com"}`, "yes", "no", "the directory has no such user", true, func(_ testing.TB, p *patient) {
		p.half.why = func(string) (*idp.Attempt, error) {
			return &idp.Attempt{Time: midnight, Result: idp.ResultSkipped, Step: idp.StepScope, Code: "NotEffectivelyEntitled", Reason: "not assigned to the application", Action: "assign the user", Mend: "Enterprise apps > Acme > Users and groups"}, nil
		}
	}},
	{"another user name", "ada.lovelace@example.com", `{"email":"ada@example.com"}`, "yes", "yes", "the token is that of ada@example.com", false, nil},
	{"inactive, for groups", "ada@example.com", `{"email":"ada@example.com"}`, "yes", "yes", "active           false", false, func(t testing.TB, p *patient) { p.retire(t, p.person(t, "ada@example.com")) }},
	{"usage off", "ada@example.com", `{"email":"ada@example.com"}`, "yes", "no", "doesn't use SCIM", false, func(t testing.TB, p *patient) { p.use(t, iamscim.SCIMUsageNone) }},
	{"provider disabled", "ada@example.com", `{"email":"ada@example.com"}`, "no", "no", "disabled or deleted", false, func(t testing.TB, p *patient) {
		_, err := p.clients.Providers.Update(t.Context(), provider.UpdateRequest{Name: p.spec.Provider, Disabled: new(true)})
		must(t, err)
	}},
	{"no tenant", "ada@example.com", `{"email":"ada@example.com"}`, "no", "no", "has no active tenant", false, func(t testing.TB, p *patient) { p.hardDelete(t) }},
	{"tenant deleted", "ada@example.com", `{"email":"ada@example.com"}`, "no", "no", "has no active tenant", false, func(t testing.TB, p *patient) {
		_, err := p.clients.Tenants.Delete(t.Context(), p.tenant)
		must(t, err)
	}},
	{"for users: meets", "ada@example.com", `{"email":"ada@example.com"}`, "yes", "yes", "", false, func(t testing.TB, p *patient) { p.forUsers(t) }},
	{"for users: inactive", "ada@example.com", `{"email":"ada@example.com"}`, "no", "no", "the user is inactive", true, func(t testing.TB, p *patient) {
		p.forUsers(t)
		p.retire(t, p.person(t, "ada@example.com"))
	}},
	{"for users: not provisioned", "eve@example.com", `{"email":"eve@example.com"}`, "no", "no", "the directory has no such user", false, func(t testing.TB, p *patient) { p.forUsers(t) }},
	{"for users: somebody else", "ada@example.com", `{"email":"mallory@example.com"}`, "no", "no", "the subjects differ", false, func(t testing.TB, p *patient) { p.forUsers(t) }},
	{"for users: a name that is too long", "ada@example.com", `{"email":"ada@example.com"}`, "no", "no", "the claim mapping fails for the user", false, func(t testing.TB, p *patient) {
		p.forUsers(t)
		p.name(t, strings.Repeat("x", 101))
	}},
}

// TestExplain says of each person what the fake's sign-in says.
func TestExplain(t *testing.T) {
	t.Parallel()
	for _, tt := range explanations {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t)
				if tt.play != nil {
					tt.play(t, p)
				}
				person := tt.person
				if person == "" {
					person = p.person(t, "ada@example.com").ID
				}
				p.ClearRequests()
				got, err := p.clients.Explain(t.Context(), provision.ExplainRequest{Spec: p.req.Spec, Person: person, Claims: []byte(tt.claims)})
				if err != nil {
					t.Fatal(err)
				}
				text := got.String()
				if got.SignIn != tt.signIn || got.InGroups != tt.inGroups || !strings.Contains(text, tt.want) || got.OK() != (tt.signIn == "yes" && tt.inGroups == "yes") {
					t.Errorf("sign-in %s, in groups %s, want %s and %s, and %q in\n%s", got.SignIn, got.InGroups, tt.signIn, tt.inGroups, tt.want, text)
				}
				for _, q := range p.Requests() {
					if q.Method != "GET" && !strings.HasSuffix(q.Path, ":getIamPolicy") {
						t.Errorf("Explain sent %s %s", q.Method, q.Path)
					}
				}
				if encoded, err := json.Marshal(got); err != nil || strings.Contains(string(encoded)+text, "fake-") {
					t.Errorf("JSON: %v, or a secret in it: %s", err, encoded)
				}
				if tt.golden {
					text = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(text, "ID")
					golden(t, "explain", strings.ReplaceAll(strings.ReplaceAll(tt.name, ":", ""), " ", "-")+".txt", text)
				}
				if tt.claims == "" {
					return
				}
				var claims map[string]any
				must(t, json.Unmarshal([]byte(tt.claims), &claims))
				identity, err := p.SignIn(p.Provider, claims)
				if (err == nil) != (got.SignIn == provision.Yes) {
					t.Errorf("the fake's sign-in: %v, and Explain says %s", err, got.SignIn)
				}
				if err == nil && (len(identity.Groups) > 0) != (got.InGroups == provision.Yes) {
					t.Errorf("the fake's sign-in has the groups %v, and Explain says %s", identity.Groups, got.InGroups)
				}
			})
		})
	}
}

// TestExplainUnread: what can't be read is unknown, and says so.
func TestExplainUnread(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		want   string
		signIn provision.Answer
		play   func(t testing.TB, p *patient)
	}{
		{"no store", "no stored token", "yes", func(_ testing.TB, p *patient) { p.req.Spec.Store = nil }},
		{"store broken", "no stored token", "yes", func(_ testing.TB, p *patient) { p.req.Spec.Store = brokenStore{} }},
		{"token rejected", "401", "yes", func(t testing.TB, p *patient) { p.answer(t, 401) }},
		{"no provider", "the provider can't be read", "unknown", func(t testing.TB, p *patient) { p.rename(t, p.Pool+"/providers/absent") }},
		{"groups fail", "groups: ", "yes", func(t testing.TB, p *patient) {
			p.fail(t, scimtest.Fault{Path: "/v1alpha1/tenants/*/Groups", Status: 503, Times: 100})
		}},
		{"identity provider silent", "what the identity provider says: down", "yes", func(_ testing.TB, p *patient) {
			p.half.why = func(string) (*idp.Attempt, error) { return nil, errors.New("down") }
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(t)
				tt.play(t, p)
				got, err := p.clients.Explain(t.Context(), provision.ExplainRequest{Spec: p.req.Spec, Person: "ada@example.com", Claims: []byte(`{"email":"ada@example.com"}`)})
				if err != nil || got.SignIn != tt.signIn || !strings.Contains(strings.Join(got.NotSearched, "\n"), tt.want) {
					t.Errorf("Explain = %v, %v, want sign-in %s and %q not searched", got, err, tt.signIn, tt.want)
				}
			})
		})
	}
}

// TestExplainRefuses: bad input is refused before anything is sent, and not repeated.
func TestExplainRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(t)
		p.ClearRequests()
		tests := []struct{ name, person, claims, want string }{
			{"nobody", " ", "", "Person: must be"},
			{"a long name", strings.Repeat("x", 1001), "", "Person: must be"},
			{"no JSON", "ada", "secretclaim", "Claims: must be one JSON object: byte 1"},
			{"a list", "ada", `["secretclaim"]`, "Claims: must be one JSON object"},
			{"two objects", "ada", `{"secretclaim":1} {}`, "Claims: must be one JSON object: byte"},
			{"nothing in it", "ada", `{}`, "Claims: has no claims"},
			{"null", "ada", `null`, "Claims: has no claims"},
			{"an encoded token", "ada", "eyJhbGciOi.secretclaim.x", "Claims: is an encoded token"},
			{"too much", "ada", `{"x":"` + strings.Repeat("secretclaim", 6000) + `"}`, "Claims: must have at most 65536 bytes"},
			{"too deep", "ada", strings.Repeat(`{"a":`, 11000) + "1" + strings.Repeat("}", 5000), "Claims: must be one JSON object"},
			{"everything", "", "[]", "Person: must be"},
		}
		for _, tt := range tests {
			got, err := p.clients.Explain(t.Context(), provision.ExplainRequest{Spec: p.req.Spec, Person: tt.person, Claims: []byte(tt.claims)})
			if got != nil || !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: Explain = %v, %v, want %q", tt.name, got, err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "secretclaim") || len(err.Error()) > 500) {
				t.Errorf("%s: the error repeats the claims: %v", tt.name, err)
			}
		}
		if _, err := p.clients.Explain(t.Context(), provision.ExplainRequest{Person: "ada"}); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("Explain without a provider = %v", err)
		}
		if sent := p.Requests(); len(sent) > 0 {
			t.Errorf("requests were sent: %v", sent)
		}
		// A claim that is nested deeply, or many claims, end in a moment.
		for _, claims := range []string{
			strings.Repeat(`{"email":`, 5000) + `"ada@example.com"` + strings.Repeat("}", 5000),
			`{"email":"ada@example.com"` + strings.Repeat(`,"a":[1,2,3]`, 4000) + "}",
		} {
			if _, err := p.clients.Explain(t.Context(), provision.ExplainRequest{Spec: p.req.Spec, Person: "ada@example.com", Claims: []byte(claims)}); err != nil {
				t.Errorf("Explain with %.30s… = %v", claims, err)
			}
		}
	})
}

// TestExplainRoster: the row at the identity provider is read by the key of the last
// attempt, else by the name.
func TestExplainRoster(t *testing.T) {
	t.Parallel()
	ada := &idp.User{Key: "k1", UserName: "ada@example.com", Emails: []string{"ada@example.com"}, Inactive: true}
	tests := []struct {
		name    string
		key     string // of the attempt
		row     idp.Confirmation
		err     error
		asked   string
		want    string
		present bool
	}{
		{"by name", "", idp.Confirmation{User: ada, Groups: []string{"g1", "g2"}}, nil, "ada@example.com", "groups           g1, g2", true},
		{"by key", "k1", idp.Confirmation{User: ada}, nil, "k1", "key              k1", true},
		{"nobody", "k1", idp.Confirmation{}, nil, "k1", "the identity provider's roster doesn't have the person", false},
		{"an error", "", idp.Confirmation{}, errors.New("Graph: 403"), "ada@example.com", "the row at the identity provider: Graph: 403", false},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			p := newPatient(t)
			p.half.why = func(string) (*idp.Attempt, error) { return &idp.Attempt{Key: tt.key}, nil }
			asked := ""
			got, err := p.clients.Explain(t.Context(), provision.ExplainRequest{Spec: p.req.Spec, Person: "ada@example.com", Roster: idp.Roster{
				Confirm: func(_ context.Context, key string) (idp.Confirmation, error) {
					asked = key
					return tt.row, tt.err
				},
			}})
			must(t, err)
			if asked != tt.asked || !strings.Contains(got.String(), tt.want) || (got.Roster != nil) != tt.present || tt.present && got.Roster.Active {
				t.Errorf("%s: asked for %q, want %q, and %q in\n%s", tt.name, asked, tt.asked, tt.want, got)
			}
		})
	}
}
