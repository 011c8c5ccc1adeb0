package gapi_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
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
func faults(m *method) map[string]fault {
	return map[string]fault{
		"408": status(408), "429": status(429), "500": status(500), "502": status(502), "503": status(503), "504": status(504),
		"520": status(520), "599": status(599),
		"refused": {refused: 1},
		"reset":   kind(scimtest.FaultClose), "cut-header": kind(scimtest.FaultCutHeader), "cut-body": kind(scimtest.FaultCutBody),
		"html": body("<!DOCTYPE html><html><body>Sign in to the network</body></html>"), "empty": body(""), "{}": body("{}"), "wrong-name": body(m.wrong),
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
	{"empty", is(errEmpty)},
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

// A cell is what the table expects of one method under one fault.
type cell struct {
	section, method, fault string
	outcome                string
	attempts, requests     int
	state                  string
}

func (c cell) after() bool  { return strings.Contains(c.section, "after the change") }
func (c cell) always() bool { return strings.Contains(c.section, "Always") }
func (c cell) loopback() bool {
	return strings.HasPrefix(c.section, "Connection")
}

func (c cell) String() string {
	return fmt.Sprintf("%s %d/%d %s", c.outcome, c.attempts, c.requests, c.state)
}

// readTable reads the expectations.
func readTable(t *testing.T) []cell {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "faults.md"))
	if err != nil {
		t.Fatal(err)
	}
	var cells []cell
	var section string
	var columns []string
	for number, line := range strings.Split(string(text), "\n") {
		if s, ok := strings.CutPrefix(line, "## "); ok {
			section, columns = s, nil
		}
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") {
			continue
		}
		var row []string
		for _, field := range strings.Split(strings.Trim(line, "|"), "|") {
			row = append(row, strings.TrimSpace(field))
		}
		if columns == nil {
			columns = row
			continue
		}
		if len(row) != len(columns) {
			t.Fatalf("line %d of the table has %d cells, want %d", number+1, len(row), len(columns))
		}
		for i := 1; i < len(row); i++ {
			parts := strings.Fields(row[i])
			var counts [2]string
			var ok bool
			if len(parts) == 3 {
				counts[0], counts[1], ok = strings.Cut(parts[1], "/")
			}
			attempts, err1 := strconv.Atoi(counts[0])
			requests, err2 := strconv.Atoi(counts[1])
			if !ok || err1 != nil || err2 != nil {
				t.Fatalf("line %d of the table: cannot read %q", number+1, row[i])
			}
			cells = append(cells, cell{section, row[0], columns[i], parts[0], attempts, requests, parts[2]})
		}
	}
	return cells
}

// TestFaultTableIsComplete: every method of the clients has its rows, every
// row is of a method, and no cell is there twice.
func TestFaultTableIsComplete(t *testing.T) {
	t.Parallel()
	cells := readTable(t)
	sections := map[string]map[string]int{}
	for _, c := range cells {
		if sections[c.section] == nil {
			sections[c.section] = map[string]int{}
		}
		sections[c.section][c.method]++
	}
	if len(sections) != 10 {
		t.Errorf("the table has %d sections, want 10", len(sections))
	}
	for section, rows := range sections {
		for _, m := range methods {
			if want := !strings.Contains(section, "after the change") || m.writes(); (rows[m.name] > 0) != want {
				t.Errorf("%s: a row for %s: %v, want %v", section, m.name, rows[m.name] > 0, want)
			}
			delete(rows, m.name)
		}
		if len(rows) > 0 {
			t.Errorf("%s: rows of no method: %v", section, slices.Sorted(maps.Keys(rows)))
		}
	}
	var known []string
	for _, m := range methods {
		known = append(known, strings.Fields(m.name)[0])
	}
	for _, dir := range []string{"provider", "scimtenant", "scimtoken"} {
		for name := range contextMethods(t, filepath.Join("..", "..", dir)) {
			if !slices.Contains(known, dir+"."+name) {
				t.Errorf("%s.%s has no row in the table of faults", dir, name)
			}
		}
	}
}

var printFaults = flag.Bool("faults", false, "print how often each outcome was seen, as markdown")

