// Package wire is what the rooms of the fake share on the wire: JSON, replies and refusals.
package wire

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// A Reply is a whole answer before it is written, so that a fault can still change it.
type Reply struct {
	Code   int
	Header http.Header
	Body   []byte
	// Rule is the row of the table of behaviors that refused the request, "" if none did.
	Rule   behavior.ID
	Reason string // of the refusal
}

// Write sends the reply.
func (r *Reply) Write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	if r.Code == http.StatusNoContent || r.Code == http.StatusNotModified {
		w.WriteHeader(r.Code)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(r.Body)))
	w.WriteHeader(r.Code)
	w.Write(r.Body)
}

// A Refusal is a request that a row of the table turns down. It is an error.
type Refusal struct {
	Rule    behavior.ID
	Code    int    // HTTP
	Kind    string // a name of google.rpc.Code, or a scimType of RFC 7644 section 3.12, or ""
	Message string
	Details []any       // of google.rpc.Status
	Header  http.Header // sent with it; nil for none
}

func (e *Refusal) Error() string {
	if e.Kind == "" {
		return fmt.Sprintf("%d: %s", e.Code, e.Message)
	}
	return e.Kind + ": " + e.Message
}

// maxEcho bounds an echo of the request in a message, in bytes.
const maxEcho = 200

// Clip keeps an echo of the request short and never cuts a character in two.
func Clip(s string) string {
	if len(s) <= maxEcho {
		return s
	}
	cut := maxEcho
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
