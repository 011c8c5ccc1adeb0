// Package wire is what the rooms of the fake share on the wire: replies, and texts cut short.
package wire

import (
	"net/http"
	"strconv"
)

// A Reply is a whole answer before it is written, so that a fault can still change it.
type Reply struct {
	Code   int
	Header http.Header
	Body   []byte
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
