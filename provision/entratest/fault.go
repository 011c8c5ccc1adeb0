package entratest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// A Fault is something that goes wrong on purpose with the next request it matches, or the next Times
// requests. Faults are counted, never random. The first one given that matches and is not used up is
// taken.
type Fault struct {
	// Method is the HTTP verb it applies to, "" for all.
	Method string
	// Path is what the end of the escaped path must look like, "" for any. "*" stands for any part of
	// one segment, as in [path.Match]: "applicationTemplates/*/instantiate", "synchronization/jobs",
	// "jobs/*/start", "oauth2/v2.0/token".
	Path string
	// Skip lets this many matching requests through first.
	Skip int
	// Times is how often it happens; 0 means once.
	Times int
	// AfterCommit does the request first: the change is made and its reply lost or altered.
	AfterCommit bool

	// Kind says what happens. The zero value is [FaultReply].
	Kind FaultKind
	// Status is the HTTP code of a FaultReply; 0 is 503.
	Status int
	// Header is added to the reply: Retry-After.
	Header http.Header
	// Body is the body of a FaultReply. If it is nil, it is an error of Microsoft Graph.
	Body []byte
	// Delay passes before anything is sent. A caller that goes away ends it.
	Delay time.Duration
}

// FaultKind is what a [Fault] does.
type FaultKind int

const (
	// FaultReply answers with the fault's Status, Header and Body.
	FaultReply FaultKind = iota
	// FaultClose closes the connection without a byte of a reply.
	FaultClose
	// FaultCutBody closes it in the middle of the body. The header has announced the whole length.
	FaultCutBody
	// FaultDelay only waits for Delay and then answers as usual.
	FaultDelay
)

// String shows which requests the fault is for.
func (f Fault) String() string {
	method, pattern := f.Method, f.Path
	if method == "" {
		method = "any method"
	}
	if pattern == "" {
		pattern = "any path"
	}
	return method + " " + pattern
}

// check reports why a fault can never happen.
func (f *Fault) check() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if f.Method != strings.ToUpper(f.Method) {
		refuse("Method %q: want an HTTP verb in upper case", f.Method)
	}
	if _, err := path.Match(f.Path, ""); err != nil || strings.HasSuffix(f.Path, "/") {
		refuse("Path %q: want a pattern without a slash at its end", f.Path)
	}
	if f.Skip < 0 || f.Times < 0 || f.Delay < 0 {
		refuse("Skip, Times and Delay must not be negative")
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		refuse("Status %d: want 200 to 599, or 0", f.Status)
	}
	if f.Kind < FaultReply || f.Kind > FaultDelay || f.Kind == FaultDelay && f.Delay == 0 {
		refuse("Kind %d: nothing would happen", f.Kind)
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("entratest: Fail: %w", errors.Join(errs...))
}

// Fail scripts a fault. It returns an error for one that can never happen.
func (s *Server) Fail(f Fault) error {
	if err := errors.Join(s.Err(), f.check()); err != nil {
		return err
	}
	f.Header, f.Body = f.Header.Clone(), bytes.Clone(f.Body)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &scripted{Fault: f})
	return nil
}

// UnusedFaults lists the faults that have not happened once.
func (s *Server) UnusedFaults() []Fault { return s.faults.never() }

// ClearFaults forgets the faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

type faults struct {
	mu   sync.Mutex
	list []*scripted
}

type scripted struct {
	Fault
	seen, used int
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
func (f *faults) take(r *http.Request) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, x := range f.list {
		if x.used == max(x.Times, 1) || !x.matches(r) {
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
	pattern := strings.TrimPrefix(f.Path, "/")
	segments := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	n := strings.Count(pattern, "/") + 1
	matched, err := path.Match(pattern, strings.Join(segments[max(0, len(segments)-n):], "/"))
	return matched && err == nil
}

// play answers a call, with what goes wrong if there is a fault. A status of 0 is no reply.
func (f *Fault) play(w http.ResponseWriter, r *http.Request, closed <-chan struct{}, c *call) (status int, rule string) {
	var a *reply
	if f == nil || f.AfterCommit {
		a = c.serve()
	}
	if f == nil {
		a.write(w, c)
		return a.status, string(a.rule)
	}
	if f.Delay > 0 && !wait(r, closed, f.Delay) {
		panic(http.ErrAbortHandler)
	}
	switch f.Kind {
	case FaultDelay:
		if a == nil {
			a = c.serve()
		}
		a.write(w, c)
		return a.status, string(a.rule)
	case FaultClose:
		cut(w, nil)
		return 0, ""
	case FaultCutBody:
		if a == nil {
			a = ok(map[string]any{})
		}
		body := a.bytes()
		cut(w, fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			a.status, http.StatusText(a.status), max(len(body), 2), body[:len(body)/2]))
		return 0, ""
	}
	a = c.refuse("", f.Status, "ServiceUnavailable", "A fault that the test asked for.")
	if f.Status == 0 {
		a.status = http.StatusServiceUnavailable
	}
	if f.Body != nil {
		a.body = f.Body
	}
	a.header = maps.Clone(f.Header)
	a.write(w, c)
	return a.status, ""
}

// wait passes d and reports whether the caller and the server are still there then.
func wait(r *http.Request, closed <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-closed:
	}
	return false
}

// cut sends raw bytes and closes the connection.
func cut(w http.ResponseWriter, raw []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // a recorder: aborting is the nearest there is
	}
	defer conn.Close()
	conn.Write(raw)
}
