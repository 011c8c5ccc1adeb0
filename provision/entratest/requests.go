package entratest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Request is one request the server got, without the secrets in it.
type Request struct {
	Time   time.Time // by the server's clock
	Method string
	Path   string // as sent, still escaped
	Query  url.Values
	// Body is the body if it was JSON and no longer than 64 KiB, with "REDACTED" for the secrets in it.
	// Otherwise it is nil.
	Body []byte
	// Status is the HTTP code of the reply: 0 while it is being made, and when a [Fault] left the
	// request without one.
	Status int
	// Rule is the row of BEHAVIORS.md that refused the request, "" if none did.
	Rule string
}

const (
	maxRequests = 2000
	maxKept     = 64 << 10
	redacted    = "REDACTED"
)

// ring keeps the newest requests.
type ring struct {
	mu      sync.Mutex
	entries []*Request // the newest last
}

// begin records a request and returns what sets its outcome. Requests keeps what it is given: nothing
// of a header, and of a body what is no secret.
func (g *ring) begin(now time.Time, r *http.Request, body []byte) func(status int, rule string) {
	// What of a query does not decode is left out, as the handlers do.
	query, _ := url.ParseQuery(r.URL.RawQuery[:min(len(r.URL.RawQuery), maxKept)])
	path := r.URL.EscapedPath()
	e := &Request{Time: now, Method: r.Method, Path: path[:min(len(path), maxKept)], Query: query, Body: scrub(body)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.entries) == maxRequests {
		g.entries = append(g.entries[:0], g.entries[maxRequests/2:]...)
	}
	g.entries = append(g.entries, e)
	return func(status int, rule string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		e.Status, e.Rule = status, rule
	}
}

// Requests lists the newest requests, oldest first. At least the last 1,000 are there.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	list := make([]Request, 0, len(s.requests.entries))
	for _, e := range s.requests.entries {
		list = append(list, *e)
	}
	return list
}

// ClearRequests forgets the requests so far.
func (s *Server) ClearRequests() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.entries = nil
}

// scrub is a JSON body without the secrets of key-value pairs, or nil.
func scrub(body []byte) []byte {
	if len(body) == 0 || len(body) > maxKept {
		return nil
	}
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	redact(v)
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return text
}

// shown are the keys of synchronization secrets with values that are no secrets.
var shown = map[string]bool{
	"baseaddress": true, "syncnotificationsettings": true, "syncall": true, "skipoutofscopedeletions": true,
}

func redact(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			redact(x)
		}
	case map[string]any:
		if key, ok := v["key"].(string); ok && !shown[strings.ToLower(key)] && v["value"] != nil {
			v["value"] = redacted
		}
		for _, x := range v {
			redact(x)
		}
	}
}
