package scimtoken_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/faulttest"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// The rows of testdata/faults.md.

func TestFaultTableIsComplete(t *testing.T) { t.Parallel(); faulttest.Complete(t, faultMethods) }
func TestFaults(t *testing.T)               { faulttest.Run(t, faultMethods) }

// TestNothingHangs: whoever answers whatever, every method ends, with the default
// policy and without a context that ends.
func TestNothingHangs(t *testing.T) { faulttest.NothingHangs(t, faultMethods) }

// TestLostRepliesUnderLag: a reply that is lost is settled by replicas that are
// behind: they are not taken for an answer.
func TestLostRepliesUnderLag(t *testing.T) { faulttest.LostRepliesUnderLag(t, faultMethods) }

const (
	otherTenant = `{"name":"` + testenv.ProviderText + `/scimTenants/other","state":"ACTIVE"}`
	otherToken  = `{"name":"` + testenv.TenantText + `/tokens/other","state":"ACTIVE","securityToken":"fake-0ther"}`
	tokenActive = "token-a ACTIVE"
)

var rotateStates = map[string]string{
	"=": tokenActive, "new": tokenActive + ", 1 chosen ACTIVE", "orphan": tokenActive + ", 1 chosen ACTIVE",
	"swapped": tokenActive + ", 1 chosen ACTIVE, 1 chosen DELETED", "+": "token-a DELETED, 1 chosen ACTIVE",
}

var faultMethods = []*faulttest.Method{
	lost(createToken("", "POST", "main/tokens", scimtoken.CreateRequest{Name: testenv.Token}, tokenActive), "orphan", scimtoken.ErrSecretLost),
	lost(createToken(" [recreate]", "POST", "main/tokens", scimtoken.CreateRequest{Tenant: testenv.Tenant, RecreateLost: true}, "1 chosen ACTIVE"), "swapped", nil),
	createToken(" [read-back]", "GET", "tokens/token-a", scimtoken.CreateRequest{Name: testenv.Token}, tokenActive),
	{Name: "scimtoken.Client.Get", Verb: "GET", Path: "tokens/token-a", Wrong: otherToken,
		Prepare: faulttest.At(testenv.WithToken, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tokens.Get(ctx, testenv.Token)
			if err != nil {
				return err
			}
			return faulttest.WantState("the token", got.State, iamscim.StateActive, nil)
		}), State: tokenState, States: map[string]string{"=": tokenActive}},
	{Name: "scimtoken.Client.List", Verb: "GET", Path: "main/tokens", Wrong: `{"workforcePoolProviderScimTokens":[{"name":"` + testenv.ProviderText + `/scimTenants/other/tokens/token-a"}]}`,
		Prepare: faulttest.At(testenv.WithToken, func(ctx context.Context, c *testenv.Clients) error {
			return faulttest.FirstOf(c.Tokens.List(ctx, testenv.Tenant, iamscim.ListOptions{}))
		}), State: tokenState, States: map[string]string{"=": tokenActive}},
	{Name: "scimtoken.Client.Update", Verb: "PATCH", Path: "tokens/token-a", Wrong: otherToken,
		Prepare: faulttest.At(testenv.WithToken, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Tokens.Update(ctx, scimtoken.UpdateRequest{Name: testenv.Token, DisplayName: ptr("New")})
			if err == nil && got.DisplayName != "New" {
				return fmt.Errorf("Update = %+v", got)
			}
			return err
		}), State: tokenState, States: map[string]string{"=": tokenActive, "+": tokenActive + " New"}},
	{Name: "scimtoken.Client.Delete", Verb: "DELETE", Path: "tokens/token-a", Wrong: otherToken,
		Prepare: faulttest.At(testenv.WithToken, func(ctx context.Context, c *testenv.Clients) error { return c.Tokens.Delete(ctx, testenv.Token) }),
		State:   tokenState, States: map[string]string{"=": tokenActive, "+": "token-a DELETED"}},
	{Name: "scimtoken.Client.Undelete", Verb: "POST", Path: "tokens/token-a:undelete", Wrong: otherToken,
		Prepare: faulttest.After(testenv.WithToken, func(ctx context.Context, c *testenv.Clients) error { return c.Tokens.Delete(ctx, testenv.Token) },
			func(ctx context.Context, c *testenv.Clients) error {
				got, err := c.Tokens.Undelete(ctx, testenv.Token)
				if err != nil {
					return err
				}
				return faulttest.WantState("the token", got.State, iamscim.StateActive, nil)
			}), State: tokenState, States: map[string]string{"=": "token-a DELETED", "+": tokenActive}},
	{Name: "scimtoken.Client.Rotate", Verb: "POST", Path: "main/tokens", Wrong: otherToken, Prepare: faulttest.At(testenv.WithToken, rotate(false)), State: tokenState, States: rotateStates, Lost: "swapped"},
	{Name: "scimtoken.Client.Rotate [retire]", Verb: "DELETE", Path: "tokens/token-a", Wrong: otherToken, Prepare: faulttest.At(testenv.WithToken, rotate(true)), State: tokenState, States: rotateStates},
	{Name: "scimtoken.Client.Ensure", Verb: "POST", Path: "main/tokens", Wrong: otherToken, Prepare: faulttest.At(testenv.WithTenant, ensure), State: tokenState,
		States: map[string]string{"=": "", "+": "1 chosen ACTIVE", "orphan": "1 chosen ACTIVE", "swapped": "1 chosen ACTIVE, 1 chosen DELETED"}, Lost: "swapped"},
	{Name: "scimtoken.Client.Retire", Verb: "DELETE", Path: "tokens/token-a", Wrong: otherToken, Prepare: retire,
		State: tokenState, States: map[string]string{"=": tokenActive + ", 1 chosen ACTIVE", "+": "token-a DELETED, 1 chosen ACTIVE"}},
	{Name: "scimtoken.Client.HandOver", Verb: "GET", Path: "scimTenants/main", Wrong: otherTenant, Prepare: handOver,
		State: tokenState, States: map[string]string{"=": "token-a ACTIVE"}},
	{Name: "scimtoken.Client.Reset", Verb: "GET", Path: "scimTenants/main", Wrong: otherTenant, Prepare: faulttest.At(testenv.WithToken, func(ctx context.Context, c *testenv.Clients) error {
		return c.Tokens.Reset(ctx, testenv.Tenant, new(scimtoken.MemoryStore))
	}), State: tokenState, States: map[string]string{"=": "token-a ACTIVE"}},
	{Name: "scimtoken.Client.Adopt", Verb: "GET", Path: "tokens/token-a", Wrong: `{"name":"` + testenv.TenantText + `/tokens/token-b"}`,
		Prepare: faulttest.At(testenv.WithToken, adopt), State: tokenState, States: map[string]string{"=": tokenActive}},
}

