package secretmanager_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// swapper loads and swaps, and stops before one of its requests.
type swapper struct {
	stopped, resume, ended chan struct{}

	loaded string // the record it loaded
	err    error
}

func (v *vault) swapper(stopAt int, next iamscim.Secret, mode int) *swapper {
	s := &swapper{stopped: make(chan struct{}), resume: make(chan struct{}), ended: make(chan struct{})}
	store, _ := v.hooked(func(n int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if n == stopAt {
			close(s.stopped)
			<-s.resume
		}
		return send()
	}, modes[mode].opts...)
	go func() {
		defer close(s.ended)
		var got iamscim.Secret
		var version string
		if got, version, s.err = store.Load(context.Background()); s.err == nil {
			s.loaded = got.Reveal()
			s.err = store.Swap(context.Background(), version, next)
		}
	}()
	return s
}

// wait returns when the swapper stops, or reports that it has ended.
func (s *swapper) wait() (ended bool) {
	select {
	case <-s.stopped:
		return false
	case <-s.ended:
		return true
	}
}

// TestInterleavings: A stops before each of its requests, B before each of its own
// meanwhile, A ends, and B ends. What each of them is told is true, whoever is first.
func TestInterleavings(t *testing.T) {
	t.Parallel()
	a, b := record(1), record(2)
	for _, tt := range []struct {
		mode  int
		empty bool
	}{{0, false}, {0, true}, {2, true}} {
		mode, first := tt.mode, ""
		where := modes[mode].name
		if tt.empty {
			where += " an empty secret"
		}
		runs, both := 0, 0
		for stopA, moreA := 1, true; moreA; stopA++ {
			for stopB, moreB := 1, true; moreB; stopB++ {
				v := newVault(t)
				if modes[mode].made {
					v.withSecret()
				}
				if !tt.empty {
					put(t, v.store(modes[mode].opts...), record(0))
					first = record(0).Reveal()
				}
				one := v.swapper(stopA, a, mode)
				moreA = !one.wait()
				two := v.swapper(stopB, b, mode)
				moreB = !two.wait() && moreA
				close(one.resume)
				<-one.ended
				close(two.resume)
				<-two.ended
				runs++
				if states := v.states(); strings.Count(states, "ENABLED") != 1 {
					t.Errorf("%s, %d, %d: the versions are %s, want one that is enabled", where, stopA, stopB, states)
				}
				got, _, err := v.store().Load(t.Context())
				for _, s := range []*swapper{one, two} {
					if s.err != nil && !errors.Is(s.err, iamscim.ErrAborted) {
						t.Errorf("%s, %d, %d: %v", where, stopA, stopB, s.err)
					}
				}
				var want []string // the records that may be there
				switch {
				case one.err == nil && two.err == nil:
					both++
					if one.loaded == two.loaded {
						t.Errorf("%s, %d, %d: two swaps of one version succeeded", where, stopA, stopB)
					}
					want = []string{a.Reveal()}
					if two.loaded == a.Reveal() {
						want = []string{b.Reveal()}
					}
				case one.err == nil:
					want = []string{a.Reveal()}
				case two.err == nil:
					want = []string{b.Reveal()}
				default:
					want = []string{first}
					t.Errorf("%s, %d, %d: both swaps failed", where, stopA, stopB)
				}
				if err != nil || !slices.Contains(want, got.Reveal()) {
					t.Errorf("%s, %d, %d: Load = %q, %v, want %q", where, stopA, stopB, got.Reveal(), err, want)
				}
				put(t, v.store(modes[mode].opts...), record(3))
				if states := v.states(); strings.Count(states, "ENABLED") != 1 || !strings.HasSuffix(states, "ENABLED") {
					t.Errorf("%s, %d, %d: the versions are %s, want the last one enabled and no other", where, stopA, stopB, states)
				}
				if t.Failed() {
					return
				}
			}
		}
		t.Logf("%s: %d interleavings, in %d both swaps succeeded, one on the record of the other", where, runs, both)
		if both == 0 || both == runs {
			t.Errorf("%s: in %d of %d interleavings both swaps succeeded", where, both, runs)
		}
	}
}

const (
	pool       = "locations/global/workforcePools/acme-pool"
	provider   = pool + "/providers/entra"
	tenantText = provider + "/scimTenants/tenant-a"
)

// An identity provider with the token that it received last.
type identityProvider struct {
	mu     sync.Mutex
	name   scimtoken.Name
	secret scimtoken.Secret
	given  int
}

func (p *identityProvider) handOver(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.name, p.secret = name, secret
	p.given++
	return nil
}

