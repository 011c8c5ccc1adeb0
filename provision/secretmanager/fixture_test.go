package secretmanager_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/api/option"
	sm "google.golang.org/api/secretmanager/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

const secretName = "projects/acme-prod/secrets/scim-token"

var _ scimtoken.TokenStore = (*secretmanager.Store)(nil)

// fast is a policy without pauses that anybody feels.
var fast = iamscim.RetryPolicy{Initial: time.Millisecond, Max: 4 * time.Millisecond}

// vault is a fake with one secret in it, and a raw client.
type vault struct {
	t   testing.TB
	srv *scimtest.Server
	raw *sm.Service
}

func newVault(t testing.TB, opts ...scimtest.Option) *vault {
	t.Helper()
	srv := scimtest.New(append([]scimtest.Option{scimtest.WithOptionalFaults()}, opts...)...)
	if err := srv.Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(srv.Close)
	raw, err := sm.NewService(context.Background(), srv.PipeSecretManagerClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	return &vault{t, srv, raw}
}

// withSecret creates the secret, as an administrator would.
func (v *vault) withSecret() *vault {
	v.t.Helper()
	secret := &sm.Secret{Replication: &sm.Replication{Automatic: &sm.Automatic{}}, Annotations: map[string]string{"owner": "identity-team"}}
	if _, err := v.raw.Projects.Secrets.Create("projects/acme-prod", secret).SecretId("scim-token").Do(); err != nil {
		v.t.Fatal(err)
	}
	return v
}

func (v *vault) store(opts ...option.ClientOption) *secretmanager.Store {
	v.t.Helper()
	opts = append(append(v.srv.PipeSecretManagerClientOptions(), secretmanager.WithRetry(fast)), opts...)
	store, err := secretmanager.NewStore(context.Background(), secretName, opts...)
	if err != nil {
		v.t.Fatal(err)
	}
	return store
}

// states are the states of the versions, the first one first: "DISABLED ENABLED".
func (v *vault) states() string {
	v.t.Helper()
	list, err := v.raw.Projects.Secrets.Versions.List(secretName).PageSize(25000).Do()
	if err != nil {
		v.t.Fatal(err)
	}
	var states []string
	for _, version := range list.Versions {
		states = append([]string{version.State}, states...)
	}
	return strings.Join(states, " ")
}

func (v *vault) secret() *sm.Secret {
	v.t.Helper()
	s, err := v.raw.Projects.Secrets.Get(secretName).Do()
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// add adds a version by hand.
func (v *vault) add(data string) {
	v.t.Helper()
	if _, err := v.raw.Projects.Secrets.AddVersion(secretName, &sm.AddSecretVersionRequest{Payload: &sm.SecretPayload{Data: data}}).Do(); err != nil {
		v.t.Fatal(err)
	}
}

func record(n int) iamscim.Secret { return iamscim.NewSecret(fmt.Sprintf(`{"version":0,"n":%d}`, n)) }

// put swaps records in, one after the other.
func put(t testing.TB, store scimtoken.TokenStore, records ...iamscim.Secret) {
	t.Helper()
	for _, r := range records {
		_, version, err := store.Load(context.Background())
		if err != nil {
			t.Fatalf("Load = %v", err)
		}
		if err := store.Swap(context.Background(), version, r); err != nil {
			t.Fatalf("Swap(%q) = %v", version, err)
		}
	}
}

// wantRecord checks what a new process reads.
func (v *vault) wantRecord(want string) (version string) {
	v.t.Helper()
	got, version, err := v.store().Load(context.Background())
	if err != nil || got.Reveal() != want {
		v.t.Errorf("Load = %q, %v, want %q", got.Reveal(), err, want)
	}
	return version
}

// hook is a transport that looks at requests by their number, from 1.
type hook struct {
	base http.RoundTripper
	do   func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error)

	mu sync.Mutex
	n  int
}

func (h *hook) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.n++
	n := h.n
	h.mu.Unlock()
	return h.do(n, r, func() (*http.Response, error) { return h.base.RoundTrip(r) })
}

// hooked is a store whose requests go through do.
func (v *vault) hooked(do func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error), opts ...option.ClientOption) (*secretmanager.Store, *hook) {
	v.t.Helper()
	h := &hook{base: v.srv.PipeHTTPClient().Transport, do: do}
	return v.store(append([]option.ClientOption{optionHTTP(h)}, opts...)...), h
}

func optionHTTP(rt http.RoundTripper) option.ClientOption {
	return option.WithHTTPClient(&http.Client{Transport: rt})
}
