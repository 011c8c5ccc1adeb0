package gapi_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// inBubble runs a test in virtual time with a server and clients with a
// policy.
func inBubble(t *testing.T, policy iamscim.RetryPolicy, opts []scimtest.Option, until testenv.Seed, test func(*testing.T, *scimtest.Server, *clients)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv := scimtest.New(opts...)
		defer srv.Close()
		prepare(t, srv, until)
		test(t, srv, newClients(t, append(srv.PipeClientOptions(), provider.WithRetry(policy))...))
	})
}

// gaps are the times between the requests the server saw.
func gaps(srv *scimtest.Server) []time.Duration {
	var all []time.Duration
	requests := srv.Requests()
	for i := 1; i < len(requests); i++ {
		all = append(all, requests[i].Time.Sub(requests[i-1].Time))
	}
	return all
}

// TestRetryAfter: what the service asks for is the least pause, in seconds or
// as a date; what cannot be understood is no pause.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	// The clock of a bubble begins at midnight UTC, 2000-01-01.
	tests := []struct {
		name, header string
		least, most  time.Duration
	}{
		{"seconds", "60", 60 * time.Second, 60 * time.Second},
		{"less than the backoff may be", "0", 0, time.Second},
		{"date", "Sat, 01 Jan 2000 00:01:30 GMT", 89 * time.Second, 90 * time.Second},
		{"date of another form", "Saturday, 01-Jan-00 00:00:45 GMT", 44 * time.Second, 45 * time.Second},
		{"date gone by", "Fri, 31 Dec 1999 23:00:00 GMT", 0, time.Second},
		{"negative", "-5", 0, time.Second},
		{"nonsense", "soon", 0, time.Second},
		{"absent", "", 0, time.Second},
	}
	for _, status := range []int{429, 503} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				t.Parallel()
				inBubble(t, iamscim.RetryPolicy{}, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
					f := scimtest.Fault{Status: status}
					if tt.header != "" {
						f.Header = http.Header{"Retry-After": {tt.header}}
					}
					srv.Fail(f)
					if _, err := c.Tenants.Get(t.Context(), tenant); err != nil {
						t.Fatal(err)
					}
					if got := gaps(srv); len(got) != 1 || got[0] < tt.least || got[0] > tt.most {
						t.Errorf("Retry-After %q after %d: the pauses are %v, want one of %v to %v", tt.header, status, got, tt.least, tt.most)
					}
				})
			})
		}
	}
}

const forever = 1 << 20

// TestBackoff: the pauses are below bounds that double from Initial to Max, and
// are not all the same.
func TestBackoff(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{MaxAttempts: 9}, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Status: 503, Times: forever})
		_, err := c.Tenants.Get(t.Context(), tenant)
		var e *iamscim.Error
		if !errors.Is(err, iamscim.ErrUnavailable) || !errors.As(err, &e) || e.Attempts != 9 || !strings.Contains(err.Error(), "(after 9 attempts)") {
			t.Fatalf("Get = %v, want ErrUnavailable after 9 attempts", err)
		}
		got := gaps(srv)
		bound := time.Second
		for i, gap := range got {
			if gap > bound {
				t.Errorf("pause %d is %v, want at most %v", i+1, gap, bound)
			}
			bound = min(2*bound, 32*time.Second)
		}
		if len(got) != 8 || len(slices.Compact(slices.Clone(got))) < 6 {
			t.Errorf("the pauses are %v, want 8 that were drawn at random", got)
		}
	})
}

// TestBudget: no attempt begins after the budget, nor is one waited for that
// cannot begin in time.
func TestBudget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy iamscim.RetryPolicy
		header string
		least  time.Duration // how long the call takes
		most   time.Duration
	}{
		{"default", iamscim.RetryPolicy{}, "", 4 * time.Minute, 5 * time.Minute},
		{"a minute", iamscim.RetryPolicy{Budget: time.Minute}, "", 20 * time.Second, time.Minute},
		{"the service asks for more than is left", iamscim.RetryPolicy{Budget: time.Minute}, "90", 0, 0},
		{"constant pauses", iamscim.RetryPolicy{Initial: 2 * time.Second, Max: 2 * time.Second, Multiplier: 1, Budget: 20 * time.Second}, "2", 18 * time.Second, 20 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, tt.policy, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
				f := scimtest.Fault{Status: 429, Times: forever}
				if tt.header != "" {
					f.Header = http.Header{"Retry-After": {tt.header}}
				}
				srv.Fail(f)
				begin := time.Now()
				_, err := c.Tenants.Get(t.Context(), tenant)
				var e *iamscim.Error
				if !errors.Is(err, iamscim.ErrThrottled) || !errors.As(err, &e) || e.Attempts != len(srv.Requests()) {
					t.Errorf("Get = %v, want ErrThrottled with all %d attempts", err, len(srv.Requests()))
				}
				if took := time.Since(begin); took < tt.least || took > tt.most {
					t.Errorf("Get took %v, want %v to %v", took, tt.least, tt.most)
				}
			})
		})
	}
}

