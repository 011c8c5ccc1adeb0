// Package faulttest plays every method of a package's clients under every fault: of
// the server, of the network and of the caller's context. What is expected stands in
// the package's testdata/faults.md, which no test writes.
package faulttest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// A fault is a column of the table.
type fault struct {
	// scripted is what the server does, with the method's path filled in.
	scripted scimtest.Fault
	// refused makes no connection instead, this many times.
	refused int
	// The context ends before the call, during the faulted request, or by its
	// deadline during it.
	cancelled, cancelling, stalled bool
}

const forever = 1 << 20

// bodyLimit bounds the replies of a cell, in bytes. [TestRepliesAreBounded] has the
// bound of the clients.
const bodyLimit = 64 << 10

func status(code int) fault { return fault{scripted: scimtest.Fault{Status: code}} }
func body(text string) fault {
	return fault{scripted: scimtest.Fault{Status: 200, Body: []byte(text)}}
}
func kind(k scimtest.FaultKind) fault { return fault{scripted: scimtest.Fault{Kind: k}} }

// faults are the columns by name.
func faults(m *Method) map[string]fault {
	return map[string]fault{
		"408": status(408), "429": status(429), "500": status(500), "502": status(502), "503": status(503), "504": status(504),
		"520": status(520), "599": status(599),
		"refused": {refused: 1},
		"reset":   kind(scimtest.FaultClose), "cut-header": kind(scimtest.FaultCutHeader), "cut-body": kind(scimtest.FaultCutBody),
		"html": body("<!DOCTYPE html><html><body>Sign in to the network</body></html>"), "empty": body(""), "{}": body("{}"), "wrong-name": body(m.Wrong),
		"oversized":        {scripted: scimtest.Fault{Status: 200, Body: []byte(`{"displayName":"`), PadTo: bodyLimit + 1}},
		"redirect":         {scripted: scimtest.Fault{Kind: scimtest.FaultRedirect, Header: http.Header{"Location": {"http://127.0.0.1/elsewhere"}}}},
		"cancelled-before": {cancelled: true},
		"cancelled-during": {cancelling: true, scripted: scimtest.Fault{Kind: scimtest.FaultStall}},
		"stalled":          {stalled: true, scripted: scimtest.Fault{Kind: scimtest.FaultStall}},
	}
}

// outcomes are the codes of the table for errors.
var outcomes = []struct {
	code string
	is   func(error) bool
}{
	{"empty", is(ErrEmpty)},
	{"ReplaceError", as[*scimtenant.ReplaceError]},
	{"ErrSecretLost", is(scimtoken.ErrSecretLost)}, {"ErrNotVisible", is(iamscim.ErrNotVisible)},
	{"ErrOutcomeUnknown", is(iamscim.ErrOutcomeUnknown)}, {"ErrBadReply", is(iamscim.ErrBadReply)},
	{"ErrRedirected", is(iamscim.ErrRedirected)}, {"ErrThrottled", is(iamscim.ErrThrottled)},
	{"ErrUnavailable", is(iamscim.ErrUnavailable)}, {"OperationError", as[*provider.OperationError]},
	{"Canceled", is(context.Canceled)}, {"DeadlineExceeded", is(context.DeadlineExceeded)},
}

func is(target error) func(error) bool { return func(err error) bool { return errors.Is(err, target) } }

func as[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	for _, o := range outcomes {
		if o.is(err) {
			return o.code
		}
	}
	return "other: " + err.Error()
}

// Run plays every cell of the table: on the in-memory connection in virtual time, and
// where the bytes of a connection matter over loopback.
func Run(t *testing.T, methods []*Method) {
	byName := map[string]*Method{}
	for _, m := range methods {
		byName[m.Name] = m
	}
	for _, c := range readTable(t) {
		m := byName[c.method]
		if m == nil {
			t.Fatalf("unknown method %s", c.method)
		}
		f, ok := faults(m)[c.fault]
		if !ok {
			t.Fatalf("unknown fault %s", c.fault)
		}
		t.Run(c.section+"/"+c.method+"/"+c.fault, func(t *testing.T) {
			t.Parallel()
			if c.loopback() {
				play(t, c, m, f)
			} else {
				synctest.Test(t, func(t *testing.T) { play(t, c, m, f) })
			}
		})
	}
}