// TestFaults plays every cell of the table: on the in-memory connection in
// virtual time, and where the bytes of a connection matter over loopback.
func TestFaults(t *testing.T) {
	byName := map[string]*method{}
	for _, m := range methods {
		byName[m.name] = m
	}
	var mu sync.Mutex
	counts := map[string]map[string]int{}
	t.Run("cells", func(t *testing.T) {
		for _, c := range readTable(t) {
			m := byName[c.method]
			f, ok := faults(m)[c.fault]
			if !ok {
				t.Fatalf("unknown fault %s", c.fault)
			}
			t.Run(c.section+"/"+c.method+"/"+c.fault, func(t *testing.T) {
				t.Parallel()
				var got cell
				if c.loopback() {
					got = play(t, c, m, f)
				} else {
					synctest.Test(t, func(t *testing.T) { got = play(t, c, m, f) })
				}
				mu.Lock()
				defer mu.Unlock()
				if counts[c.section] == nil {
					counts[c.section] = map[string]int{}
				}
				counts[c.section][got.outcome]++
			})
		}
	})
	if *printFaults {
		fmt.Print(markdown(counts))
	}
}

// play is one cell.
func play(t *testing.T, want cell, m *method, f fault) cell {
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
	clean := newClients(t, option.WithEndpoint(endpoint), option.WithHTTPClient(&http.Client{Transport: transport}), option.WithoutAuthentication())
	call := m.prepare(t, srv, clean)
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
		f.scripted.Method, f.scripted.Path, f.scripted.Skip = m.verb, m.path, m.skip
		f.scripted.AfterCommit = want.after()
		if want.fault == "oversized" && want.after() {
			f.scripted.Body = nil // the real reply, and then some
		}
		srv.Fail(f.scripted)
	}
	c := newClients(t, option.WithEndpoint(endpoint), option.WithHTTPClient(&http.Client{Transport: counter}), option.WithoutAuthentication(), provider.WithRetry(policy), gapi.WithBodyLimit(bodyLimit))
	err := call(ctx, c)

	got := want
	got.outcome, got.attempts, got.requests = outcome(err), int(counter.seen.Load()), len(srv.Requests())
	state := m.state(srv)
	if m.states[want.state] != state {
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
	return got
}

// checkError looks at the error's parts.
func checkError(t *testing.T, err error, want cell, f fault, srv *scimtest.Server) {
	t.Helper()
	if err == nil || errors.Is(err, errEmpty) {
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
	if errors.As(err, &unfinished) && (unfinished.Request.Name != tenant || unfinished.Old.UID() != uid || unfinished.Request.DisplayName != "Main") {
		t.Errorf("%v: the request to finish with is %+v", err, unfinished.Request)
	}
	if want.state == "orphan" {
		// No secret is lost without saying which token has it.
		for _, k := range srv.State().Tokens {
			if k.State == "ACTIVE" && k.Name != token.String() && !strings.Contains(err.Error(), k.Name) {
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
	method   *method
	refuse   int
	during   func()
	seen     atomic.Int32
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	escaped := strings.Split(r.URL.EscapedPath(), "/")
	tail := strings.Join(escaped[max(0, len(escaped)-strings.Count(c.method.path, "/")-1):], "/")
	if ok, err := path.Match(c.method.path, tail); err == nil && ok && r.Method == c.method.verb {
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
	return &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, refusal() }}
}

// refusal is the error of a connection to a port nobody listens at, made once:
// a real one, since sockets are out of the question in virtual time.
var refusal = sync.OnceValue(func() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
		return errors.New("a closed port was open")
	}
	return err
})

// markdown is how often each outcome was seen, by section.
func markdown(counts map[string]map[string]int) string {
	var codes []string
	for _, c := range counts {
		for code := range c {
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	slices.Sort(codes)
	var b strings.Builder
	fmt.Fprintf(&b, "| section | %s | all |\n|---|%s\n", strings.Join(codes, " | "), strings.Repeat("---|", len(codes)+1))
	sums := map[string]int{}
	total := 0
	for _, section := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "| %s |", section)
		row := 0
		for _, code := range codes {
			n := counts[section][code]
			fmt.Fprintf(&b, " %d |", n)
			sums[code] += n
			row += n
		}
		fmt.Fprintf(&b, " %d |\n", row)
		total += row
	}
	fmt.Fprint(&b, "| all |")
	for _, code := range codes {
		fmt.Fprintf(&b, " %d |", sums[code])
	}
	fmt.Fprintf(&b, " %d |\n", total)
	return b.String()
}