// TestOneAttempt: a policy of one attempt repeats nothing, and a create whose
// reply is lost says that its outcome is unknown.
func TestOneAttempt(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{MaxAttempts: 1}, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Status: 503})
		if _, err := c.Tenants.Get(t.Context(), tenant); !errors.Is(err, iamscim.ErrUnavailable) || len(srv.Requests()) != 1 {
			t.Errorf("Get = %v after %d requests, want ErrUnavailable after one", err, len(srv.Requests()))
		}
		srv.Fail(scimtest.Fault{Method: "POST", Kind: scimtest.FaultClose, AfterCommit: true})
		_, secret, err := c.Tokens.Create(t.Context(), scimtoken.CreateRequest{Name: token})
		if !errors.Is(err, iamscim.ErrOutcomeUnknown) || !secret.IsZero() || !strings.Contains(err.Error(), "with a secret that nobody has") {
			t.Errorf("Create = %v, want ErrOutcomeUnknown with what to look at", err)
		}
	})
}

// TestDeadline: a pause that would outlive ctx is not begun, and the last
// answer of the service is in the error.
func TestDeadline(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{}, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Status: 429, Header: http.Header{"Retry-After": {"60"}}, Times: forever})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		begin := time.Now()
		_, err := c.Tenants.Get(ctx, tenant)
		if !errors.Is(err, iamscim.ErrThrottled) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "then the context ended") {
			t.Errorf("Get = %v, want ErrThrottled and the end of ctx", err)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("Get waited %v for an attempt that could not be made", took)
		}
	})
}

// TestLags: with every replication lag, what is made is returned once it can be
// read, operations are waited for, the service agent's grant takes effect and
// the new token is accepted, all without a pause of a fixed length.
func TestLags(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 5 * time.Second, 80 * time.Second} {
		for _, fresh := range []string{"NOT_FOUND", "PERMISSION_DENIED"} {
			t.Run(lag.String()+" "+fresh, func(t *testing.T) {
				t.Parallel()
				opts := []scimtest.Option{
					scimtest.WithReplicationLag(lag), scimtest.WithOperationTime(3 * time.Second),
					scimtest.WithBehavior(scimtest.FreshResource, fresh), scimtest.WithBehavior(scimtest.FreshOperation, fresh),
				}
				inBubble(t, iamscim.RetryPolicy{}, opts, withProvider, func(t *testing.T, srv *scimtest.Server, c *clients) {
					ctx := t.Context()
					timed := func(step string, most time.Duration, call func() error) {
						t.Helper()
						begin := time.Now()
						if err := call(); err != nil {
							t.Fatalf("%s = %v", step, err)
						}
						// Each wait ends at most one pause too late, which is 32 s.
						if took := time.Since(begin); took > most {
							t.Errorf("%s took %v, want at most %v", step, took, most)
						}
					}
					var made *scimtenant.Tenant
					timed("tenants.Create", lag+32*time.Second, func() (err error) {
						made, err = c.Tenants.Create(ctx, scimtenant.CreateRequest{Name: tenant, DisplayName: "Main", ClaimMapping: entra, Usage: iamscim.SCIMUsageGroups})
						return err
					})
					var secret scimtoken.Secret
					timed("tokens.Create", lag+32*time.Second, func() (err error) {
						_, secret, err = c.Tokens.Create(ctx, scimtoken.CreateRequest{Name: token})
						return err
					})
					timed("GrantSyncer", 0, func() error { return c.Organization.GrantSyncer(ctx, organization, made.ServiceAgent) })
					timed("WaitAccess", lag+40*time.Second, func() error { return waitAccess(ctx, srv, made, secret) })
					timed("SetSCIMUsage", lag+3*time.Second+40*time.Second, func() error {
						got, err := c.Providers.SetSCIMUsage(ctx, parent, iamscim.SCIMUsageGroups)
						if err == nil && got.SCIMUsage != iamscim.SCIMUsageGroups {
							return errors.New("the result shows the usage from before")
						}
						return err
					})
					timed("tokens.Delete", 0, func() error { return c.Tokens.Delete(ctx, token) })
					timed("tenants.Delete", 0, func() error {
						got, err := c.Tenants.Delete(ctx, tenant)
						if err == nil && got.State != iamscim.StateDeleted {
							return errors.New("the result shows the state from before")
						}
						return err
					})
				})
			})
		}
	}
}

