package cloud

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// refusal is a refusal as Google's APIs word it:
// {"error":{"code","message","status","details"}}.
// See https://google.aip.dev/193 for the envelope and
// google/rpc/error_details.proto for what details may hold.
type refusal struct {
	status  string // a name of google.rpc.Code
	message string
	details []any
	http    int // other than the status's own
}

func (e *refusal) Error() string { return e.status + ": " + e.message }

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

func (e *refusal) code() int {
	if e.http != 0 {
		return e.http
	}
	return httpCodes[e.status]
}

// errorBody is the envelope, its fields in the service's order.
type errorBody struct {
	Error struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Status  string `json:"status"`
		Details []any  `json:"details,omitempty"`
	} `json:"error"`
}

func (e *refusal) body() errorBody {
	var b errorBody
	b.Error.Code, b.Error.Message, b.Error.Status, b.Error.Details = e.code(), e.message, e.status, e.details
	return b
}

func refuse(status, format string, args ...any) *refusal {
	return &refusal{status: status, message: fmt.Sprintf(format, args...)}
}

// violation is one entry of google.rpc.BadRequest.
type violation struct {
	Field       string `json:"field,omitempty"`
	Description string `json:"description"`
}

// invalid refuses fields of the request: all of them at once, as
// google.rpc.BadRequest has it. Its message is that of the first violation.
func invalid(violations ...violation) *refusal {
	texts := make([]string, len(violations))
	for i, v := range violations {
		texts[i] = v.Description
	}
	return &refusal{
		status:  "INVALID_ARGUMENT",
		message: strings.Join(texts, "\n"),
		details: []any{map[string]any{
			"@type":           "type.googleapis.com/google.rpc.BadRequest",
			"fieldViolations": violations,
		}},
	}
}

func invalidField(field, format string, args ...any) *refusal {
	return invalid(violation{field, fmt.Sprintf(format, args...)})
}

// withInfo adds a google.rpc.ErrorInfo.
func (e *refusal) withInfo(reason, domain string, metadata map[string]string) *refusal {
	e.details = append(e.details, map[string]any{
		"@type":    "type.googleapis.com/google.rpc.ErrorInfo",
		"reason":   reason,
		"domain":   domain,
		"metadata": metadata,
	})
	return e
}

func notFound() *refusal { return refuse("NOT_FOUND", "Requested entity was not found.") }

func alreadyExists() *refusal { return refuse("ALREADY_EXISTS", "Requested entity already exists") }

// denied is the refusal of a caller who lacks a permission. It does not say
// whether the resource exists.
func denied(permission, resource string) *refusal {
	full := "//iam.googleapis.com/" + resource
	if strings.HasPrefix(resource, "organizations/") {
		full = "//cloudresourcemanager.googleapis.com/" + resource
	}
	domain := "iam.googleapis.com"
	if strings.HasPrefix(permission, "resourcemanager.") {
		domain = "cloudresourcemanager.googleapis.com"
	}
	return refuse("PERMISSION_DENIED", "Permission '%s' denied on resource '%s' (or it may not exist).", permission, full).
		withInfo("IAM_PERMISSION_DENIED", domain, map[string]string{"permission": permission, "resource": resource})
}

// Refusal is a refusal that no rule of the fake made.
func Refusal(code int, text string) *wire.Reply {
	e := refuse(statusForCode(code), "%s", text)
	e.http = code
	return errorReply(e, false)
}
