package gapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// TestNoRedirectIsFollowed: a client that followed a 307 or 308 would send its
// bearer token and the whole body to another origin, and a 302 its token.
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	calls := []struct {
		name string
		call func(context.Context, *clients) error
	}{
		{"provider, read", func(ctx context.Context, c *clients) error { _, err := c.Providers.Get(ctx, parent); return err }},
		{"provider, write", func(ctx context.Context, c *clients) error {
			_, err := c.Providers.SetSCIMUsage(ctx, parent, iamscim.SCIMUsageGroups)
			return err
		}},
		{"tenant, read", func(ctx context.Context, c *clients) error { _, err := c.Tenants.Get(ctx, tenant); return err }},
		{"tenant, write", func(ctx context.Context, c *clients) error {
			_, err := c.Tenants.Update(ctx, scimtenant.UpdateRequest{Name: tenant, DisplayName: ptr("x")})
			return err
		}},
		{"organization, read", func(ctx context.Context, c *clients) error {
			_, err := c.Organization.HasSyncer(ctx, organization, agent)
			return err
		}},
		{"organization, write", func(ctx context.Context, c *clients) error {
			return c.Organization.GrantSyncer(ctx, organization, agent)
		}},
		{"token, read", func(ctx context.Context, c *clients) error { _, err := c.Tokens.Get(ctx, token); return err }},
		{"token, write", func(ctx context.Context, c *clients) error {
			_, _, err := c.Tokens.Create(ctx, scimtoken.CreateRequest{Name: must(scimtoken.NewName(tenant, "token-b"))})
			return err
		}},
	}
	for _, call := range calls {
		for _, status := range []int{301, 302, 303, 307, 308} {
			for _, cross := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s, %d, to another origin %v", call.name, status, cross), func(t *testing.T) {
					t.Parallel()
					var followed atomic.Int32
					other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { followed.Add(1) }))
					defer other.Close()
					srv := scimtest.Start(t)
					prepare(t, srv, withToken)
					before := srv.State()
					location := other.URL + "/steal"
					if !cross {
						location = srv.URL() + "/v1/" + poolText
					}
					srv.Fail(scimtest.Fault{Kind: scimtest.FaultRedirect, Status: status, Header: http.Header{"Location": {location}}})
					err := call.call(t.Context(), newClients(t, srv.ClientOptions()...))
					var api *googleapi.Error
					if !errors.Is(err, iamscim.ErrRedirected) || !errors.As(err, &api) || api.Code != status || !strings.Contains(err.Error(), "redirects are not followed") {
						t.Errorf("answered by %d: %v, want ErrRedirected with the status", status, err)
					}
					// After a write the resource is read once, to see whether
					// the change was made; the write is not repeated.
					requests := srv.Requests()
					if len(requests) == 0 || followed.Load() != 0 {
						t.Fatalf("answered by %d: %d requests here and %d at the other origin, want some and 0", status, len(requests), followed.Load())
					}
					for i, r := range requests[1:] {
						if requests[0].Method == http.MethodGet || r.Method != http.MethodGet || i > 0 {
							t.Errorf("answered by %d: then %s %s, want no more than one read after a write", status, r.Method, r.Path)
						}
					}
					if diff := cmp.Diff(before, srv.State()); diff != "" {
						t.Errorf("answered by %d: the server changed (-before +after)\n%s", status, diff)
					}
				})
			}
		}
	}
}

// TestCallersHTTPClient: it is copied and not changed, and its own redirect
// policy does not count.
func TestCallersHTTPClient(t *testing.T) {
	t.Parallel()
	srv := scimtest.Start(t)
	prepare(t, srv, withToken)
	callers := srv.HTTPClient()
	asked := false
	callers.CheckRedirect = func(*http.Request, []*http.Request) error { asked = true; return nil }
	transport := callers.Transport
	c := newClients(t, option.WithEndpoint(srv.URL()), option.WithHTTPClient(callers))
	srv.Fail(scimtest.Fault{Kind: scimtest.FaultRedirect, Header: http.Header{"Location": {srv.URL() + "/v1/" + poolText}}})
	if _, err := c.Tenants.Get(t.Context(), tenant); !errors.Is(err, iamscim.ErrRedirected) || asked {
		t.Errorf("Get = %v, the caller's CheckRedirect was asked: %v", err, asked)
	}
	if callers.Transport != transport || callers.CheckRedirect == nil {
		t.Error("the caller's http.Client was changed")
	}
}

// TestConstruction: a universe domain, a quota project, a token source and an
// endpoint without a slash are what they are with every Google client.
func TestConstruction(t *testing.T) {
	t.Parallel()
	srv := scimtest.Start(t)
	prepare(t, srv, withToken)
	var seen []*http.Request
	record := roundTripper(func(r *http.Request) (*http.Response, error) {
		seen = append(seen, r)
		sent := r.Clone(r.Context())
		sent.URL.Scheme, sent.URL.Host = "http", strings.TrimPrefix(srv.URL(), "http://")
		return srv.HTTPClient().Transport.RoundTrip(sent)
	})
	t.Run("endpoint", func(t *testing.T) {
		for _, endpoint := range []string{srv.URL(), srv.URL() + "/"} {
			c := newClients(t, option.WithEndpoint(endpoint), option.WithHTTPClient(srv.HTTPClient()))
			if _, err := c.Tenants.Get(t.Context(), tenant); err != nil {
				t.Errorf("endpoint %s: Get = %v", endpoint, err)
			}
		}
	})
	t.Run("defaults", func(t *testing.T) {
		seen = nil
		c := newClients(t, option.WithHTTPClient(&http.Client{Transport: record}))
		if _, err := c.Tenants.Get(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Organization.HasSyncer(t.Context(), organization, agent); err != nil {
			t.Fatal(err)
		}
		if got := seen[0].URL.Scheme + "://" + seen[0].URL.Host + " " + seen[1].URL.Host; got != "https://iam.googleapis.com cloudresourcemanager.googleapis.com" {
			t.Errorf("requests went to %s", got)
		}
	})
	t.Run("universe domain", func(t *testing.T) {
		seen = nil
		c := newClients(t, option.WithHTTPClient(&http.Client{Transport: record}), option.WithUniverseDomain("example.goog"))
		if _, err := c.Tokens.Get(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if got := seen[0].URL.Host; got != "iam.example.goog" {
			t.Errorf("the request went to %s, want iam.example.goog", got)
		}
	})
	t.Run("quota project", func(t *testing.T) {
		srv.ClearRequests()
		// An http.Client of the caller's own brings its headers itself, so
		// this is the transport the module builds.
		c := newClients(t, option.WithEndpoint(srv.URL()), option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"})), option.WithQuotaProject("quota-project"))
		if _, err := c.Tenants.Get(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
		r := srv.Requests()[0]
		if got := r.Header.Get("X-Goog-User-Project"); got != "quota-project" {
			t.Errorf("X-Goog-User-Project = %q", got)
		}
		if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, "Bearer ") {
			t.Errorf("Authorization = %q", got)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