// TestLostThenRefused: a change whose reply was lost and whose repetition is
// refused is settled by what can be read.
func TestLostThenRefused(t *testing.T) {
	t.Parallel()
	rename := func(ctx context.Context, c *clients) error {
		_, err := c.Providers.Update(ctx, provider.UpdateRequest{
			Name: parent, DisplayName: ptr("New"), OIDC: &provider.OIDCUpdate{ClientID: ptr("other"), JWKSJSON: ptr("{}")},
			ExtraAttributes: &provider.AttributesClient{},
		})
		return err
	}
	secret := func(ctx context.Context, c *clients) error {
		_, err := c.Providers.Update(ctx, provider.UpdateRequest{Name: parent, OIDC: &provider.OIDCUpdate{ClientSecret: ptr(iamscim.NewSecret("s3cret"))}})
		return err
	}
	renameTenant := func(ctx context.Context, c *clients) error {
		_, err := c.Tenants.Update(ctx, scimtenant.UpdateRequest{Name: tenant, DisplayName: ptr("New"), Description: ptr("d")})
		return err
	}
	renameToken := func(ctx context.Context, c *clients) error {
		_, err := c.Tokens.Update(ctx, scimtoken.UpdateRequest{Name: token, DisplayName: ptr("New")})
		return err
	}
	deleteProvider := func(ctx context.Context, c *clients) error { _, err := c.Providers.Delete(ctx, parent); return err }
	tests := []struct {
		name   string
		call   func(context.Context, *clients) error
		made   bool // the lost attempt was carried out
		denied string
		want   error
	}{
		{"provider update, made", rename, true, "", nil},
		{"provider update, not made", rename, false, "", iamscim.ErrPermissionDenied},
		{"provider update of a secret, made", secret, true, "", iamscim.ErrOutcomeUnknown},
		{"provider update of a secret, not made", secret, false, "", iamscim.ErrOutcomeUnknown},
		{"provider delete, made", deleteProvider, true, "", nil},
		{"provider delete, not made", deleteProvider, false, "", iamscim.ErrPermissionDenied},
		{"tenant update, made", renameTenant, true, "", nil},
		{"tenant update, not made", renameTenant, false, "", iamscim.ErrPermissionDenied},
		{"tenant update, unreadable", renameTenant, true, "iam.workforcePoolProviderScimTenants.get", iamscim.ErrOutcomeUnknown},
		{"token update, made", renameToken, true, "", nil},
		{"token update, not made", renameToken, false, "", iamscim.ErrPermissionDenied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, iamscim.RetryPolicy{}, []scimtest.Option{scimtest.WithDeniedPermissions(tt.denied)}, withToken, func(t *testing.T, srv *scimtest.Server, c *clients) {
				verb := "PATCH"
				if strings.Contains(tt.name, "delete") {
					verb = "DELETE"
				}
				srv.Fail(scimtest.Fault{Method: verb, Kind: scimtest.FaultClose, AfterCommit: tt.made})
				srv.Fail(scimtest.Fault{Method: verb, Status: 403})
				begin := time.Now()
				if err := tt.call(t.Context(), c); !errors.Is(err, tt.want) {
					t.Errorf("the call = %v, want %v", err, tt.want)
				}
				if took := time.Since(begin); took > 10*time.Second {
					t.Errorf("the call took %v: nothing was to be waited for", took)
				}
			})
		})
	}
}

// TestLostAndNeverVisible: the service says that the resource exists, and it
// cannot be read in the replication window.
func TestLostAndNeverVisible(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{}, []scimtest.Option{scimtest.WithReplicationLag(time.Hour)}, withProvider, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Method: "POST", Kind: scimtest.FaultClose, AfterCommit: true})
		_, err := c.Tenants.Create(t.Context(), scimtenant.CreateRequest{Name: tenant, ClaimMapping: entra, Usage: iamscim.SCIMUsageGroups})
		if !errors.Is(err, iamscim.ErrOutcomeUnknown) || errors.Is(err, iamscim.ErrAlreadyExists) {
			t.Errorf("Create = %v, want ErrOutcomeUnknown", err)
		}
	})
}

