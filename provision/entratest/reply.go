package entratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

// call is one request.
type call struct {
	*Server
	r    *http.Request
	body []byte
	id   string // request-id
	now  time.Time
	beta bool
	path map[string]string // the variable parts of the route's pattern
	app  string            // the client ID of the caller
	sp   *app              // the service principal of the path
	job  *job              // the job of the path
	head http.Header       // more of the reply's header
}

// reply is what a handler answers. A body of nil is none, []byte is sent as it is, and anything else as
// JSON.
type reply struct {
	status int
	header http.Header
	body   any
	rule   rule // the row of the table that refused the request
}

func ok(body any) *reply      { return &reply{status: http.StatusOK, body: body} }
func created(body any) *reply { return &reply{status: http.StatusCreated, body: body} }
func noContent() *reply       { return &reply{status: http.StatusNoContent} }

// refuse is an error of Microsoft Graph.
// https://learn.microsoft.com/graph/errors
func (c *call) refuse(r rule, status int, code, format string, args ...any) *reply {
	return &reply{status: status, rule: r, body: map[string]any{"error": map[string]any{
		"code": code, "message": fmt.Sprintf(format, args...),
		"innerError": map[string]any{"date": c.now.Format("2006-01-02T15:04:05"), "request-id": c.id, "client-request-id": c.id},
	}}}
}

func (c *call) notFound(kind, id string) *reply {
	return c.refuse(ruleNotFound, http.StatusNotFound, "Request_ResourceNotFound",
		"Resource '%s' does not exist or one of its queried reference-property objects are not present.", clip(kind+" "+id))
}

func (c *call) badRequest(r rule, format string, args ...any) *reply {
	return c.refuse(r, http.StatusBadRequest, "Request_BadRequest", format, args...)
}

// clip keeps an echo short.
func clip(s string) string { return s[:min(len(s), 100)] }

// bytes is the body as it is sent.
func (a *reply) bytes() []byte {
	switch body := a.body.(type) {
	case nil:
		return nil
	case []byte:
		return body
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		panic(err) // every body is made of maps, lists and texts
	}
	return text
}

// write sends the reply.
func (a *reply) write(w http.ResponseWriter, c *call) {
	h := w.Header()
	maps.Copy(h, c.head)
	maps.Copy(h, a.header)
	h.Set("request-id", c.id)
	h.Set("client-request-id", c.id)
	h.Set("Date", c.now.Format(http.TimeFormat)) // net/http would take the machine's clock
	body := a.bytes()
	if body != nil && h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	}
	w.WriteHeader(a.status)
	w.Write(body)
}

// decode reads a JSON body. It returns a reply if that isn't possible.
func (c *call) decode(to any) *reply {
	if len(c.body) > maxBody {
		return c.refuse(ruleBodySize, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request's body is too large.")
	}
	if media, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(media), "application/json") {
		return c.refuse(ruleBodyType, http.StatusUnsupportedMediaType, "UnsupportedMediaType", "A write needs Content-Type application/json.")
	}
	if err := json.Unmarshal(c.body, to); err != nil {
		return c.badRequest(ruleBodyJSON, "Unable to read JSON request payload: %v", err)
	}
	return nil
}

// base is the address by which the request came: links in replies begin with it.
func (c *call) base() string { return "http://" + c.r.Host + c.version() }

func (c *call) version() string {
	if c.beta {
		return "/beta"
	}
	return "/v1.0"
}

// context is the @odata.context of a reply.
func (c *call) context(of string) string { return c.base() + "/$metadata#" + of }

// stamp is a time in JSON; the zero time is what Graph writes for "never".
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// newID makes a GUID; s.mu is held.
func (s *Server) newID() string {
	s.ids++
	return fmt.Sprintf("e47a7e57-0000-4000-8000-%012x", s.ids)
}

// isGUID reports whether s has the form of a GUID.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}
