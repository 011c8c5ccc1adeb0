package scimtoken_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// faults are the violations of an error, as "field: rule".
func faults(err error) []string {
	var typed *iamscim.Error
	if !errors.As(err, &typed) {
		return nil
	}
	var all []string
	for _, v := range typed.Violations {
		all = append(all, v.String())
	}
	return all
}

func verify(context.Context, scimtoken.Secret) error { return nil }

// TestBadRequests: every fault is reported, with its field and rule, in the
// order of the fields; nothing is sent and nothing changes.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	n := name(t, "token-a")
	other, err := scimtenant.NewName(n.Tenant().Provider(), "other")
	if err != nil {
		t.Fatal(err)
	}
	create := func(req scimtoken.CreateRequest) func(context.Context, *scimtoken.Client) error {
		return func(ctx context.Context, c *scimtoken.Client) error { _, _, err := c.Create(ctx, req); return err }
	}
	rotate := func(req scimtoken.RotateRequest) func(context.Context, *scimtoken.Client) error {
		return func(ctx context.Context, c *scimtoken.Client) error { _, err := c.Rotate(ctx, req); return err }
	}
	store := new(scimtoken.MemoryStore)
	tests := []struct {
		name string
		call func(context.Context, *scimtoken.Client) error
		want []string
	}{
		{"create: nothing set", create(scimtoken.CreateRequest{}), []string{"Name: one of Name and Tenant is required"}},
		{"create: both names", create(scimtoken.CreateRequest{Name: n, Tenant: n.Tenant()}), []string{"Name: only one of Name and Tenant can be set"}},
		{"create: reserved id", create(scimtoken.CreateRequest{Name: name(t, "gcp-a")}), []string{"Name: ids that begin with gcp- are reserved"}},
		{"create: display name of 33 characters", create(scimtoken.CreateRequest{Name: n, DisplayName: strings.Repeat("日", 33)}), []string{"DisplayName: must be at most 32 characters, is 33"}},
		{"create: not UTF-8", create(scimtoken.CreateRequest{Name: n, DisplayName: "\xff"}), []string{"DisplayName: must be valid UTF-8"}},
		{"create: recreate under a name of the caller", create(scimtoken.CreateRequest{Name: n, RecreateLost: true}), []string{
			"RecreateLost: requires Tenant: a token under an id of your own is not deleted for you"}},
		{"create: everything at once", create(scimtoken.CreateRequest{DisplayName: strings.Repeat("x", 40), RecreateLost: true}), []string{
			"Name: one of Name and Tenant is required", "DisplayName: must be at most 32 characters, is 40",
			"RecreateLost: requires Tenant: a token under an id of your own is not deleted for you"}},
		{"update: no name", func(ctx context.Context, c *scimtoken.Client) error {
			_, err := c.Update(ctx, scimtoken.UpdateRequest{DisplayName: ptr("\xff")})
			return err
		}, []string{"Name: required", "DisplayName: must be valid UTF-8"}},
		{"update: long display name", func(ctx context.Context, c *scimtoken.Client) error {
			_, err := c.Update(ctx, scimtoken.UpdateRequest{Name: n, DisplayName: ptr(strings.Repeat("é", 33))})
			return err
		}, []string{"DisplayName: must be at most 32 characters, is 33"}},
		{"get: zero name", func(ctx context.Context, c *scimtoken.Client) error {
			_, err := c.Get(ctx, scimtoken.Name{})
			return err
		}, []string{"name: required"}},
		{"delete: zero name", func(ctx context.Context, c *scimtoken.Client) error { return c.Delete(ctx, scimtoken.Name{}) }, []string{"name: required"}},
		{"undelete: zero name", func(ctx context.Context, c *scimtoken.Client) error {
			_, err := c.Undelete(ctx, scimtoken.Name{})
			return err
		}, []string{"name: required"}},
		{"rotate: nothing set", rotate(scimtoken.RotateRequest{}), []string{"Tenant: required", "Store: required", "Verify: required"}},
		{"rotate: no verification", rotate(scimtoken.RotateRequest{Tenant: n.Tenant(), Store: store, DisplayName: strings.Repeat("x", 33)}), []string{
			"DisplayName: must be at most 32 characters, is 33", "Verify: required"}},
		{"rotate: no store", rotate(scimtoken.RotateRequest{Tenant: n.Tenant(), Verify: verify}), []string{"Store: required"}},
		{"rotate: tokens of another tenant", rotate(scimtoken.RotateRequest{Tenant: other, Store: store, Verify: verify, InUse: n, Replaces: n, Lease: -1}), []string{
			"InUse: is a token of another tenant: " + n.String(), "Replaces: is a token of another tenant: " + n.String(), "Lease: must not be negative"}},
		{"retire: nothing set", func(ctx context.Context, c *scimtoken.Client) error {
			return c.Retire(ctx, scimtenant.Name{}, nil, scimtoken.Name{})
		}, []string{"tenant: required", "store: required", "name: required"}},
		{"retire: token of another tenant", func(ctx context.Context, c *scimtoken.Client) error { return c.Retire(ctx, other, store, n) }, []string{
			"name: is a token of another tenant: " + n.String()}},
		{"adopt: nothing set", func(ctx context.Context, c *scimtoken.Client) error {
			return c.Adopt(ctx, scimtenant.Name{}, nil, scimtoken.Name{}, iamscim.NewSecret("s"))
		}, []string{"tenant: required", "store: required", "name: required"}},
		{"adopt: token of another tenant", func(ctx context.Context, c *scimtoken.Client) error {
			return c.Adopt(ctx, other, store, n, scimtoken.Secret{})
		}, []string{"name: is a token of another tenant: " + n.String()}},
		{"ensure: nothing set", func(ctx context.Context, c *scimtoken.Client) error {
			_, _, err := c.Ensure(ctx, scimtenant.Name{}, nil)
			return err
		}, []string{"tenant: required", "store: required"}},
	}
	srv, client := start(t)
	seed(t, srv, "token-a")
	before := srv.State()
	for _, tt := range tests {
		err := tt.call(t.Context(), client)
		if !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("%s: %v, want ErrInvalidArgument", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, faults(err)); diff != "" {
			t.Errorf("%s: violations (-want +got)\n%s", tt.name, diff)
		}
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", tt.name, err, want)
			}
		}
	}
	if got := paths(srv); got != nil {
		t.Errorf("bad requests were sent: %v", got)
	}
	if diff := cmp.Diff(before, srv.State()); diff != "" {
		t.Errorf("bad requests changed the server: (-before +after)\n%s", diff)
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	want := strings.Repeat("日", 32)
	got, _, err := client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, "token-a"), DisplayName: want})
	if err != nil || got.DisplayName != want {
		t.Errorf("Create = %+v, %v, want it made as asked", got, err)
	}
}

