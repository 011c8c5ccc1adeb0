package gapi_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// TestKinds: which sentinel stands for which answer of the service, and what
// the caller is told to do.
func TestKinds(t *testing.T) {
	t.Parallel()
	model := func(code int, status, details string) string {
		return fmt.Sprintf(`{"error":{"code":%d,"message":"The service says no.","status":%q,"details":[%s]}}`, code, status, details)
	}
	info := func(reason string) string {
		return `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"` + reason + `","domain":"googleapis.com","metadata":{"consumer":"projects/p"}}`
	}
	const fields = `{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"display_name","description":"too long"},{"field":"description","description":"too odd"}]}`
	tests := []struct {
		name   string
		code   int
		body   string
		kind   error // nil: no sentinel, the status alone
		remedy string
	}{
		{"bad request", 400, model(400, "INVALID_ARGUMENT", fields), iamscim.ErrInvalidArgument, "display_name: too long; description: too odd"},
		{"out of range", 400, model(400, "OUT_OF_RANGE", ""), iamscim.ErrInvalidArgument, "correct what the service names"},
		{"bad request without a model", 400, `{"error":"invalid_request"}`, iamscim.ErrInvalidArgument, "invalid_request"},
		{"precondition", 400, model(400, "FAILED_PRECONDITION", ""), iamscim.ErrFailedPrecondition, "its state forbids the call"},
		{"no credentials", 401, model(401, "UNAUTHENTICATED", info("CREDENTIALS_MISSING")), iamscim.ErrUnauthenticated, "gcloud auth application-default login"},
		{"no permission", 403, model(403, "PERMISSION_DENIED", info("IAM_PERMISSION_DENIED")), iamscim.ErrPermissionDenied, "roles/iam.workforcePoolAdmin"},
		{"quota project", 403, model(403, "PERMISSION_DENIED", info("USER_PROJECT_DENIED")), iamscim.ErrPermissionDenied, "option.WithQuotaProject"},
		{"API not enabled", 403, model(403, "PERMISSION_DENIED", info("SERVICE_DISABLED")), iamscim.ErrPermissionDenied, "enable the API"},
		{"not found", 404, model(404, "NOT_FOUND", ""), iamscim.ErrNotFound, "check the name"},
		{"a proxy's not found", 404, "<html>no such page</html>", iamscim.ErrNotFound, "no such page"},
		{"exists", 409, model(409, "ALREADY_EXISTS", ""), iamscim.ErrAlreadyExists, "choose another id"},
		{"concurrent change", 409, model(409, "ABORTED", ""), iamscim.ErrAborted, "repeat the call"},
		{"throttled", 429, model(429, "RESOURCE_EXHAUSTED", info("RATE_LIMIT_EXCEEDED")), iamscim.ErrThrottled, "counted by the minute"},
		{"internal", 500, model(500, "INTERNAL", ""), iamscim.ErrUnavailable, "repeat the call later"},
		{"unavailable", 503, "", iamscim.ErrUnavailable, "HTTP 503 without a text"},
		{"deadline of the service", 504, model(504, "DEADLINE_EXCEEDED", ""), iamscim.ErrUnavailable, "repeat the call later"},
		{"moved", 301, "", iamscim.ErrRedirected, "check the endpoint"},
		{"method not allowed", 405, "<html>405</html>", iamscim.ErrUnavailable, "HTTP 405"},
		{"not implemented", 501, model(501, "UNIMPLEMENTED", ""), iamscim.ErrUnavailable, "check the endpoint"},
		{"the code in the body is the service's", 502, model(403, "PERMISSION_DENIED", ""), iamscim.ErrPermissionDenied, "HTTP 403"},
		{"a body that is no error at all", 500, "[]", iamscim.ErrUnavailable, "HTTP 500"},
		{"details that are not objects", 400, `{"error":{"code":400,"message":"m","status":"FAILED_PRECONDITION","details":[7,{"fieldViolations":[{"field":"f","description":"r"}]}]}}`, iamscim.ErrFailedPrecondition, "f: r"},
	}
	sentinels := []error{
		iamscim.ErrInvalidArgument, iamscim.ErrFailedPrecondition, iamscim.ErrNotFound, iamscim.ErrAlreadyExists, iamscim.ErrAborted,
		iamscim.ErrUnauthenticated, iamscim.ErrPermissionDenied, iamscim.ErrThrottled, iamscim.ErrUnavailable, iamscim.ErrRedirected, iamscim.ErrBadReply,
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := scimtest.Start(t)
			prepare(t, srv, withTenant)
			c := newClients(t, append(srv.ClientOptions(), provider.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}))...)
			srv.Fail(scimtest.Fault{Status: tt.code, Body: []byte(tt.body)})
			_, err := c.Tenants.Get(t.Context(), tenant)
			if err == nil {
				t.Fatalf("Get answered by %d = nil", tt.code)
			}
			for _, sentinel := range sentinels {
				if errors.Is(err, sentinel) != (sentinel == tt.kind) {
					t.Errorf("%v: errors.Is(%v) = %v", err, sentinel, sentinel != tt.kind)
				}
			}
			var api *googleapi.Error
			if !errors.As(err, &api) || !strings.HasPrefix(err.Error(), "scimtenant: get "+tenantText+": ") || !strings.Contains(err.Error(), tt.remedy) {
				t.Errorf("%v: want the call, %q and a *googleapi.Error within", err, tt.remedy)
			}
			if strings.Contains(tt.body, "The service says no.") && !strings.Contains(err.Error(), "The service says no. (HTTP ") {
				t.Errorf("%v: want the service's own words", err)
			}
		})
	}
}
