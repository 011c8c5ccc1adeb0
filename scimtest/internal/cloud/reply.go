package cloud

import (
	"encoding/json"
	"net/http"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// jsonReply is a Google API reply: pretty-printed unless the caller says
// otherwise, with the headers seen on the service.
func jsonReply(code int, body any, compact bool) *wire.Reply {
	var raw []byte
	var err error
	if compact {
		raw, err = json.Marshal(body)
	} else {
		raw, err = json.MarshalIndent(body, "", "  ")
	}
	if err != nil {
		return jsonReply(http.StatusInternalServerError, refuse("INTERNAL", "the fake's reply does not marshal: %v", err).body(), compact)
	}
	h := make(http.Header)
	h.Set("Content-Type", "application/json; charset=UTF-8")
	h["Vary"] = []string{"Origin", "X-Origin", "Referer"}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Xss-Protection", "0")
	h.Set("Cache-Control", "private")
	return &wire.Reply{Code: code, Header: h, Body: append(raw, '\n')}
}

func errorReply(e *refusal, compact bool) *wire.Reply {
	return jsonReply(e.code(), e.body(), compact)
}