func TestBadContexts(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv, "token-a")
	n := name(t, "token-a")
	store := new(scimtoken.MemoryStore)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error {
			_, _, err := client.Create(ctx, scimtoken.CreateRequest{Name: name(t, "token-b")})
			return err
		},
		"Create with a tenant": func(ctx context.Context) error {
			_, _, err := client.Create(ctx, scimtoken.CreateRequest{Tenant: tenantName(t), RecreateLost: true})
			return err
		},
		"Get": func(ctx context.Context) error { _, err := client.Get(ctx, n); return err },
		"List": func(ctx context.Context) error {
			for _, err := range client.List(ctx, tenantName(t), iamscim.ListOptions{}) {
				return err
			}
			return nil
		},
		"Update": func(ctx context.Context) error {
			_, err := client.Update(ctx, scimtoken.UpdateRequest{Name: n, DisplayName: ptr("x")})
			return err
		},
		"Delete":   func(ctx context.Context) error { return client.Delete(ctx, n) },
		"Undelete": func(ctx context.Context) error { _, err := client.Undelete(ctx, n); return err },
		"Rotate": func(ctx context.Context) error {
			_, err := client.Rotate(ctx, scimtoken.RotateRequest{Tenant: tenantName(t), Store: store, Verify: verify})
			return err
		},
		"Ensure": func(ctx context.Context) error { _, _, err := client.Ensure(ctx, tenantName(t), store); return err },
		"Retire": func(ctx context.Context) error { return client.Retire(ctx, tenantName(t), store, n) },
		"Adopt":  func(ctx context.Context) error { return client.Adopt(ctx, tenantName(t), store, n, scimtoken.Secret{}) },
	}
	for method, call := range calls {
		wantError(t, method+"(nil ctx)", call(nil), iamscim.ErrInvalidArgument, "ctx: must not be nil")
		wantError(t, method+"(ended ctx)", call(ended), context.Canceled, "nothing was sent")
	}
	if got := paths(srv); got != nil {
		t.Errorf("requests were sent: %v", got)
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"nil ctx", func() error { _, err := scimtoken.NewClient(noContext, srv.ClientOptions()...); return err }, "scimtoken: new client: ctx must not be nil"},
		{"nil option", func() error { _, err := scimtoken.NewClient(t.Context(), nil); return err }, "scimtoken: new client: option 0 is nil"},
		{"bad policy", func() error {
			_, err := scimtoken.NewClient(t.Context(), append(srv.ClientOptions(), scimtoken.WithRetry(iamscim.RetryPolicy{MaxAttempts: -1}))...)
			return err
		}, "scimtoken: new client: iamscim: RetryPolicy.MaxAttempts"},
	}
	for _, tt := range tests {
		if err := tt.call(); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: NewClient = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// noContext is a nil context in a variable: a literal one is a mistake that the
// tools already find.
var noContext context.Context
