package scimtest

import (
	"bytes"
	"encoding/json"
	"maps"
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
	// Header has "REDACTED" for the credentials: "Bearer REDACTED".
	Header http.Header
	// Body is the body if it was JSON and no longer than 64 KiB, with
	// "REDACTED" for its secrets. Otherwise it is nil.
	Body []byte
	// Status is the HTTP code of the reply: 0 while it is being made, and
	// when a [Fault] left the request without one.
	Status int
}

const (
	keptRequests = 1000
	keptBody     = 64 << 10
	redacted     = "REDACTED"
)

// ring keeps the newest requests.
type ring struct {
	mu      sync.Mutex
	entries []*Request // oldest first
}

// begin records a request and returns what sets its status.
func (g *ring) begin(now time.Time, r *http.Request, body []byte) func(status int) {
	entry := &Request{
		Time:   now,
		Method: r.Method,
		Path:   r.URL.EscapedPath(),
		Query:  scrubQuery(r.URL.Query()),
		Header: scrubHeader(r.Header),
		Body:   scrubBody(body),
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.entries) == keptRequests {
		g.entries = append(g.entries[:0:0], g.entries[1:]...)
	}
	g.entries = append(g.entries, entry)
	return func(status int) {
		g.mu.Lock()
		defer g.mu.Unlock()
		entry.Status = status
	}
}

// Requests are the newest 1000 requests, oldest first.
func (s *Server) Requests() []Request {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	list := make([]Request, len(s.requests.entries))
	for i, entry := range s.requests.entries {
		list[i] = *entry
		list[i].Query, list[i].Header, list[i].Body = maps.Clone(entry.Query), entry.Header.Clone(), bytes.Clone(entry.Body)
	}
	return list
}

// ClearRequests forgets the requests so far.
func (s *Server) ClearRequests() {
	s.requests.mu.Lock()
	defer s.requests.mu.Unlock()
	s.requests.entries = nil
}

func scrubHeader(h http.Header) http.Header {
	h = h.Clone()
	for name, values := range h {
		switch name {
		case "Authorization", "Proxy-Authorization":
			for i, v := range values {
				scheme, _, _ := strings.Cut(strings.TrimSpace(v), " ")
				if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "Basic") {
					scheme = ""
				}
				values[i] = strings.TrimSpace(scheme + " " + redacted)
			}
		case "Cookie", "X-Goog-Api-Key":
			for i := range values {
				values[i] = redacted
			}
		}
	}
	return h
}

func scrubQuery(q url.Values) url.Values {
	for _, name := range []string{"access_token", "oauth_token", "key", "$key"} {
		for i := range q[name] {
			q[name][i] = redacted
		}
	}
	return q
}

// secretNames are the JSON fields, in lower case and without underscores, that
// hold one: the SCIM token, an OAuth client secret, a user's password.
var secretNames = map[string]bool{"securitytoken": true, "plaintext": true, "password": true}

func scrubBody(body []byte) []byte {
	if len(body) == 0 || len(body) > keptBody {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	scrubbed, err := json.Marshal(scrubValue(v))
	if err != nil {
		return nil
	}
	return scrubbed
}

func scrubValue(v any) any {
	switch x := v.(type) {
	case map[string]any:
		for name, value := range x {
			if secretNames[strings.ToLower(strings.ReplaceAll(name, "_", ""))] {
				x[name] = redacted
			} else {
				x[name] = scrubValue(value)
			}
		}
		// A PATCH names the attribute beside its value.
		if path, ok := x["path"].(string); ok && strings.Contains(strings.ToLower(path), "password") {
			x["value"] = redacted
		}
	case []any:
		for i := range x {
			x[i] = scrubValue(x[i])
		}
	}
	return v
}
