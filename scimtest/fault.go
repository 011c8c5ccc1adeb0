package scimtest

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/cloud"
	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// A Fault is something that goes wrong on purpose: with the next request it
// matches, or the next Times requests. Faults are counted, never random, and
// work for the control plane and for SCIM alike. The first one given that
// matches and is not used up is taken.
type Fault struct {
	// Method is the HTTP verb it applies to, "" for all.
	Method string
	// Path is what the escaped path of the request must look like, "" for any.
	// "*" stands for any part of one segment, as in [path.Match]. A pattern
	// that begins with a slash is for the whole path, any other for its end:
	// "/v1/locations/*/workforcePools/acme-pool", "scimTenants/*/tokens",
	// "*:setIamPolicy", "Users/*".
	Path string
	// Skip lets this many matching requests through first.
	Skip int
	// Times is how often it happens; 0 means once.
	Times int
	// AfterCommit does the request first: the change is made and its answer
	// lost or altered. Otherwise nothing is changed.
	AfterCommit bool

	// Kind says what happens. The zero value is [FaultReply].
	Kind FaultKind
	// Status is the HTTP code. 0 is 307 for a FaultRedirect; for a FaultReply
	// it is 200 if Body or PadTo are set and 503 if not.
	Status int
	// Header is added to the reply: Retry-After in seconds or as an HTTP date,
	// Content-Type, and the Location of a FaultRedirect.
	Header http.Header
	// Body is the body of a FaultReply. When it is nil, a Status of 400 or
	// more has the JSON error that Google or SCIM would send, and a lower one
	// the answer it replaces with AfterCommit, else "{}". An empty Body that is not
	// nil is an empty body.
	Body []byte
	// PadTo fills the body of a FaultReply up with spaces to this many bytes,
	// which are not held in memory.
	PadTo int64
	// Delay passes before anything is sent; a caller that goes away ends it.
	Delay time.Duration
	// Operation is the error a FaultOperation ends in.
	Operation *iam.Status
}

// String shows which requests the fault is for, in messages.
func (f Fault) String() string {
	method, pattern := f.Method, f.Path
	if method == "" {
		method = "any method"
	}
	if pattern == "" {
		pattern = "any path"
	}
	text := fmt.Sprintf("%s %s", method, pattern)
	if f.Skip > 0 {
		text += fmt.Sprintf(", after %d", f.Skip)
	}
	return text
}

// FaultKind is what a [Fault] does.
type FaultKind int

const (
	// FaultReply answers with the fault's Status, Header and Body.
	FaultReply FaultKind = iota
	// FaultClose closes the connection without a byte of a reply.
	FaultClose
	// FaultCutHeader closes it in the middle of the reply's header.
	FaultCutHeader
	// FaultCutBody closes it in the middle of the body. The header has announced
	// the whole length.
	FaultCutBody
	// FaultStall never answers: until the caller goes away or the server is
	// closed.
	FaultStall
	// FaultRedirect answers with a redirect to the Location in Header.
	FaultRedirect
	// FaultDelay only waits for Delay and then answers as usual.
	FaultDelay
	// FaultOperation makes a write that replies with an operation reply with
	// one that ends in the error Operation; nothing is changed. It never
	// matches a method without operations.
	FaultOperation
)

