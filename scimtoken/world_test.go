package scimtoken_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// A world is what rotations happen in: the service, the store, and the identity
// provider with the token that it received last. One goroutine moves at a time:
// that of a runner, or that of the test.
type world struct {
	t         *testing.T
	srv       *scimtest.Server
	base      string // the tenant's base URI
	transport *http.Transport
	store     scimtoken.MemoryStore

	idp       credential
	strangers []string // tokens of others, which stay
	runners   []*runner
	swapper   *runner           // who made the last swap
	done      map[string]string // the new token of each completed rotation, and who reported it
	moments   int               // checks that found the token in use dead, allowed ones
	wrong     string            // the first thing that was not as it must be
}

type credential struct {
	name   scimtoken.Name
	secret scimtoken.Secret
}

// newWorld has a tenant with these tokens, of which the identity provider uses
// the first.
func newWorld(t *testing.T, opts []scimtest.Option, ids ...string) *world {
	t.Helper()
	w := &world{t: t, srv: scimtest.New(append([]scimtest.Option{scimtest.WithSyncerGranted()}, opts...)...), done: map[string]string{}}
	t.Cleanup(w.srv.Close)
	prepare(t, w.srv)
	w.transport = w.srv.PipeHTTPClient().Transport.(*http.Transport)
	uri := w.srv.State().Tenants[0].BaseUri
	w.base = "http://127.0.0.1" + uri[strings.Index(uri, "/v1alpha1"):]
	for i, id := range ids {
		c := credential{name(t, id), seed(t, w.srv, id)[0]}
		if i == 0 {
			w.idp = c
		} else {
			w.strangers = append(w.strangers, id)
		}
	}
	return w
}

// adopt puts the token in use into the record.
func (w *world) adopt() *world {
	w.t.Helper()
	client, err := scimtoken.NewClient(w.t.Context(), w.srv.PipeClientOptions()...)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := client.Adopt(w.t.Context(), tenantName(w.t), &w.store, w.idp.name, w.idp.secret); err != nil {
		w.t.Fatal(err)
	}
	return w
}

func (w *world) fault(format string, args ...any) {
	if w.wrong == "" {
		w.wrong = fmt.Sprintf(format, args...)
		for _, r := range w.runners {
			w.wrong += fmt.Sprintf("\n  %s: %s; last %s", r.name, r.outcome(), strings.Join(r.trace[max(0, len(r.trace)-8):], ", "))
		}
		w.wrong += fmt.Sprintf("\n  record %+v", w.view())
	}
}

func (w *world) view() scimtoken.RecordView {
	v, err := scimtoken.View(context.Background(), &w.store)
	if err != nil {
		panic(err)
	}
	return v
}

// active returns the ids of the active tokens.
func (w *world) active() []string {
	var ids []string
	for _, k := range w.srv.State().Tokens {
		if k.State == "ACTIVE" {
			ids = append(ids, k.Name[strings.LastIndexByte(k.Name, '/')+1:])
		}
	}
	return ids
}

// check is what holds at every moment: the token that the identity provider
// received last is active. If a runner that was overtaken in its cutover has
// handed over a dead one, that is counted apart.
func (w *world) check(when string) {
	if w.idp.name.IsZero() || slices.Contains(w.active(), w.idp.name.ID()) {
		return
	}
	if slices.ContainsFunc(w.runners, func(r *runner) bool { return r.handing && w.swapper != r }) {
		w.moments++
		return
	}
	w.fault("%s: the identity provider uses %s, which is dead", when, w.idp.name.ID())
}

// handOver gives the identity provider a token.
func (w *world) handOver(r *runner, c credential) {
	w.idp = c
	for _, other := range w.runners {
		// What a runner that died gave before no longer matters.
		other.handing = other.handing && (other == r || !other.crashed)
	}
	w.check(r.name + " has handed over")
}

