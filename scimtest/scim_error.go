package scimtest

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// scimError is a refusal of the SCIM service (RFC 7644 section 3.12).
type scimError struct {
	status   int
	scimType string // "" for none
	detail   string
	header   http.Header // sent with the error; nil for none
}

func (e *scimError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.status, e.scimType, e.detail)
}

// json is the error's body. status is a string there (RFC 7644 section 3.12).
func (e *scimError) json() []byte {
	body := &scimObject{}
	body.set("schemas", []any{urnError})
	body.set("status", strconv.Itoa(e.status))
	if e.scimType != "" {
		body.set("scimType", e.scimType)
	}
	body.set("detail", strings.ToValidUTF8(e.detail, "\uFFFD")) // it may quote the request
	return appendSCIM(nil, body)
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

// badSCIM is a 400 with a scimType.
func badSCIM(scimType, format string, args ...any) *scimError {
	return &scimError{status: http.StatusBadRequest, scimType: scimType, detail: fmt.Sprintf(format, args...)}
}

// refuseSCIM is a refusal without a scimType.
func refuseSCIM(status int, format string, args ...any) *scimError {
	return &scimError{status: status, detail: fmt.Sprintf(format, args...)}
}

func unknownResource(id string) *scimError {
	return refuseSCIM(http.StatusNotFound, "Resource %s not found", clip(id))
}

// asSCIMError makes any error one that can be sent.
func asSCIMError(err error) *scimError {
	var e *scimError
	if errors.As(err, &e) {
		return e
	}
	return refuseSCIM(http.StatusInternalServerError, "%v", err)
}

// clip keeps an echo of the request short.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
