package scimtoken_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

var compareNames = cmp.Comparer(func(a, b scimtoken.Name) bool { return a == b })

func TestLifeCycle(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	n := name(t, "token-a")
	created, secret, err := client.Create(t.Context(), scimtoken.CreateRequest{Name: n, DisplayName: "First"})
	if err != nil {
		t.Fatal(err)
	}
	want := &scimtoken.Token{Name: n, DisplayName: "First", State: iamscim.StateActive}
	if diff := cmp.Diff(want, created, compareNames); diff != "" {
		t.Errorf("Create: (-want +got)\n%s", diff)
	}
	if !strings.HasPrefix(secret.Reveal(), "fake-") {
		t.Errorf("Create returned no secret of the server's: it begins with %.5q", secret.Reveal())
	}
	if bearer, err := secret.TokenSource().Token(); err != nil || bearer.AccessToken != secret.Reveal() || bearer.Type() != "Bearer" {
		t.Errorf("TokenSource().Token() = another token, %v", err)
	}
	got, err := client.Get(t.Context(), n)
	if diff := cmp.Diff(want, got, compareNames); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got)\n%s", err, diff)
	}

	srv.ClearRequests()
	updated, err := client.Update(t.Context(), scimtoken.UpdateRequest{Name: n, DisplayName: ptr("Renamed")})
	want.DisplayName = "Renamed"
	if diff := cmp.Diff(want, updated, compareNames); err != nil || diff != "" {
		t.Errorf("Update: %v (-want +got)\n%s", err, diff)
	}
	cleared, err := client.Update(t.Context(), scimtoken.UpdateRequest{Name: n, DisplayName: ptr("")})
	want.DisplayName = ""
	if diff := cmp.Diff(want, cleared, compareNames); err != nil || diff != "" {
		t.Errorf("Update to empty: %v (-want +got)\n%s", err, diff)
	}
	for i, body := range []string{`{"displayName":"Renamed"}`, `{"displayName":""}`} {
		if r := srv.Requests()[i]; r.Method != "PATCH" || string(r.Body) != body || r.Query.Get("updateMask") != "displayName" {
			t.Errorf("Update sent %s ?%s %s, want %s", r.Method, r.Query.Encode(), r.Body, body)
		}
	}

	if err := client.Delete(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got, err = client.Get(t.Context(), n)
	if err != nil || got.State != iamscim.StateDeleted {
		t.Errorf("Get of a deleted token = %+v, %v, want it with StateDeleted", got, err)
	}
	_, _, err = client.Create(t.Context(), scimtoken.CreateRequest{Name: n})
	wantError(t, "Create over a deleted token", err, iamscim.ErrAlreadyExists, n.String(), "deleted less than 30 days ago")
	wantError(t, "Delete of a deleted token", client.Delete(t.Context(), n), iamscim.ErrFailedPrecondition, "deleted")
	_, err = client.Update(t.Context(), scimtoken.UpdateRequest{Name: n, DisplayName: ptr("x")})
	wantError(t, "Update of a deleted token", err, iamscim.ErrFailedPrecondition)

	restored, err := client.Undelete(t.Context(), n)
	if diff := cmp.Diff(want, restored, compareNames); err != nil || diff != "" {
		t.Errorf("Undelete: %v (-want +got)\n%s", err, diff)
	}
	_, err = client.Undelete(t.Context(), n)
	wantError(t, "Undelete of an active token", err, iamscim.ErrFailedPrecondition, "not deleted")
}

// TestUndeleteSendsTheDocumentedRequest: the newest generated client has no
// tokens.undelete, and that of another resource sends it.
func TestUndeleteSendsTheDocumentedRequest(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv, "token-a")
	if err := client.Delete(t.Context(), name(t, "token-a")); err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
	if _, err := client.Undelete(t.Context(), name(t, "token-a")); err != nil {
		t.Fatal(err)
	}
	sent := srv.Requests()
	if len(sent) != 1 {
		t.Fatalf("Undelete sent %v, want one request", paths(srv))
	}
	r := sent[0]
	r.Query.Del("alt")
	r.Query.Del("prettyPrint")
	if r.Method != "POST" || r.Path != "/v1/"+tenantText+"/tokens/token-a:undelete" || strings.TrimSpace(string(r.Body)) != "{}" || len(r.Query) != 0 {
		t.Errorf("Undelete sent %s %s ?%s %s, want POST /v1/%s/tokens/token-a:undelete {}", r.Method, r.Path, r.Query.Encode(), r.Body, tenantText)
	}
}

// TestUndeleteOfAnOlderService: a service without the method says so.
func TestUndeleteOfAnOlderService(t *testing.T) {
	t.Parallel()
	srv, client := start(t, scimtest.WithBehavior(scimtest.TokensUndelete, "NOT_FOUND"))
	seed(t, srv, "token-a")
	if err := client.Delete(t.Context(), name(t, "token-a")); err != nil {
		t.Fatal(err)
	}
	_, err := client.Undelete(t.Context(), name(t, "token-a"))
	wantError(t, "Undelete", err, iamscim.ErrNotFound, "Method not found")
}