// finished is what holds at rest: the record, the identity provider and the
// service agree.
func (w *world) finished(when string) {
	w.check(when)
	v := w.view()
	want := append([]string{w.idp.name.ID()}, w.strangers...)
	got := w.active()
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || v.Current != w.idp.name || !v.Next.IsZero() || v.CurrentSecret.Reveal() != w.idp.secret.Reveal() {
		w.fault("%s: %v are active, the identity provider uses %s, the record has %s and %s", when, got, w.idp.name.ID(), v.Current.ID(), v.Next.ID())
	}
	if !v.Until.IsZero() {
		w.fault("%s: the lease of %s isn't given up", when, v.Holder)
	}
	if !w.works(w.idp.secret) {
		w.fault("%s: the token of the identity provider doesn't authenticate", when)
	}
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

// A runner is a process that rotates, and that can be stopped, or die, at any of
// its points: before each request, each access to the store, and each step of the
// functions it is given. To stop after one of these is to stop before the next:
// nothing happens in between that others can see.
type runner struct {
	w     *world
	name  string
	trace []string // the points so far

	turn    chan struct{} // held while at a point: a request whose context ends goes on in a goroutine of its own
	stopAt  int           // the point to stop at; 0: none
	dies    bool
	started bool
	stopped chan struct{}
	resume  chan struct{}
	ended   chan struct{}

	send       func(*http.Request) (*http.Response, error) // in the place of the transport
	storeFault func(op string, n int) error                // of the nth access to the store, before it
	storeLost  func(op string, n int) error                // the same, after it
	accesses   int

	// failCutover is the error of the nth call of Cutover. The first has its
	// effect all the same.
	failCutover func(n int) error
	cutovers    int

	job     func(*runner)
	change  func(*scimtoken.RotateRequest)
	ctx     context.Context
	handing bool // is in its cutover, or hasn't returned since
	crashed bool
	result  *scimtoken.Rotation
	err     error
}

type crash struct{}

func (w *world) runner(name string, change func(*scimtoken.RotateRequest)) *runner {
	r := &runner{w: w, name: name, job: rotateJob, change: change, ctx: w.t.Context(), turn: make(chan struct{}, 1), stopped: make(chan struct{}), resume: make(chan struct{}), ended: make(chan struct{})}
	w.runners = append(w.runners, r)
	return r
}

func (r *runner) outcome() string {
	switch {
	case !r.started:
		return "not started"
	case r.crashed:
		return "crashed"
	case r.err != nil:
		return "failed: " + r.err.Error()
	case r.result != nil:
		return fmt.Sprintf("succeeded: new %s, resumed %t, done %t", r.result.New.ID(), r.result.Resumed, r.result.Done)
	}
	return "running"
}

// to lets the runner go on to a point, or to its end if that is 0 or too far.
// It reports whether the runner stopped there.
func (r *runner) to(point int) bool {
	r.stopAt = point
	if !r.started {
		r.started = true
		go r.run()
	} else {
		r.resume <- struct{}{}
	}
	select {
	case <-r.stopped:
		return true
	case <-r.ended:
		return false
	}
}

// next lets the runner go on to its next point of that name.
func (r *runner) next(label string) {
	for r.to(len(r.trace) + 1) {
		if r.trace[len(r.trace)-1] == label {
			return
		}
	}
	r.w.fault("%s never came to %q", r.name, label)
}

// die ends a runner that is stopped.
func (r *runner) die() {
	r.dies = true
	r.resume <- struct{}{}
	<-r.ended
}

func (r *runner) point(label string) {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	if r.dies {
		panic(crash{})
	}
	r.trace = append(r.trace, label)
	if len(r.trace) != r.stopAt {
		return
	}
	r.stopped <- struct{}{}
	<-r.resume
	if r.dies {
		panic(crash{})
	}
}

func (r *runner) run() {
	defer close(r.ended)
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(crash); !ok {
				panic(p)
			}
			r.crashed = true // and nobody repairs what it handed over
			return
		}
		r.handing = false
		if r.err == nil && r.result != nil && r.result.Done {
			id := r.result.New.ID()
			if other, ok := r.w.done[id]; ok {
				r.w.fault("%s and %s both report the rotation to %s", other, r.name, id)
			}
			r.w.done[id] = r.name
		}
	}()
	r.job(r)
}

// rotateJob rotates with a cutover.
func rotateJob(r *runner) { r.result, r.err = r.client().Rotate(r.ctx, r.request()) }

