package cloud

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// httpCodes is google.rpc.Code's own mapping to HTTP. FAILED_PRECONDITION is
// 400 there, not 412.
var httpCodes = map[string]int{
	"INVALID_ARGUMENT":    http.StatusBadRequest,
	"FAILED_PRECONDITION": http.StatusBadRequest,
	"OUT_OF_RANGE":        http.StatusBadRequest,
	"UNAUTHENTICATED":     http.StatusUnauthorized,
	"PERMISSION_DENIED":   http.StatusForbidden,
	"NOT_FOUND":           http.StatusNotFound,
	"ABORTED":             http.StatusConflict,
	"ALREADY_EXISTS":      http.StatusConflict,
	"RESOURCE_EXHAUSTED":  http.StatusTooManyRequests,
	"CANCELLED":           499,
	"INTERNAL":            http.StatusInternalServerError,
	"UNKNOWN":             http.StatusInternalServerError,
	"DATA_LOSS":           http.StatusInternalServerError,
	"UNIMPLEMENTED":       http.StatusNotImplemented,
	"UNAVAILABLE":         http.StatusServiceUnavailable,
	"DEADLINE_EXCEEDED":   http.StatusGatewayTimeout,
}

// statusForCode is the status a reply of this HTTP code carries when nothing
// more is known.
func statusForCode(code int) string {
	switch code {
	case http.StatusBadRequest:
		return "INVALID_ARGUMENT"
	case http.StatusConflict:
		return "ABORTED"
	case http.StatusInternalServerError:
		return "INTERNAL"
	}
	for status, c := range httpCodes {
		if c == code {
			return status
		}
	}
	return "UNKNOWN"
}

// refuse turns a request down as Google's APIs word it. status is a name of google.rpc.Code. See
// https://google.aip.dev/193.
func refuse(rule behavior.ID, status, format string, args ...any) *wire.Refusal {
	return &wire.Refusal{Rule: rule, Code: httpCodes[status], Kind: status, Message: fmt.Sprintf(format, args...)}
}

// violation is one entry of google.rpc.BadRequest.
type violation struct {
	Field       string `json:"field,omitempty"`
	Description string `json:"description"`
	rule        behavior.ID
}

// invalid refuses fields of the request, all of them at once. The first one's rule decides.
func invalid(violations []violation) *wire.Refusal {
	texts := make([]string, len(violations))
	for i, v := range violations {
		texts[i] = v.Description
	}
	e := refuse(violations[0].rule, "INVALID_ARGUMENT", "%s", strings.Join(texts, "\n"))
	e.Details = []any{map[string]any{
		"@type":           "type.googleapis.com/google.rpc.BadRequest",
		"fieldViolations": violations,
	}}
	return e
}

func invalidField(rule behavior.ID, field, format string, args ...any) *wire.Refusal {
	return invalid([]violation{{field, fmt.Sprintf(format, args...), rule}})
}

// withInfo adds a google.rpc.ErrorInfo.
func withInfo(e *wire.Refusal, reason, domain string, metadata map[string]string) *wire.Refusal {
	e.Details = append(e.Details, map[string]any{
		"@type":    "type.googleapis.com/google.rpc.ErrorInfo",
		"reason":   reason,
		"domain":   domain,
		"metadata": metadata,
	})
	return e
}

func notFound(rule behavior.ID) *wire.Refusal {
	return refuse(rule, "NOT_FOUND", "Requested entity was not found.")
}

func alreadyExists(rule behavior.ID) *wire.Refusal {
	return refuse(rule, "ALREADY_EXISTS", "Requested entity already exists")
}

// denied is the refusal of a caller who lacks a permission. It doesn't say whether the resource
// exists.
func denied(rule behavior.ID, permission, resource string) *wire.Refusal {
	domain := "iam.googleapis.com"
	switch api, _, _ := strings.Cut(permission, "."); api {
	case "resourcemanager":
		domain = "cloudresourcemanager.googleapis.com"
	case "secretmanager":
		domain = "secretmanager.googleapis.com"
	}
	full := "//" + domain + "/" + resource
	if strings.HasPrefix(resource, "organizations/") {
		full = "//cloudresourcemanager.googleapis.com/" + resource
	}
	return withInfo(refuse(rule, "PERMISSION_DENIED", "Permission '%s' denied on resource '%s' (or it may not exist).", permission, full),
		"IAM_PERMISSION_DENIED", domain, map[string]string{"permission": permission, "resource": resource})
}

// Limits of fields, in characters unless said otherwise, and of lists. They are those of the discovery
// document.
const (
	maxDisplayName = 32
	maxDescription = 256
	maxKey         = 100 // of a mapping
	maxCustom      = 50  // attribute.KEY rules of a mapping
	maxExpression  = 2048
	maxCondition   = 4096
	maxScopes      = 10
	maxScope       = 256
	maxMetadata    = 128 << 10
)

// fieldChecks collects what is wrong with a message.
type fieldChecks []violation

func (f *fieldChecks) add(rule behavior.ID, field, format string, args ...any) {
	*f = append(*f, violation{field, fmt.Sprintf(format, args...), rule})
}

func (f *fieldChecks) text(rule behavior.ID, field, noun, value string, most int) {
	if utf8.RuneCountInString(value) > most {
		f.add(rule, field, "%s must be less than or equal to %d characters", noun, most)
	}
}

func (f fieldChecks) refusal() *wire.Refusal {
	if f == nil {
		return nil
	}
	return invalid(f)
}

// jsonReply is a reply of Google's APIs: pretty-printed unless the caller says otherwise, with the
// headers seen on the service.
func jsonReply(code int, body any, compact bool) *wire.Reply {
	var raw []byte
	var err error
	if compact {
		raw, err = json.Marshal(body)
	} else {
		raw, err = json.MarshalIndent(body, "", "  ")
	}
	if err != nil {
		panic("scimtest: a reply does not marshal: " + err.Error())
	}
	return &wire.Reply{Code: code, Body: append(raw, '\n'), Header: http.Header{
		"Content-Type":           {"application/json; charset=UTF-8"},
		"Vary":                   {"Origin", "X-Origin", "Referer"},
		"X-Content-Type-Options": {"nosniff"},
		"X-Frame-Options":        {"SAMEORIGIN"},
		"X-Xss-Protection":       {"0"},
		"Cache-Control":          {"private"},
	}}
}

// errorReply is the envelope of https://google.aip.dev/193, its fields in the service's order.
func errorReply(e *wire.Refusal, compact bool) *wire.Reply {
	var body struct {
		Error struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
			Status  string `json:"status"`
			Details []any  `json:"details,omitempty"`
		} `json:"error"`
	}
	body.Error.Code, body.Error.Message, body.Error.Status, body.Error.Details = e.Code, e.Message, e.Kind, e.Details
	reply := jsonReply(e.Code, body, compact)
	reply.Rule, reply.Reason = e.Rule, e.Message
	return reply
}

// Refusal is a refusal that no rule of the fake made.
func Refusal(code int, text string) *wire.Reply {
	return errorReply(&wire.Refusal{Code: code, Kind: statusForCode(code), Message: text}, false)
}
