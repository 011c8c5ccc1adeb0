package scimtest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/api/iam/v1"
)

// A Server is an in-memory Google Cloud: the parts of IAM, of Resource Manager
// and of the SCIM service that belong to workforce pools. It is an
// [http.Handler]; [Start] puts it on a loopback address, and the Pipe clients
// reach it without a socket. It is safe for concurrent use.
type Server struct {
	cfg config
	err error // of an option; every request reports it

	mu       sync.Mutex // guards st and what hangs on it
	st       *state
	requests ring
	faults   faults

	listeners
}

// New makes a server that listens nowhere: it is reached as an [http.Handler]
// or by the Pipe clients. Close it when one of them was used. An option that
// is refused makes every request answer 500 with the reason.
func New(opts ...Option) *Server {
	cfg, err := newConfig(opts)
	s := &Server{cfg: cfg, err: err, st: newState()}
	s.listeners.init(s)
	return s
}

// Err is the refusal of an option that was given to [New], or nil.
func (s *Server) Err() error { return s.err }

// Start makes a server on a free port of 127.0.0.1 that lives as long as the
// test. An option that is refused fails the test.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s := New(opts...)
	if s.err != nil {
		t.Fatal(s.err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("scimtest: %v", err)
	}
	s.serve(l)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers the control plane under /v1/locations, /v1/organizations
// and /v3/organizations, and the SCIM service under /v1alpha1/tenants.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.err != nil {
		errorReply(refuse("INTERNAL", "%v", s.err), false).write(w)
		return
	}
	if r.Body == nil { // only without a listener
		r.Body = http.NoBody
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		// The caller went away in the middle of its request.
		panic(http.ErrAbortHandler)
	}
	done := s.requests.begin(s.cfg.now(), r, body)
	fault := s.faults.take(r, startsOperation(r))
	status := 0
	switch {
	case fault == nil || fault.Kind == FaultOperation:
		answer := s.answer(r, body, fault)
		status = answer.code
		answer.write(w)
	default:
		status = s.fail(w, r, fault, func() *reply { return s.answer(r, body, nil) })
	}
	done(status)
	s.cfg.logger.Info("request", "method", r.Method, "path", r.URL.EscapedPath(), "status", status, "fault", fault != nil)
}

func (s *Server) answer(r *http.Request, body []byte, fault *Fault) *reply {
	if isSCIM(r) {
		return s.scim(r, body)
	}
	return s.control(r, body, fault)
}

// control answers a request to the control plane.
func (s *Server) control(r *http.Request, body []byte, fault *Fault) *reply {
	query, err := url.ParseQuery(r.URL.RawQuery)
	compact := strings.EqualFold(query.Get("prettyPrint"), "false") || strings.EqualFold(query.Get("$prettyPrint"), "false")
	if err != nil {
		return errorReply(refuse("INVALID_ARGUMENT", "Invalid query: it does not decode."), compact)
	}
	route, vars := findRoute(r.Method, r.URL.EscapedPath())
	if route == nil {
		return errorReply(refuse("NOT_FOUND", "Method not found."), compact)
	}
	c := &call{Server: s, r: r, route: route, vars: vars, query: query, body: body}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.cfg.now()
	s.st.purge(c.now)
	before := s.st
	if fault != nil {
		s.st = before.copy()
	}
	value, refusal := c.run()
	if started, ok := value.(*iam.Operation); ok && fault != nil {
		value = s.failOperation(before, started, fault)
	}
	if refusal != nil {
		return errorReply(refusal, compact)
	}
	if selector := c.common("fields"); selector != "" {
		selected, bad := selectFields(toObject(value), route.reply, selector)
		if bad != nil {
			return errorReply(bad, compact)
		}
		value = selected
	}
	return jsonReply(http.StatusOK, value, compact)
}

// failOperation takes a write back and leaves only its operation, which will
// end in an error.
func (s *Server) failOperation(before *state, started *iam.Operation, fault *Fault) *iam.Operation {
	op := s.st.operations[started.Name]
	if op.err = fault.Operation; op.err == nil {
		op.err = &iam.Status{Code: 13, Message: faultText} // INTERNAL
	}
	s.st = before
	s.st.operations[op.name] = op
	if started.Done {
		started.Error = op.err
	}
	return started
}

// run does what every method does before its handler.
func (c *call) run() (any, *statusError) {
	for name, id := range c.vars {
		if id == "." || id == ".." || (name != "subject" && strings.ContainsAny(id, "/\\%")) {
			return nil, invalidField(name, "Invalid %s in the path: %q.", name, clipName(id))
		}
	}
	if len(c.body) > maxBody {
		return nil, &statusError{status: "INVALID_ARGUMENT", http: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("Request payload size exceeds the limit: %d bytes.", maxBody)}
	}
	if bad := c.checkQuery(); bad != nil {
		return nil, bad
	}
	if c.r.Method != http.MethodGet && len(bytes.TrimSpace(c.body)) > 0 {
		if bad := checkContentType(c.r.Header); bad != nil {
			return nil, bad
		}
	}
	if bad := c.checkCaller(); bad != nil {
		return nil, bad
	}
	value, err := c.route.handler(c)
	if err != nil {
		refusal, ok := err.(*statusError)
		if !ok {
			refusal = refuse("INTERNAL", "%v", err)
		}
		return nil, refusal
	}
	return value, nil
}

// checkCaller is the permission of the method and of the quota project.
func (c *call) checkCaller() *statusError {
	project := c.r.Header.Get("X-Goog-User-Project")
	if project == "" {
		project = c.query.Get("$userProject")
	}
	if project != "" && c.cfg.denied["serviceusage.services.use"] {
		return refuse("PERMISSION_DENIED", "Caller does not have required permission to use project %s. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission.", clipName(project)).
			withInfo("USER_PROJECT_DENIED", "googleapis.com", map[string]string{"consumer": "projects/" + clipName(project), "service": c.service()})
	}
	if c.route.permission != "" && c.cfg.denied[c.route.permission] {
		return denied(c.route.permission, parentOrSelf(c))
	}
	return nil
}

// service is the API the request went to.
func (c *call) service() string {
	if strings.HasPrefix(c.route.ID, "cloudresourcemanager.") {
		return "cloudresourcemanager.googleapis.com"
	}
	return "iam.googleapis.com"
}

// parentOrSelf is the resource whose policy decides: of a collection, its
// parent.
func parentOrSelf(c *call) string {
	name := c.name()
	if strings.Count(name, "/")%2 == 0 {
		return parentName(name)
	}
	return name
}

// hexID is 32 lower-case hexadecimal digits, the length of the service's
// operation ids.
func hexID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