// tenant makes a tenant and returns its name and the URL of its users.
func (v *vault) tenant() (scimtenant.Name, string) {
	v.t.Helper()
	for _, err := range []error{
		v.srv.AddPool(&iam.WorkforcePool{Name: pool, Parent: "organizations/" + scimtest.DefaultOrganization}),
		v.srv.AddProvider(&iam.WorkforcePoolProvider{
			Name: provider, AttributeMapping: map[string]string{"google.subject": "assertion.oid"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://idp.example", ClientId: "c",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "CODE", AssertionClaimsBehavior: "MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS"},
			},
		}),
	} {
		if err != nil {
			v.t.Fatal(err)
		}
	}
	made, err := v.srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: tenantText, ClaimMapping: map[string]string{
		"google.subject": "user.externalId", "google.group": "group.externalId"}})
	if err != nil {
		v.t.Fatal(err)
	}
	name, err := scimtenant.ParseName(tenantText)
	if err != nil {
		v.t.Fatal(err)
	}
	return name, "http://127.0.0.1" + made.BaseUri[strings.Index(made.BaseUri, "/v1alpha1"):] + "/Users"
}

// works waits until a token authenticates.
func works(ctx context.Context, client *http.Client, users string, secret scimtoken.Secret) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, users, nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+secret.Reveal())
		resp, err := client.Do(req)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-time.After(5 * time.Second):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// TestTwoRunners: two processes rotate through one secret at the same time, with
// requests that take their time, get lost and arrive late, and reads that are behind.
// At rest the identity provider, the record and the service agree.
func TestTwoRunners(t *testing.T) {
	t.Parallel()
	ends := map[string]int{}
	given := 0
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 3))
			var mu sync.Mutex
			intn := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return rng.IntN(n)
			}
			v := newVault(t, scimtest.WithSyncerGranted(), scimtest.WithReplicationLag(time.Duration(intn(40))*time.Second)).withSecret()
			time.Sleep(time.Minute)
			tenant, users := v.tenant()
			time.Sleep(time.Minute)
			v.srv.PipeHTTPClient().Transport.(*http.Transport).DisableKeepAlives = true
			idp := &identityProvider{}
			rotate := func(ctx context.Context, trouble int) error {
				h := &hook{base: v.srv.PipeHTTPClient().Transport, do: func(_ int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
					time.Sleep(time.Duration(intn(1500)) * time.Millisecond)
					if intn(100) < trouble {
						return nil, syscall.ECONNRESET // never arrived
					}
					resp, err := send()
					if err == nil && intn(100) < trouble {
						resp.Body.Close()
						if intn(3) == 0 {
							return nil, errDied // is not repeated
						}
						return nil, syscall.ECONNRESET // the reply got lost
					}
					return resp, err
				}}
				opts := append(v.srv.PipeClientOptions(), optionHTTP(h))
				client, err := scimtoken.NewClient(ctx, opts...)
				if err != nil {
					return err
				}
				store, err := secretmanager.NewStore(ctx, secretName, append(v.srv.PipeSecretManagerClientOptions(), optionHTTP(h))...)
				if err != nil {
					return err
				}
				_, err = client.Rotate(ctx, scimtoken.RotateRequest{
					Tenant: tenant, Store: store, Cutover: idp.handOver, TakeOver: intn(2) == 0,
					Verify: func(ctx context.Context, s scimtoken.Secret) error {
						return works(ctx, v.srv.PipeHTTPClient(), users, s)
					},
				})
				return err
			}
			var wg sync.WaitGroup
			for range 2 {
				wg.Go(func() {
					for range 3 {
						err := rotate(t.Context(), 3)
						end := "rotated"
						for kind, text := range map[error]string{scimtoken.ErrRotationInProgress: "in progress", scimtoken.ErrRotationTakenOver: "taken over"} {
							if errors.Is(err, kind) {
								end = text
							}
						}
						if err != nil && end == "rotated" {
							end = "another error"
							t.Logf("seed %d: %v", seed, err)
						}
						mu.Lock()
						ends[end]++
						mu.Unlock()
						time.Sleep(time.Duration(intn(60)) * time.Second)
					}
				})
			}
			wg.Wait()
			time.Sleep(time.Hour)
			if err := rotate(t.Context(), 0); err != nil {
				t.Errorf("seed %d: the last rotation: %v", seed, err)
				return
			}
			time.Sleep(time.Hour)
			stored, err := scimtoken.Inspect(t.Context(), v.store())
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			var active []string
			for _, k := range v.srv.State().Tokens {
				if k.State == "ACTIVE" {
					active = append(active, k.Name)
				}
			}
			if !slices.Equal(active, []string{idp.name.String()}) || stored.Current != idp.name || stored.Secret.Reveal() != idp.secret.Reveal() || !stored.Next.IsZero() {
				t.Errorf("seed %d: %v are active, the identity provider has %v, the record %v and %v", seed, active, idp.name, stored.Current, stored.Next)
			}
			if err := works(t.Context(), v.srv.PipeHTTPClient(), users, idp.secret); err != nil {
				t.Errorf("seed %d: the token of the identity provider: %v", seed, err)
			}
			if states := v.states(); strings.Count(states, "ENABLED") != 1 || !strings.HasSuffix(states, "ENABLED") {
				t.Errorf("seed %d: the versions are %s, want the last one enabled and no other", seed, states)
			}
			given += idp.given
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%v; %d tokens handed over", ends, given)
	if ends["rotated"] == 0 || ends["in progress"] == 0 {
		t.Errorf("outcomes %v, want some of each", ends)
	}
}