// tokenState counts the tokens whose id the client chose.
func tokenState(srv *scimtest.Server) string {
	var all []string
	chosen := map[string]int{}
	for _, k := range srv.State().Tokens {
		if id := faulttest.ID(k.Name); strings.HasPrefix(id, "r2") {
			chosen[k.State]++
		} else {
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", id, k.State, k.DisplayName)))
		}
	}
	for _, state := range []string{"ACTIVE", "DELETED"} {
		if chosen[state] > 0 {
			all = append(all, fmt.Sprintf("%d chosen %s", chosen[state], state))
		}
	}
	return strings.Join(all, ", ")
}

// rotate replaces the seeded token, which the record doesn't have yet.
func rotate(cutover bool) func(context.Context, *testenv.Clients) error {
	return func(ctx context.Context, c *testenv.Clients) error {
		req := scimtoken.RotateRequest{
			Tenant: testenv.Tenant, Store: new(scimtoken.MemoryStore), Replaces: testenv.Token,
			Verify: func(context.Context, scimtoken.Secret) error { return nil },
		}
		if cutover {
			req.Cutover = func(context.Context, scimtoken.Name, scimtoken.Secret) error { return nil }
		}
		r, err := c.Tokens.Rotate(ctx, req)
		if err == nil && (r.New.IsZero() || r.Secret.IsZero() || r.Old != testenv.Token || r.Done != cutover) {
			return fmt.Errorf("Rotate = %+v", r)
		}
		return err
	}
}

func ensure(ctx context.Context, c *testenv.Clients) error {
	name, secret, err := c.Tokens.Ensure(ctx, testenv.Tenant, new(scimtoken.MemoryStore))
	if err == nil && (name.IsZero() || secret.IsZero()) {
		return fmt.Errorf("Ensure = %v, %v", name, secret)
	}
	return err
}

func adopt(ctx context.Context, c *testenv.Clients) error {
	return c.Tokens.Adopt(ctx, testenv.Tenant, new(scimtoken.MemoryStore), testenv.Token, iamscim.NewSecret("s"))
}

// lost says what becomes of a call whose reply is lost while replicas are behind.
func lost(m *faulttest.Method, code string, kind error) *faulttest.Method {
	m.Lost, m.Kind = code, kind
	return m
}

// retire rotates with clients of its own and returns the end of the rotation.
func retire(t *testing.T, srv *scimtest.Server, c *testenv.Clients) func(context.Context, *testenv.Clients) error {
	t.Helper()
	testenv.Prepare(t, srv, testenv.WithToken)
	store := new(scimtoken.MemoryStore)
	r, err := c.Tokens.Rotate(t.Context(), scimtoken.RotateRequest{
		Tenant: testenv.Tenant, Store: store, Replaces: testenv.Token, Verify: func(context.Context, scimtoken.Secret) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
	return func(ctx context.Context, c *testenv.Clients) error {
		return c.Tokens.Retire(ctx, testenv.Tenant, store, r.New)
	}
}

// handOver hands over a token that was adopted.
func handOver(t *testing.T, srv *scimtest.Server, c *testenv.Clients) func(context.Context, *testenv.Clients) error {
	testenv.Prepare(t, srv, testenv.WithToken)
	store := new(scimtoken.MemoryStore)
	if err := c.Tokens.Adopt(t.Context(), testenv.Tenant, store, testenv.Token, iamscim.NewSecret("s")); err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, c *testenv.Clients) error {
		given := 0
		err := c.Tokens.HandOver(ctx, testenv.Tenant, store, func(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
			given++
			if name != testenv.Token || secret.Reveal() != "s" {
				return errors.New("another token was handed over")
			}
			return nil
		})
		if err == nil && given != 1 {
			return fmt.Errorf("handed over %d times", given)
		}
		return err
	}
}

func createToken(suffix, verb, path string, req scimtoken.CreateRequest, made string) *faulttest.Method {
	return &faulttest.Method{Name: "scimtoken.Client.Create" + suffix, Verb: verb, Path: path, Wrong: otherToken,
		Prepare: faulttest.At(testenv.WithTenant, func(ctx context.Context, c *testenv.Clients) error {
			got, secret, err := c.Tokens.Create(ctx, req)
			if (err == nil) == secret.IsZero() || err == nil && (got.State != iamscim.StateActive || !strings.HasPrefix(secret.Reveal(), "fake-")) {
				return fmt.Errorf("Create = %+v, a secret: %v, %w", got, !secret.IsZero(), err)
			}
			return err
		}), State: tokenState, States: map[string]string{"=": "", "+": made, "orphan": made, "swapped": made + ", 1 chosen DELETED"}}
}
