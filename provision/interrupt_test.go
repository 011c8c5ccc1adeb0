package provision_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtoken"
)

// A cut is how a process ends at one of its requests. Swaps of the store and
// calls of the identity provider count as requests.
type cut string

const (
	cutBefore cut = "killed before the request" // the request isn't sent, and no other one is
	cutAfter  cut = "killed after the request"  // it's served, and the reply is lost
	cutCancel cut = "canceled after the request"
)

var errKilled = errors.New("the process is dead")

// process counts the requests of one run, and ends it at one of them.
type process struct {
	setup *setup
	at    int // the request at which it ends; 0 never
	how   cut
	stop  context.CancelFunc

	mu     sync.Mutex
	count  int
	dead   bool
	before func(n int)    // called before each request, if set
	writes map[int]string // the requests that change something
	reads  map[int]string // the paths of the others
}

// enter is called before each request. It reports whether the request is the last
// one.
func (p *process) enter(write, read string) (last bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false, errKilled
	}
	p.count++
	if p.before != nil {
		p.before(p.count)
	}
	if p.count == p.at && p.how == cutBefore {
		p.dead = true
		p.stop()
		return false, errKilled
	}
	if p.writes == nil {
		p.writes, p.reads = map[int]string{}, map[int]string{}
	}
	if write != "" {
		p.writes[p.count] = write
	}
	p.reads[p.count] = read
	return p.count == p.at, nil
}

func (p *process) leave(last bool) error {
	if !last {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop()
	if p.how == cutAfter {
		p.dead = true
		return errKilled
	}
	return nil
}

func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	write, read := "", ""
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, ":getIamPolicy") {
		write = r.Method + " " + r.URL.Path
	} else {
		read = r.URL.Path
	}
	last, err := p.enter(write, read)
	if err != nil {
		return nil, err
	}
	resp, err := p.setup.PipeHTTPClient().Transport.RoundTrip(r)
	if lerr := p.leave(last); lerr != nil {
		if err == nil {
			resp.Body.Close()
		}
		return nil, lerr
	}
	return resp, err
}

// HTTPClient, ClientOptions and OrganizationClientOptions make a process a
// [provision.Server].
func (p *process) HTTPClient() *http.Client { return &http.Client{Transport: p} }

func (p *process) ClientOptions() []option.ClientOption {
	return []option.ClientOption{option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(p.HTTPClient()), option.WithoutAuthentication()}
}

func (p *process) OrganizationClientOptions() []option.ClientOption { return p.ClientOptions() }

// Load and Swap make it a store.
func (p *process) Load(ctx context.Context) (scimtoken.Secret, string, error) {
	p.mu.Lock()
	dead := p.dead
	p.mu.Unlock()
	if dead {
		return scimtoken.Secret{}, "", errKilled
	}
	return p.setup.store.Load(ctx)
}

func (p *process) Swap(ctx context.Context, version string, record scimtoken.Secret) error {
	last, err := p.enter("swap", "")
	if err != nil {
		return err
	}
	err = p.setup.store.Swap(ctx, version, record)
	if lerr := p.leave(last); lerr != nil {
		return lerr
	}
	return err
}

// dyingIDP is the identity provider as a process sees it.
type dyingIDP struct {
	*fakeIDP
	p *process
}

func (d dyingIDP) do(what string, f func() error) error {
	last, err := d.p.enter(what, "")
	if err != nil {
		return err
	}
	err = f()
	if lerr := d.p.leave(last); lerr != nil {
		return lerr
	}
	return err
}

func (d dyingIDP) SetUp(ctx context.Context, c idp.Connection) error {
	return d.do("set up", func() error { return d.fakeIDP.SetUp(ctx, c) })
}

func (d dyingIDP) CutOver(ctx context.Context, c idp.Connection) error {
	return d.do("cut over", func() error { return d.fakeIDP.CutOver(ctx, c) })
}

// run plans and applies as a process of its own.
func (s *setup) run(t testing.TB, p *process) (*provision.Plan, error) {
	t.Helper()
	p.setup = s
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p.stop = stop
	clients := s.client(t, provision.WithServer(p))
	spec := s.spec
	spec.Store = p
	if s.idp != nil {
		spec.IdentityProvider = dyingIDP{s.idp, p}
	}
	plan, err := clients.Plan(ctx, spec)
	if err != nil {
		return nil, err
	}
	return clients.Apply(ctx, plan, provision.ApplyOptions{AllowReplace: plan.Basis["tenant.uid"]})
}

