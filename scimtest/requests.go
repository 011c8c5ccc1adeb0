package scimtest

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// Request is one request the server got, without the secrets in it.
type Request struct {
	Time   time.Time // by the server's clock
	Method string
	Path   string // as sent, still escaped
	Query  url.Values
	// Header has "REDACTED" for the credentials: "Bearer REDACTED". Of a header, a path and a query
	// at most 16 KiB are kept each.
	Header http.Header
	// Body is the body if it was JSON and no longer than 64 KiB, with
	// "REDACTED" for its secrets. Otherwise it is nil.
	Body []byte
	// Rule is the row of BEHAVIORS.md that refused the request, as "ThirdToken", and Reason its
	// message. Both are empty if no row did: the request succeeded, or a [Fault] answered it.
	Rule, Reason string
	// Status is the HTTP code of the reply: 0 while it is being made, and
	// when a [Fault] left the request without one.
	Status int
}

const (
	maxRequests   = 1000
	maxKeptBody   = 64 << 10
	maxKeptHeader = 16 << 10
	redacted      = "REDACTED"
)

// ring keeps the newest requests as they came. They are scrubbed only for who
// asks for them: most are never looked at.
type ring struct {
	mu      sync.Mutex
	entries []*entry // once full, the oldest is at next
	next    int
}

type entry struct {
	time                time.Time
	method, path, query string
	header              http.Header // the server's own, which nothing changes
	body                []byte
	status              int
	rule, reason        string
}

// begin records a request and returns what sets its outcome.
func (g *ring) begin(now time.Time, r *http.Request, body []byte) func(status int, answer *wire.Reply) {
	e := &entry{time: now, method: r.Method, path: cut(r.URL.EscapedPath()), query: cut(r.URL.RawQuery), header: bounded(r.Header)}
	if len(body) <= maxKeptBody {
		e.body = body
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.entries) < maxRequests {
		g.entries = append(g.entries, e)
	} else {
		g.entries[g.next] = e
		g.next = (g.next + 1) % maxRequests
	}
	return func(status int, answer *wire.Reply) {
		g.mu.Lock()
		defer g.mu.Unlock()
		e.status, e.rule, e.reason = status, string(answer.Rule), answer.Reason
	}
}

// cut keeps a text short.
func cut(s string) string { return s[:min(len(s), maxKeptHeader)] }

// bounded is a header with what fits of it, name by name.
func bounded(h http.Header) http.Header {
	size := 0
	for name, values := range h {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size <= maxKeptHeader {
		return h
	}
	kept := http.Header{}
	left := maxKeptHeader
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			if left -= len(name) + len(v); left < 0 {
				return kept
			}
			kept[name] = append(kept[name], v)
		}
	}
	return kept
}

// list are the requests, oldest first, without their secrets.
func (g *ring) list() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]Request, 0, len(g.entries))
	for i := range g.entries {
		entry := g.entries[(g.next+i)%len(g.entries)]
		// What of a query does not decode is left out, as the handlers do.
		query, _ := url.ParseQuery(entry.query)
		list = append(list, Request{
			Time: entry.time, Method: entry.method, Path: entry.path, Status: entry.status, Rule: entry.rule, Reason: entry.reason,
			Query: scrubQuery(query), Header: scrubHeader(entry.header), Body: scrubBody(entry.body),
		})
	}
	return list
}

func (g *ring) clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entries, g.next = nil, 0
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
// hold one: the SCIM token, an OAuth client secret, a user's password, the data of
// a version in Secret Manager.
var secretNames = map[string]bool{"securitytoken": true, "plaintext": true, "password": true, "data": true}

func scrubBody(body []byte) []byte {
	if len(body) == 0 || len(body) > maxKeptBody {
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