// play is one cell.
func play(t *testing.T, want cell, m *Method, f fault) {
	srv := scimtest.New()
	defer srv.Close()
	policy := iamscim.RetryPolicy{}
	var transport *http.Transport
	endpoint := "http://127.0.0.1/"
	if want.loopback() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { defer close(done); _ = srv.Serve(l) }()
		defer func() { srv.Close(); <-done }()
		endpoint = "http://" + l.Addr().String() + "/"
		transport = srv.HTTPClient().Transport.(*http.Transport)
		policy.Initial, policy.Max = time.Millisecond, 2*time.Millisecond
	} else {
		transport = srv.PipeHTTPClient().Transport.(*http.Transport)
	}
	// net/http repeats a GET of its own accord if a connection that was used
	// before breaks: with fresh ones the attempts are the client's.
	transport.DisableKeepAlives = true
	if want.always() {
		policy.MaxAttempts = 3
		f.scripted.Times = forever
		if f.refused > 0 {
			f.refused = forever
		}
	}
	clean := testenv.New(t, option.WithEndpoint(endpoint), option.WithHTTPClient(&http.Client{Transport: transport}), option.WithoutAuthentication())
	call := m.Prepare(t, srv, clean)
	srv.ClearRequests()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if f.stalled {
		ctx, cancel = context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
	}
	if f.cancelled {
		cancel()
	}
	counter := &counting{base: transport, method: m, refuse: f.refused, refusing: refusing()}
	if f.cancelling {
		counter.during = func() { time.AfterFunc(10*time.Second, cancel) }
	}
	if f.refused == 0 && !f.cancelled {
		f.scripted.Method, f.scripted.Path, f.scripted.Skip = m.Verb, m.Path, m.Skip
		f.scripted.AfterCommit = want.after()
		if want.fault == "oversized" && want.after() {
			f.scripted.Body = nil // the real reply, and then some
		}
		srv.Fail(f.scripted)
	}
	c := testenv.New(t, option.WithEndpoint(endpoint), option.WithHTTPClient(&http.Client{Transport: counter}), option.WithoutAuthentication(), provider.WithRetry(policy), gapi.WithBodyLimit(bodyLimit))
	err := call(ctx, c)

	got := want
	got.outcome, got.attempts, got.requests = outcome(err), int(counter.seen.Load()), len(srv.Requests())
	state := m.State(srv)
	if m.States[want.state] != state {
		got.state = fmt.Sprintf("(%s)", state)
	}
	if got != want {
		var sent []string
		for _, r := range srv.Requests() {
			sent = append(sent, fmt.Sprintf("%s %s %d", r.Method, r.Path, r.Status))
		}
		t.Errorf("got %v, want %v\nerror: %v\nrequests:\n%s", got, want, err, strings.Join(sent, "\n"))
	}
	checkError(t, err, want, f, srv)
	if left := srv.UnusedFaults(); len(left) > 0 && !want.always() {
		t.Errorf("the fault did not happen: %+v", left)
	}
}

// checkError looks at the error's parts.
func checkError(t *testing.T, err error, want cell, f fault, srv *scimtest.Server) {
	t.Helper()
	if err == nil || errors.Is(err, ErrEmpty) {
		return
	}
	var e *iamscim.Error
	if !errors.As(err, &e) {
		t.Errorf("%v: no *iamscim.Error within", err)
		return
	}
	if e.Op == "" || e.Resource == "" || e.Attempts != min(want.attempts, 3) {
		t.Errorf("%v: Op %q, Resource %q, Attempts %d, want %d", err, e.Op, e.Resource, e.Attempts, min(want.attempts, 3))
	}
	if e.Remedy == "" && !f.cancelled && !f.cancelling && !f.stalled {
		t.Errorf("%v: it does not say what to do", err)
	}
	if (f.cancelled || f.cancelling) && !errors.Is(err, context.Canceled) || f.stalled && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v: does not say that the context ended", err)
	}
	var unfinished *scimtenant.ReplaceError
	if errors.As(err, &unfinished) && (unfinished.Request.Name != testenv.Tenant || unfinished.Old.UID() != testenv.UID || unfinished.Request.DisplayName != "Main") {
		t.Errorf("%v: the request to finish with is %+v", err, unfinished.Request)
	}
	if want.state == "orphan" {
		// No secret is lost without saying which token has it.
		for _, k := range srv.State().Tokens {
			if k.State == "ACTIVE" && k.Name != testenv.TokenText && !strings.Contains(err.Error(), k.Name) {
				t.Errorf("%v: does not name the token %s whose secret is lost", err, k.Name)
			}
		}
	}
}

// counting counts the attempts at the faulted request and refuses connections
// for some of them.
type counting struct {
	base     http.RoundTripper
	refusing http.RoundTripper
	method   *Method
	refuse   int
	during   func()
	seen     atomic.Int32
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.method.matches(r) {
		n := int(c.seen.Add(1))
		if n <= c.refuse {
			return c.refusing.RoundTrip(r)
		}
		if c.during != nil && n == 1 {
			c.during()
		}
	}
	return c.base.RoundTrip(r)
}

// refusing is a transport whose connections nobody accepts.
func refusing() http.RoundTripper {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, pipetest.Refusal() }}
}
