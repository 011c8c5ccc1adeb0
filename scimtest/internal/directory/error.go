package directory

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// refusal is a refusal of the SCIM service (RFC 7644 section 3.12).
type refusal struct {
	status   int
	scimType string // "" for none
	detail   string
	header   http.Header // sent with the error; nil for none
}

func (e *refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, e.scimType, e.detail)
}

// json is the error's body. status is a string there (RFC 7644 section 3.12).
func (e *refusal) json() []byte {
	body := &object{}
	body.set("schemas", []any{urnError})
	body.set("status", strconv.Itoa(e.status))
	if e.scimType != "" {
		body.set("scimType", e.scimType)
	}
	body.set("detail", strings.ToValidUTF8(e.detail, "\uFFFD")) // it may quote the request
	return appendJSON(nil, body)
}

// The scimTypes of RFC 7644 table 9 that the service uses.
const (
	invalidFilter = "invalidFilter"
	invalidPath   = "invalidPath"
	invalidSyntax = "invalidSyntax"
	invalidValue  = "invalidValue"
	mutability    = "mutability"
	noTarget      = "noTarget"
	uniqueness    = "uniqueness"
)

// badRequest is a 400 with a scimType.
func badRequest(scimType, format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, scimType: scimType, detail: fmt.Sprintf(format, args...)}
}

// refuse is a refusal without a scimType.
func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status: status, detail: fmt.Sprintf(format, args...)}
}

func unknownResource(id string) *refusal {
	return refuse(http.StatusNotFound, "Resource %s not found", wire.Clip(id))
}

// asRefusal makes any error one that can be sent.
func asRefusal(err error) *refusal {
	var e *refusal
	if errors.As(err, &e) {
		return e
	}
	return refuse(http.StatusInternalServerError, "%v", err)
}

// Refusal is a refusal that no rule of the service made.
func Refusal(status int, text string) *wire.Reply { return refuse(status, "%s", text).reply() }

func (e *refusal) reply() *wire.Reply {
	header := http.Header{"Content-Type": {"application/scim+json"}}
	for name, values := range e.header {
		header[name] = values
	}
	return &wire.Reply{Code: e.status, Body: e.json(), Header: header}
}
