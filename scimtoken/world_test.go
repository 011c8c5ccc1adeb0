package scimtoken_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// A world is what a rotation happens in: the service, the store, and the
// identity provider with the token it uses.
type world struct {
	srv       *scimtest.Server
	base      string // the tenant's base URI
	transport *http.Transport
	store     credential
	idp       credential

	// Where the process dies: at the nth request, before it is sent or when
	// its reply has arrived, or in a callback, before or after its work.
	requests  int
	crashAt   int
	afterward bool
	callback  string
}

type credential struct {
	name   scimtoken.Name
	secret scimtoken.Secret
}

// crash is what a process that dies panics with: nothing below it goes on.
type crash struct{}

// newWorld has a tenant with these tokens. The store holds the one named
// stored, the identity provider uses the first.
func newWorld(t *testing.T, stored string, ids ...string) *world {
	t.Helper()
	w := &world{srv: scimtest.New(scimtest.WithSyncerGranted())}
	prepare(t, w.srv)
	w.transport = w.srv.PipeHTTPClient().Transport.(*http.Transport)
	w.base = "http://127.0.0.1" + w.srv.State().Tenants[0].BaseUri[strings.Index(w.srv.State().Tenants[0].BaseUri, "/v1alpha1"):]
	for i, id := range ids {
		c := credential{name(t, id), seed(t, w.srv, id)[0]}
		if i == 0 {
			w.idp = c
		}
		if id == stored {
			w.store = c
		}
	}
	return w
}

// RoundTrip counts the requests and dies where it should.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.requests++
	if w.requests == w.crashAt && !w.afterward {
		panic(crash{})
	}
	resp, err := w.transport.RoundTrip(r)
	if w.requests == w.crashAt {
		if err == nil {
			resp.Body.Close()
		}
		panic(crash{})
	}
	return resp, err
}

func (w *world) client(t *testing.T) *scimtoken.Client {
	t.Helper()
	client, err := scimtoken.NewClient(t.Context(), option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: w}), option.WithoutAuthentication())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// works reports whether a secret authenticates at the tenant.
func (w *world) works(s scimtoken.Secret) bool {
	req, err := http.NewRequest(http.MethodGet, w.base+"/Users?count=1", nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Reveal())
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK
}

// die ends the process if it is to die at this place.
func (w *world) die(place string) {
	if w.callback == place {
		w.callback = ""
		panic(crash{})
	}
}

// request is how the job calls Rotate, the same each time.
func (w *world) request(t *testing.T, cutover bool) scimtoken.RotateRequest {
	req := scimtoken.RotateRequest{
		Tenant: tenantName(t), DisplayName: "Rotated",
		Persist: func(_ context.Context, n scimtoken.Name, s scimtoken.Secret) error {
			w.die("before Persist")
			w.store = credential{n, s}
			w.die("after Persist")
			return nil
		},
		Persisted: func(context.Context) (scimtoken.Name, scimtoken.Secret, error) {
			return w.store.name, w.store.secret, nil
		},
		Verify: func(_ context.Context, s scimtoken.Secret) error {
			w.die("before Verify")
			if !w.works(s) {
				return errors.New("rejected")
			}
			w.die("after Verify")
			return nil
		},
	}
	if cutover {
		req.Cutover = func(context.Context) error {
			w.die("before Cutover")
			w.idp = w.store
			w.die("after Cutover")
			return nil
		}
	}
	return req
}

// run is one run of the job, to its end or to the crash.
func (w *world) run(t *testing.T, cutover bool) (crashed bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(crash); !ok {
				panic(p)
			}
			crashed = true
		}
	}()
	r, err := w.client(t).Rotate(t.Context(), w.request(t, cutover))
	if err == nil && !cutover {
		// The next step of the job: the administrator has seen to the
		// identity provider.
		w.die("before the hand-over")
		w.idp = w.store
		w.die("after the hand-over")
		err = r.Retire(t.Context())
	}
	return false, err
}

// check is what holds at every moment.
func (w *world) check(t *testing.T, when string) {
	t.Helper()
	if !w.store.name.IsZero() && !w.works(w.store.secret) {
		t.Errorf("%s: the persisted token %s does not work", when, w.store.name.ID())
	}
	if !w.idp.name.IsZero() && !w.works(w.idp.secret) {
		t.Errorf("%s: the token %s that the identity provider uses does not work", when, w.idp.name.ID())
	}
	if n := len(w.active()); n > 2 {
		t.Errorf("%s: %d active tokens", when, n)
	}
}

func (w *world) active() []string {
	var ids []string
	for _, k := range w.srv.State().Tokens {
		if k.State == "ACTIVE" {
			ids = append(ids, k.Name[strings.LastIndexByte(k.Name, '/')+1:])
		}
	}
	return ids
}

// finished is what holds when the job has come to its end: one secret is valid,
// the one that is stored and used.
func (w *world) finished(t *testing.T) {
	t.Helper()
	w.check(t, "at the end")
	if got := w.active(); len(got) != 1 || got[0] != w.store.name.ID() || w.idp.name != w.store.name {
		t.Errorf("at the end %v are active, %s is stored and %s is used, want one and the same", got, w.store.name.ID(), w.idp.name.ID())
	}
}
