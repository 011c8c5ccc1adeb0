package okta_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/okta"
)

var quick = iamscim.RetryPolicy{Initial: time.Millisecond, Max: time.Millisecond, MaxAttempts: 3, Replication: time.Second}

// person is the user with a number, and group the group.
func person(i int) string  { return fmt.Sprintf("00u%017d", i) }
func groupID(i int) string { return fmt.Sprintf("00g%017d", i) }

// acme is an organization of n users of the app, in two pushed groups.
func acme(n int) *oktafake.Okta {
	o := &oktafake.Okta{}
	all := make([]string, n)
	for i := range n {
		all[i] = person(i)
		o.People = append(o.People, oktafake.Person{
			ID: all[i], Login: fmt.Sprintf("user%d@example.com", i), Email: fmt.Sprintf("user%d@example.com", i), Name: fmt.Sprintf("User %d", i),
			Assigned: true, SCIMID: fmt.Sprintf("scim-%d", i), LastSync: "2026-11-20T10:00:00.000Z",
		})
	}
	o.Groups = []oktafake.Group{
		{ID: groupID(0), Name: "Everybody", Members: all, Push: "ACTIVE", LastPush: "2026-11-20T11:00:00.000Z"},
		{ID: groupID(1), Name: "Half", Members: all[:n/2], Push: "ERROR", Error: "Unable to push the group: HTTP 400"},
		{ID: groupID(2), Name: "Not pushed", Members: all},
		{ID: groupID(3), Name: "Off", Members: all, Push: "INACTIVE"},
	}
	o.Capabilities = `{"create":{"lifecycleCreate":{"status":"ENABLED"}},"update":{"profile":{"status":"ENABLED"},"lifecycleDeactivate":{"status":"ENABLED"},"password":{"status":"DISABLED"}}}`
	return o
}

// start serves an organization on loopback.
func start(t testing.TB, o *oktafake.Okta) *okta.Client {
	t.Helper()
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	return client(t, o, s.URL, s.Client())
}

func client(t testing.TB, o *oktafake.Okta, org string, via *http.Client) *okta.Client {
	t.Helper()
	cfg := okta.Config{Org: org, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token), HTTPClient: via, Retry: quick}
	if o.Scopes != nil {
		cfg.Token, cfg.TokenSource = iamscim.Secret{}, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: oktafake.Token})
	}
	c, err := okta.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// failure checks that err is an *iamscim.Error with a remedy and without the token.
func failure(t *testing.T, err, kind error) *iamscim.Error {
	t.Helper()
	e, ok := errors.AsType[*iamscim.Error](err)
	if !ok || !errors.Is(err, kind) {
		t.Fatalf("the error is %v, want an *iamscim.Error that is %v", err, kind)
	}
	if e.Remedy == "" || strings.Contains(err.Error(), oktafake.Token) {
		t.Errorf("the error is %q with the remedy %q", err, e.Remedy)
	}
	return e
}

func count(requests []string, part string) int {
	return len(slices.DeleteFunc(slices.Clone(requests), func(r string) bool { return !strings.Contains(r, part) }))
}