// TestNotVisible: what is made and cannot be read in the replication window is
// not "not found", as if its parent were missing.
func TestNotVisible(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{}, []scimtest.Option{scimtest.WithReplicationLag(time.Hour)}, withProvider, func(t *testing.T, srv *scimtest.Server, c *clients) {
		begin := time.Now()
		_, err := c.Tenants.Create(t.Context(), scimtenant.CreateRequest{Name: tenant, ClaimMapping: entra, Usage: iamscim.SCIMUsageGroups})
		if !errors.Is(err, iamscim.ErrNotVisible) || errors.Is(err, iamscim.ErrNotFound) || !strings.Contains(err.Error(), "get the resource later") {
			t.Errorf("Create = %v, want ErrNotVisible alone", err)
		}
		// A pause that would end after the window isn't begun, and the longest is 32 s.
		if took := time.Since(begin); took < 88*time.Second || took > 2*time.Minute {
			t.Errorf("Create took %v, want up to the replication window of 2 min", took)
		}
		if n := len(srv.State().Tenants); n != 1 {
			t.Errorf("the server has %d tenants, want 1", n)
		}
	})
}

// TestLostReplyIsNotTheLimit: a create that is refused by the limit that its own
// lost attempt used up is settled, although no replica shows the token yet.
func TestLostReplyIsNotTheLimit(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{}, []scimtest.Option{scimtest.WithReplicationLag(80 * time.Second)}, withToken, func(t *testing.T, srv *scimtest.Server, c *clients) {
		const limit = `{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"There are 2 tokens already."}}`
		srv.Fail(scimtest.Fault{Method: "POST", Path: "tokens", Kind: scimtest.FaultClose, AfterCommit: true})
		srv.Fail(scimtest.Fault{Method: "POST", Path: "tokens", Status: 400, Body: []byte(limit)})
		name := must(scimtoken.NewName(tenant, "token-b"))
		_, _, err := c.Tokens.Create(t.Context(), scimtoken.CreateRequest{Name: name})
		if !errors.Is(err, scimtoken.ErrSecretLost) || !strings.Contains(err.Error(), name.String()) {
			t.Errorf("Create = %v, want ErrSecretLost with the name", err)
		}
	})
}

// TestDifferentTenantIsNotOurs: a tenant that is there after a lost reply and
// is not what was asked for is somebody else's.
func TestDifferentTenantIsNotOurs(t *testing.T) {
	t.Parallel()
	inBubble(t, iamscim.RetryPolicy{}, nil, withTenant, func(t *testing.T, srv *scimtest.Server, c *clients) {
		srv.Fail(scimtest.Fault{Method: "POST", Status: 503})
		_, err := c.Tenants.Create(t.Context(), scimtenant.CreateRequest{Name: tenant, DisplayName: "Mine", ClaimMapping: okta, Usage: iamscim.SCIMUsageGroups})
		if !errors.Is(err, iamscim.ErrAlreadyExists) || errors.Is(err, iamscim.ErrOutcomeUnknown) {
			t.Errorf("Create = %v, want ErrAlreadyExists", err)
		}
		for _, part := range []string{"DisplayName", `google.group is "group.externalId", not "group.displayName"`} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("Create = %v, want the difference %s in it", err, part)
			}
		}
		for _, other := range []provider.CreateRequest{
			{Name: parent, AttributeMapping: map[string]string{"google.subject": "assertion.subject"}, SAML: &provider.SAML{IDPMetadataXML: "<x/>"}},
			{Name: parent, DisplayName: "Other", AttributeMapping: map[string]string{"google.subject": "assertion.sub"}, OIDC: &provider.OIDC{
				IssuerURI: "https://idp.example.com", ClientID: "other", WebSSO: &provider.WebSSO{ResponseType: provider.ResponseIDToken, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken}}},
		} {
			srv.Fail(scimtest.Fault{Method: "POST", Status: 503})
			_, err = c.Providers.Create(t.Context(), other)
			if !errors.Is(err, iamscim.ErrAlreadyExists) || !strings.Contains(err.Error(), "it differs in ") || !strings.Contains(err.Error(), "OIDC") {
				t.Errorf("providers.Create = %v, want ErrAlreadyExists with the difference", err)
			}
		}
		// The same with what was asked for is ours.
		srv.Fail(scimtest.Fault{Method: "POST", Status: 503})
		if _, err := c.Tenants.Create(t.Context(), scimtenant.CreateRequest{Name: tenant, DisplayName: "Main", ClaimMapping: entra, Usage: iamscim.SCIMUsageGroups}); err != nil {
			t.Errorf("Create of the same = %v, want it settled", err)
		}
	})
}
