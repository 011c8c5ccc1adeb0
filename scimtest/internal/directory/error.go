package directory

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

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
func badRequest(rule behavior.ID, scimType, format string, args ...any) *wire.Refusal {
	return &wire.Refusal{Rule: rule, Code: http.StatusBadRequest, Kind: scimType, Message: fmt.Sprintf(format, args...)}
}

// refuse is a refusal without a scimType.
func refuse(rule behavior.ID, code int, format string, args ...any) *wire.Refusal {
	return &wire.Refusal{Rule: rule, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Refusal is a refusal in the service's form that is made elsewhere.
func Refusal(rule behavior.ID, code int, text string) *wire.Reply {
	return errorReply(refuse(rule, code, "%s", text), nil)
}

// errorReply is the form of RFC 7644 section 3.12. Of the scimTypes Google documents one.
func errorReply(err error, choices behavior.Choices) *wire.Reply {
	e, ok := errors.AsType[*wire.Refusal](err)
	if !ok {
		e = refuse("", http.StatusInternalServerError, "%v", err)
	}
	var status any = strconv.Itoa(e.Code)
	if choices.Is(behavior.ErrorStatus, "NUMBER") {
		status = json.Number(strconv.Itoa(e.Code))
	}
	body := wire.NewObject("schemas", []any{urnError}, "status", status)
	if e.Kind != "" && (e.Rule == behavior.EmailRule || choices.Is(behavior.ErrorTypes, "PRESENT")) {
		body.Set("scimType", e.Kind)
	}
	body.Set("detail", strings.ToValidUTF8(e.Message, "\uFFFD")) // it may quote the request
	header := e.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", contentType(choices))
	return &wire.Reply{Code: e.Code, Body: wire.Append(nil, body), Header: header, Rule: e.Rule, Reason: e.Message}
}

func contentType(choices behavior.Choices) string {
	if choices.Is(behavior.ContentType, "JSON") {
		return "application/json"
	}
	return "application/scim+json"
}
