package gapi_test

import (
	"net/http"
	"testing"

	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/internal/useragent"
	"github.com/iamscim/iamscim/scimtest"
)

// TestUserAgent: every client names this module unless the caller chose a name.
// An HTTP client of the caller's own takes no name from the options, as in every
// Google client.
func TestUserAgent(t *testing.T) {
	t.Parallel()
	ours := useragent.String()
	for name, tt := range map[string]struct {
		opts []option.ClientOption
		want string
	}{
		"built":                     {[]option.ClientOption{option.WithoutAuthentication()}, ours},
		"built, with a token":       {[]option.ClientOption{option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"}))}, ours},
		"built, the caller's name":  {[]option.ClientOption{option.WithoutAuthentication(), option.WithUserAgent("my-tool/2")}, "my-tool/2"},
		"given":                     {[]option.ClientOption{option.WithHTTPClient(&http.Client{})}, ours},
		"given, the caller's name":  {[]option.ClientOption{option.WithHTTPClient(&http.Client{}), option.WithUserAgent("my-tool/2")}, ours},
		"the last name given wins":  {[]option.ClientOption{option.WithoutAuthentication(), option.WithUserAgent("a/1"), option.WithUserAgent("b/1")}, "b/1"},
		"an option of another kind": {[]option.ClientOption{option.WithoutAuthentication(), option.WithRequestReason("r")}, ours},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := scimtest.Start(t)
			prepare(t, srv, withToken)
			c := newClients(t, append(tt.opts, option.WithEndpoint(srv.URL()))...)
			for _, call := range []func() error{
				func() error { _, err := c.Providers.GetPool(t.Context(), pool); return err },
				func() error { _, err := c.Tenants.Get(t.Context(), tenant); return err },
				func() error { _, err := c.Tokens.Get(t.Context(), token); return err },
				func() error { _, err := c.Organization.HasSyncer(t.Context(), organization, agent); return err },
			} {
				if err := call(); err != nil {
					t.Fatal(err)
				}
			}
			requests := srv.Requests()
			if len(requests) != 4 {
				t.Fatalf("%d requests, want 4", len(requests))
			}
			for _, r := range requests {
				if got := r.Header["User-Agent"]; len(got) != 1 || got[0] != tt.want {
					t.Errorf("%s %s: User-Agent %q, want %q", r.Method, r.Path, got, tt.want)
				}
			}
		})
	}
}