// TestTokenLimit: the refusal names both tokens, whichever of the possible
// codes the service answers with.
func TestTokenLimit(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New(scimtest.WithBehavior(scimtest.ThirdToken, code))
				defer srv.Close()
				prepare(t, srv)
				seed(t, srv, "token-a", "token-b")
				client, err := scimtoken.NewClient(t.Context(), srv.PipeClientOptions()...)
				if err != nil {
					t.Fatal(err)
				}
				_, secret, err := client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, "token-c")})
				wantError(t, "Create", err, scimtoken.ErrTokenLimit, "scimtoken: create "+tenantText+"/tokens/token-c", "token-a or token-b")
				var api *googleapi.Error
				if !errors.As(err, &api) || !secret.IsZero() {
					t.Errorf("Create = %v, want the service's refusal within and no secret", err)
				}

				// A deleted token gives its place up, and cannot have it back.
				if err := client.Delete(t.Context(), name(t, "token-a")); err != nil {
					t.Fatal(err)
				}
				if _, _, err := client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, "token-c")}); err != nil {
					t.Errorf("Create after a delete = %v", err)
				}
				_, err = client.Undelete(t.Context(), name(t, "token-a"))
				wantError(t, "Undelete", err, scimtoken.ErrTokenLimit, "token-b or token-c")
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	n := name(t, "absent")
	elsewhere, err := scimtenant.NewName(n.Tenant().Provider(), "nowhere")
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := scimtoken.NewName(elsewhere, "token-a")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		opts []scimtest.Option
		call func(*scimtoken.Client) error
		kind error
		want []string
	}{
		{"get of nothing", nil, func(c *scimtoken.Client) error { _, err := c.Get(ctx, n); return err }, iamscim.ErrNotFound, []string{"scimtoken: get " + n.String(), "HTTP 404"}},
		{"create in a tenant that is not there", nil, func(c *scimtoken.Client) error {
			_, _, err := c.Create(ctx, scimtoken.CreateRequest{Name: orphan})
			return err
		}, iamscim.ErrNotFound, []string{"check that the tenant " + elsewhere.String()}},
		{"create over an active token", nil, func(c *scimtoken.Client) error {
			_, _, err := c.Create(ctx, scimtoken.CreateRequest{Name: name(t, "token-a")})
			return err
		}, iamscim.ErrAlreadyExists, []string{"cannot be read again"}},
		{"update of nothing", nil, func(c *scimtoken.Client) error {
			_, err := c.Update(ctx, scimtoken.UpdateRequest{Name: n, DisplayName: ptr("x")})
			return err
		}, iamscim.ErrNotFound, []string{"scimtoken: update"}},
		{"update without a field", nil, func(c *scimtoken.Client) error {
			_, err := c.Update(ctx, scimtoken.UpdateRequest{Name: n})
			return err
		}, iamscim.ErrNothingToUpdate, nil},
		{"delete of nothing", nil, func(c *scimtoken.Client) error { return c.Delete(ctx, n) }, iamscim.ErrNotFound, []string{"scimtoken: delete"}},
		{"undelete of nothing", nil, func(c *scimtoken.Client) error { _, err := c.Undelete(ctx, n); return err }, iamscim.ErrNotFound, []string{"scimtoken: undelete"}},
		{"create without permission", []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePoolProviderScimTokens.create")},
			func(c *scimtoken.Client) error {
				_, _, err := c.Create(ctx, scimtoken.CreateRequest{Name: n})
				return err
			}, iamscim.ErrPermissionDenied, []string{"roles/iam.workforcePoolAdmin"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t, tt.opts...)
			seed(t, srv, "token-a")
			before := srv.State()
			wantError(t, tt.name, tt.call(client), tt.kind, tt.want...)
			if diff := cmp.Diff(before, srv.State()); diff != "" {
				t.Errorf("%s changed the server: (-before +after)\n%s", tt.name, diff)
			}
		})
	}
}

// TestGeneratedIDs: a tenant in place of a name makes the client choose the id,
// which says when, and which differs between two calls.
func TestGeneratedIDs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := scimtest.New()
		defer srv.Close()
		prepare(t, srv)
		client, err := scimtoken.NewClient(t.Context(), srv.PipeClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 2 {
			got, secret, err := client.Create(t.Context(), scimtoken.CreateRequest{Tenant: tenantName(t)})
			if err != nil || secret.IsZero() {
				t.Fatalf("Create = %+v, %v", got, err)
			}
			id := got.Name.ID()
			// The clock of a bubble begins at midnight UTC, 2000-01-01.
			if seen[id] || !strings.HasPrefix(id, "r20000101t0000-") || len(id) != len("r20000101t0000-")+8 {
				t.Errorf("Create chose the id %s", id)
			}
			seen[id] = true
		}
	})
}

// TestCreateIsVisible: a token is returned once it can be read, without a
// pause of a fixed length, and no secret is withheld if that takes too long.
func TestCreateIsVisible(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 5 * time.Second, 80 * time.Second, time.Hour} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New(scimtest.WithReplicationLag(lag))
				defer srv.Close()
				prepare(t, srv)
				client, err := scimtoken.NewClient(t.Context(), srv.PipeClientOptions()...)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				got, secret, err := client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, "token-a"), DisplayName: "x"})
				if err != nil || secret.IsZero() || got.Name != name(t, "token-a") || got.DisplayName != "x" {
					t.Fatalf("Create = %+v, %v", got, err)
				}
				took := time.Since(begin)
				if lag <= 80*time.Second && (took < lag || took > lag+32*time.Second) {
					t.Errorf("Create with a lag of %v took %v", lag, took)
				}
				if took > 2*time.Minute {
					t.Errorf("Create took %v, longer than the replication window", took)
				}
			})
		})
	}
}

// TestProviderUsageIsNoConcernOfTokens: a token can be made before and after
// the provider is switched over.
func TestProviderUsageIsNoConcernOfTokens(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	providers, err := provider.NewClient(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	for i, usage := range []iamscim.SCIMUsage{iamscim.SCIMUsageGroups, iamscim.SCIMUsageNone} {
		if _, err := providers.SetSCIMUsage(t.Context(), tenantName(t).Provider(), usage); err != nil {
			t.Fatal(err)
		}
		if _, _, err := client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, []string{"token-a", "token-b"}[i])}); err != nil {
			t.Errorf("Create while the usage is %s = %v", usage, err)
		}
	}
}