// check reports why a fault can never happen, or can't be played.
func (f *Fault) check() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains([]string{"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, f.Method) {
		refuse("Method %q: no request has it; it's an HTTP verb in upper case", f.Method)
	}
	if _, err := path.Match(f.Path, ""); err != nil {
		refuse("Path %q: malformed pattern", f.Path)
	}
	if f.Path != "" && strings.HasSuffix(f.Path, "/") {
		refuse("Path %q: no path ends in a slash here", f.Path)
	}
	if strings.ContainsAny(f.Path, "?#") && !strings.Contains(f.Path, `\`) {
		refuse("Path %q: a path has no query", f.Path)
	}
	if f.Skip < 0 || f.Times < 0 || f.Delay < 0 || f.PadTo < 0 {
		refuse("Skip, Times, Delay and PadTo must not be negative")
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		refuse("Status %d: want 200 to 599, or 0", f.Status)
	}
	switch {
	case f.Kind < FaultReply || f.Kind > FaultOperation:
		refuse("Kind %d: no such kind", f.Kind)
	case f.Kind == FaultOperation && f.AfterCommit:
		refuse("FaultOperation with AfterCommit: a failed operation changes nothing")
	case f.Kind == FaultOperation && !cloud.AnyOperation(f.Method, f.Path):
		refuse("FaultOperation for %s %s: no such method replies with an operation", f.Method, f.Path)
	case f.Kind == FaultDelay && f.Delay == 0:
		refuse("FaultDelay without Delay: nothing would happen")
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("scimtest: Fail: %w", errors.Join(errs...))
}

// faults are the scripted ones with their counts.
type faults struct {
	mu   sync.Mutex
	list []*scripted
}

type scripted struct {
	Fault
	seen, used int
}

func (f *scripted) times() int { return max(f.Times, 1) }

// add scripts a fault that can happen.
func (f *faults) add(fault Fault) error {
	if err := fault.check(); err != nil {
		return err
	}
	fault.Header = fault.Header.Clone()
	fault.Body = bytes.Clone(fault.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, &scripted{Fault: fault})
	return nil
}

// unused are the faults that have not happened as often as they were scripted.
func (f *faults) unused() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var left []Fault
	for _, x := range f.list {
		if n := x.times() - x.used; n > 0 {
			unused := x.Fault
			unused.Times = n
			unused.Header, unused.Body = x.Header.Clone(), bytes.Clone(x.Body)
			left = append(left, unused)
		}
	}
	return left
}

// never are the faults that have not happened once.
func (f *faults) never() []Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []Fault
	for _, x := range f.list {
		if x.used == 0 {
			list = append(list, x.Fault)
		}
	}
	return list
}

// take is the fault for a request, or nil. It counts.
func (f *faults) take(r *http.Request, withOperation bool) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.list {
		if x.used == x.times() || !x.matches(r) || (x.Kind == FaultOperation && !withOperation) {
			continue
		}
		if x.seen++; x.seen <= x.Skip {
			continue
		}
		x.used++
		taken := x.Fault
		return &taken
	}
	return nil
}

func (f *Fault) matches(r *http.Request) bool {
	if f.Method != "" && f.Method != r.Method {
		return false
	}
	if f.Path == "" {
		return true
	}
	escaped := strings.TrimSuffix(r.URL.EscapedPath(), "/")
	if !strings.HasPrefix(f.Path, "/") {
		want := strings.Count(f.Path, "/") + 1
		segments := strings.Split(escaped, "/")
		escaped = strings.Join(segments[max(0, len(segments)-want):], "/")
	}
	ok, err := path.Match(f.Path, escaped)
	return ok && err == nil
}

// play plays a fault. closed ends what waits; next is the request's real answer, made when it is
// called; nil is never called twice.
func (f *Fault) play(w http.ResponseWriter, r *http.Request, closed <-chan struct{}, next func() *wire.Reply) (status int) {
	var real *wire.Reply
	if f.AfterCommit {
		real = next()
	}
	if f.Delay > 0 && !wait(r, closed, f.Delay) {
		panic(http.ErrAbortHandler)
	}
	switch f.Kind {
	case FaultDelay:
		if real == nil {
			real = next()
		}
		for name, values := range f.Header {
			real.Header[name] = values
		}
		real.Write(w)
		return real.Code
	case FaultStall:
		wait(r, closed, 0)
		panic(http.ErrAbortHandler)
	case FaultClose:
		cutReply(w, nil)
		return 0
	case FaultCutHeader:
		cutReply(w, []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Le"))
		return 0
	}
	answer := f.reply(r, real)
	if f.Kind == FaultCutBody {
		if real != nil && f.Body == nil && f.Status == 0 {
			answer = real
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Length: %d\r\n", answer.Code, http.StatusText(answer.Code), max(len(answer.Body), 2))
		answer.Header.Write(&b)
		b.WriteString("\r\n")
		b.Write(answer.Body[:len(answer.Body)/2])
		cutReply(w, b.Bytes())
		return 0
	}
	if pad := f.PadTo - int64(len(answer.Body)); pad > 0 {
		writePadded(w, answer, pad)
		return answer.Code
	}
	answer.Write(w)
	return answer.Code
}

// reply is what the client gets instead of real, which is nil before a commit.
func (f *Fault) reply(r *http.Request, real *wire.Reply) *wire.Reply {
	status := f.Status
	switch {
	case status != 0:
	case f.Kind == FaultRedirect:
		status = http.StatusTemporaryRedirect
	case f.Kind == FaultCutBody:
		status = http.StatusOK
	case f.Body != nil || f.PadTo > 0:
		status = http.StatusOK
	default:
		status = http.StatusServiceUnavailable
	}
	answer := &wire.Reply{Code: status, Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}}}
	switch {
	case f.Body != nil:
		answer.Body = f.Body
	case f.Kind == FaultRedirect:
	case status >= 400 && cloud.IsSCIM(r):
		answer = directory.Refusal("", status, faultText)
	case status >= 400:
		answer = cloud.Refusal(status, faultText)
	case real != nil:
		answer = &wire.Reply{Code: status, Header: real.Header.Clone(), Body: real.Body}
	default:
		answer.Body = []byte("{}\n")
	}
	for name, values := range f.Header {
		answer.Header[name] = values
	}
	return answer
}

// operation is the error that the operation of a FaultOperation ends in.
func (f *Fault) operation() *iam.Status {
	if f.Operation != nil {
		return f.Operation
	}
	return &iam.Status{Code: 13, Message: faultText} // INTERNAL
}

const faultText = "A fault that the test asked for."

// wait passes d, or for ever if d is 0, and reports whether the caller and the
// server are still there then.
func wait(r *http.Request, closed <-chan struct{}, d time.Duration) bool {
	var after <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-after:
		return true
	case <-r.Context().Done():
	case <-closed:
	}
	return false
}

// cutReply sends raw bytes and closes the connection.
func cutReply(w http.ResponseWriter, raw []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// HTTP/2 or a recorder: aborting is the nearest there is.
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	conn.Write(raw)
}

func writePadded(w http.ResponseWriter, answer *wire.Reply, pad int64) {
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.FormatInt(int64(len(answer.Body))+pad, 10))
	w.WriteHeader(answer.Code)
	w.Write(answer.Body)
	chunk := bytes.Repeat([]byte{' '}, 32<<10)
	for pad > 0 {
		n, err := w.Write(chunk[:min(pad, int64(len(chunk)))])
		if err != nil {
			return
		}
		pad -= int64(n)
	}
}