// ended says what is wrong with the end of a set-up, "" if it's as planned.
func (s *setup) ended(t testing.TB) string {
	t.Helper()
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	state := s.State()
	if n := len(state.Tenants); n != 1 || state.Tenants[0].State != "ACTIVE" {
		say("%d tenants", n)
	}
	var active []string
	for _, k := range state.Tokens {
		if k.State == "ACTIVE" {
			active = append(active, k.Name)
		}
	}
	stored, err := scimtoken.Inspect(t.Context(), s.store)
	if err != nil || stored == nil {
		return fmt.Sprintf("no record: %v", err)
	}
	if !slices.Equal(active, []string{stored.Current.String()}) {
		say("the active tokens are %v, and the store has %s", active, stored.Current)
	}
	if !stored.Next.IsZero() {
		say("a rotation is under way: %s", stored.Next)
	}
	for _, p := range state.Providers {
		if p.Name == s.Provider && p.ScimUsage != string(iamscim.SCIMUsageGroups) {
			say("the usage is %q", p.ScimUsage)
		}
	}
	if s.idp.token.Reveal() != stored.Secret.Reveal() || stored.Secret.IsZero() {
		say("the identity provider has another token than the store")
	}
	agents := 0
	for _, b := range state.Policies["organizations/"+s.Organization].Bindings {
		agents += len(b.Members)
	}
	if agents != 1 {
		say("%d service agents have the role", agents)
	}
	return strings.Join(wrong, "; ")
}

var every = flag.Bool("every", false, "interrupt every request; without it, every change and each fifth of the reads between them")

// chosen reports whether a request is interrupted. A process that is killed before
// one of several reads in a row leaves the same behind as before another one.
func chosen(n int, writes map[int]string) bool { return *every || writes[n] != "" || n%5 == 1 }

// TestInterrupted ends a run at every request, in three ways, from every scene,
// and runs again. The end is always the same. The lost reply of a read changes
// nothing: those runs are killed before the next request.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, sc := range scenes {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			counts := map[string]int{}
			requests := 0
			var writes map[int]string
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.automate()
				sc.prepare(t, s)
				p := &process{}
				left, err := s.run(t, p)
				if err != nil || !left.Done() {
					t.Fatalf("a run from here = %v\n%v", err, left)
				}
				if wrong := s.ended(t); wrong != "" {
					t.Fatalf("a run from here: %s", wrong)
				}
				requests, writes = p.count, p.writes
			})
			for at := 1; at <= requests; at++ {
				if !chosen(at, writes) {
					continue
				}
				for _, how := range []cut{cutBefore, cutAfter, cutCancel} {
					if how != cutBefore && writes[at] == "" {
						continue
					}
					counts[string(how)]++
					synctest.Test(t, func(t *testing.T) {
						s := newSetup(t)
						s.automate()
						sc.prepare(t, s)
						given := len(s.idp.given)
						_, err := s.run(t, &process{at: at, how: how})
						if err == nil {
							counts["ended before"]++
						}
						runs := 0
						for ; ; runs++ {
							left, err := s.run(t, &process{})
							if err == nil && left.Done() {
								break
							}
							if runs == 3 {
								t.Fatalf("%s %d of %d: not done after %d more runs: %v\n%v", how, at, requests, runs, err, left)
							}
							// The lease of the dead.
							time.Sleep(11 * time.Minute)
						}
						counts[fmt.Sprintf("%d more runs", runs+1)]++
						if wrong := s.ended(t); wrong != "" {
							t.Errorf("%s %d of %d: %s", how, at, requests, wrong)
						}
						if s.idp.rejected > 0 {
							t.Errorf("%s %d of %d: a dead token was handed over", how, at, requests)
						}
						counts["handed over"] += len(s.idp.given) - given
					})
				}
			}
			t.Logf("%s: %d requests, %d of them changes: %v", sc.name, requests, len(writes), counts)
		})
	}
}
