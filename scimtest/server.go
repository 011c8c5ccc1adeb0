package scimtest

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/iamscim/iamscim/scimtest/internal/cloud"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// A Server is an in-memory Google Cloud: the parts of IAM, of Resource Manager
// and of the SCIM service that belong to workforce pools, and of Secret Manager
// what keeps their tokens. It is an
// [http.Handler]; [Start] puts it on a loopback address, and the Pipe clients
// reach it without a socket. It is safe for concurrent use.
type Server struct {
	cfg config
	err error // of an option; every request reports it

	t        testing.TB // of Start; nil after New
	cloud    *cloud.Cloud
	requests ring
	faults   faults

	listeners
}

// New makes a server that listens nowhere: it is reached as an [http.Handler]
// or by the Pipe clients. Close it when one of them was used. An option that
// is refused makes every request answer 500 with the reason.
func New(opts ...Option) *Server {
	cfg, err := newConfig(opts)
	s := &Server{cfg: cfg, err: err}
	cfg.URL = s.address
	s.cloud = cloud.New(cfg.Config)
	s.listeners.init(s)
	return s
}

// errZero is what a Server says that nobody has made.
var errZero = errors.New("scimtest: the zero Server serves nothing: make one with New or Start")

// Err is why the server can't be used: the refusal of an option that was given to [New], or nil.
func (s *Server) Err() error {
	if s.cloud == nil {
		return errZero
	}
	return s.err
}

// ServeHTTP answers the control plane under /v1/locations, /v1/organizations
// and /v3/organizations, Secret Manager under /v1/projects, and the SCIM service
// under /v1alpha1/tenants.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.Err(); err != nil {
		cloud.Refusal(http.StatusInternalServerError, err.Error()).Write(w)
		return
	}
	if r.Body == nil { // only without a listener
		r.Body = http.NoBody
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, cloud.MaxBody+1))
	if err != nil {
		// The caller went away in the middle of its request.
		panic(http.ErrAbortHandler)
	}
	now := s.cfg.Now()
	// net/http would take the machine's clock.
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	done := s.requests.begin(now, r, body)
	fault := s.faults.take(r, cloud.StartsOperation(r))
	answer := &wire.Reply{}
	serve := func(failed *iam.Status) *wire.Reply {
		answer = s.cloud.Serve(r, body, failed)
		return answer
	}
	status := 0
	switch {
	case fault == nil:
		status = s.reply(w, serve(nil))
	case fault.Kind == FaultOperation:
		status = s.reply(w, serve(fault.operation()))
	default:
		status = fault.play(w, r, s.closed, func() *wire.Reply { return serve(nil) })
	}
	done(status, answer)
	if s.cfg.logger.Enabled(r.Context(), slog.LevelInfo) {
		s.cfg.logger.Info("request", "method", r.Method, "path", r.URL.EscapedPath(), "query", scrubQuery(r.URL.Query()).Encode(),
			"status", status, "rule", answer.Rule, "reason", answer.Reason, "fault", fault != nil)
	}
}

func (s *Server) reply(w http.ResponseWriter, answer *wire.Reply) int {
	if answer.Rule != "" {
		w.Header().Set("Scimtest-Rule", string(answer.Rule))
	}
	answer.Write(w)
	return answer.Code
}
