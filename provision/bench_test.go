package provision_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/provision"
)

// BenchmarkPlanOfProvisioned counts the requests of a plan of a provisioned set-up,
// and its round trips: each request takes a second of virtual time. The second
// sub-benchmark sends the same requests one after the other.
func BenchmarkPlanOfProvisioned(b *testing.B) {
	for _, serial := range []bool{false, true} {
		name := "side by side"
		if serial {
			name = "one after the other"
		}
		b.Run(name, func(b *testing.B) {
			var requests int
			var took time.Duration
			for range b.N {
				requests, took = planned(b, serial)
			}
			b.ReportMetric(float64(requests), "requests/plan")
			b.ReportMetric(took.Seconds(), "roundtrips/plan")
		})
	}
}

// TestPlanRequests holds a plan of a provisioned set-up to its bounds.
func TestPlanRequests(t *testing.T) {
	t.Parallel()
	requests, took := planned(t, false)
	if requests > 9 || took > 2*time.Second+100*time.Millisecond {
		t.Errorf("a plan takes %d requests and %v at a second each, want at most 9 and 2 s", requests, took)
	}
}

// planned plans for a provisioned set-up over a slow network.
func planned(t testing.TB, serial bool) (requests int, took time.Duration) {
	run := func(t testing.TB) {
		s := newSetup(t)
		s.automate()
		s.provisioned(t, s.spec)
		s.spec.Ready, s.spec.IdentityProvider = provision.Ready{}, nil
		slow := &slowServer{setup: s, serial: serial}
		clients := s.client(t, provision.WithServer(slow))
		s.ClearRequests()
		begin := time.Now()
		p, err := clients.Plan(context.Background(), s.spec)
		took = time.Since(begin)
		if err != nil || !p.Done() {
			t.Fatalf("Plan = %v, %v, want no changes", p, err)
		}
		requests = len(s.Requests())
	}
	if tt, ok := t.(*testing.T); ok {
		synctest.Test(tt, func(t *testing.T) { run(t) })
		return requests, took
	}
	// A benchmark has no bubble of its own.
	testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "plan", F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { run(t) })
	}}})
	return requests, took
}

// slowServer takes a second for each request.
type slowServer struct {
	setup  *setup
	serial bool
	mu     chan struct{}
	once   sync.Once
}

func (s *slowServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.serial {
		s.once.Do(func() { s.mu = make(chan struct{}, 1) })
		s.mu <- struct{}{}
		defer func() { <-s.mu }()
	}
	time.Sleep(time.Second)
	return s.setup.PipeHTTPClient().Transport.RoundTrip(r)
}

func (s *slowServer) HTTPClient() *http.Client { return &http.Client{Transport: s} }

func (s *slowServer) ClientOptions() []option.ClientOption {
	return []option.ClientOption{option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(s.HTTPClient()), option.WithoutAuthentication()}
}

func (s *slowServer) OrganizationClientOptions() []option.ClientOption { return s.ClientOptions() }