// handJob rotates without a cutover, hands the new token over by hand and retires
// the old one.
func handJob(r *runner) {
	req := r.request()
	req.Cutover = nil
	result, err := r.client().Rotate(r.ctx, req)
	r.result, r.err = result, err
	if err != nil || result.Done {
		return
	}
	r.point("hand over")
	r.w.handOver(r, credential{result.New, result.Secret})
	r.err = r.client().Retire(r.ctx, req.Tenant, r, result.New)
}

// inUseJob is handJob with a second Rotate in the place of Retire.
func inUseJob(r *runner) {
	req := r.request()
	req.Cutover = nil
	result, err := r.client().Rotate(r.ctx, req)
	r.result, r.err = result, err
	if err != nil || result.Done {
		return
	}
	r.point("hand over")
	r.w.handOver(r, credential{result.New, result.Secret})
	req.InUse = result.New
	// If somebody else has finished that rotation, this begins another.
	if result, err = r.client().Rotate(r.ctx, req); err == nil && result.New == req.InUse && !result.Done {
		r.w.fault("Rotate(InUse %s) = %+v", req.InUse.ID(), result)
	}
	r.err = err
}

func (r *runner) client() *scimtoken.Client {
	// While a process is stopped its timers are too.
	policy := scimtoken.WithRetry(iamscim.RetryPolicy{AttemptTimeout: 1000 * time.Hour})
	client, err := scimtoken.NewClient(r.w.t.Context(), option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: r}), option.WithoutAuthentication(), policy)
	if err != nil {
		panic(err)
	}
	return client
}

func (r *runner) request() scimtoken.RotateRequest {
	req := scimtoken.RotateRequest{
		Tenant: tenantName(r.w.t), Store: r, DisplayName: "Rotated",
		Verify: func(ctx context.Context, s scimtoken.Secret) error {
			r.point("verify")
			for range 30 { // five minutes
				if r.w.works(s) {
					return nil
				}
				select {
				case <-ctx.Done():
				case <-time.After(10 * time.Second):
				}
			}
			return errors.New("rejected")
		},
		Cutover: func(_ context.Context, n scimtoken.Name, s scimtoken.Secret) error {
			r.handing = true
			r.point("cutover")
			r.cutovers++
			var err error
			if r.failCutover != nil {
				err = r.failCutover(r.cutovers)
			}
			if err == nil || r.cutovers == 1 {
				r.w.handOver(r, credential{n, s})
			}
			return err
		},
	}
	if r.change != nil {
		r.change(&req)
	}
	if r.w.check(r.name + " begins"); req.Cutover == nil {
		panic("the job decides about the cutover")
	}
	return req
}

// RoundTrip sends a request of the runner.
func (r *runner) RoundTrip(req *http.Request) (*http.Response, error) {
	label := req.Method + " " + req.URL.Path[strings.LastIndexByte(req.URL.Path, '/')+1:]
	r.point(label)
	send := r.w.transport.RoundTrip
	if r.send != nil {
		send = r.send
	}
	resp, err := send(req)
	if req.Method != http.MethodGet {
		r.w.check(r.name + " " + label)
	}
	return resp, err
}

// Load and Swap make the runner its own TokenStore.
func (r *runner) Load(ctx context.Context) (record scimtoken.Secret, version string, err error) {
	err = r.access("load", func() (err error) {
		record, version, err = r.w.store.Load(ctx)
		return err
	})
	return record, version, err
}

func (r *runner) Swap(ctx context.Context, version string, record scimtoken.Secret) error {
	return r.access("swap", func() error {
		err := r.w.store.Swap(ctx, version, record)
		if err == nil {
			r.w.swapper = r
		}
		return err
	})
}

func (r *runner) access(op string, do func() error) error {
	r.point(op)
	r.accesses++
	n := r.accesses
	if r.storeFault != nil {
		if err := r.storeFault(op, n); err != nil {
			return err
		}
	}
	err := do()
	if err == nil && r.storeLost != nil {
		err = r.storeLost(op, n)
	}
	return err
}

// send makes a request without a body.
func (w *world) send(method, path string) (status int, err error) {
	req, err := http.NewRequest(method, "http://127.0.0.1"+path, nil)
	if err != nil {
		return 0, err
	}
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
