package gapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
)

// TestDialRefuses: what could not work is an error of the constructor.
func TestDialRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ctx  context.Context
		opts []option.ClientOption
		want string
	}{
		"no context":              {nil, nil, "ctx must not be nil"},
		"an option that is nil":   {t.Context(), []option.ClientOption{option.WithoutAuthentication(), nil}, "option 1 is nil"},
		"a policy":                {t.Context(), []option.ClientOption{WithRetry(iamscim.RetryPolicy{Budget: -1})}, "must not be negative"},
		"an endpoint of no host":  {t.Context(), []option.ClientOption{option.WithoutAuthentication(), option.WithEndpoint("https:///v1")}, "must be an https or http URL with a host"},
		"an endpoint of ftp":      {t.Context(), []option.ClientOption{option.WithoutAuthentication(), option.WithEndpoint("ftp://h/")}, "must be an https or http URL with a host"},
		"an endpoint with blanks": {t.Context(), []option.ClientOption{option.WithoutAuthentication(), option.WithEndpoint("http://h/ ")}, "endpoint: "},
		"credentials of nobody":   {t.Context(), []option.ClientOption{option.WithAuthCredentialsJSON(option.ServiceAccount, []byte(`{"type":"x","private_key":"s3cret"}`))}, "connect to iam: "},
	} {
		conn, err := Dial(tt.ctx, IAM, tt.opts)
		if err == nil || conn != nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: Dial = %v, %v, want %q", name, conn, err, tt.want)
		}
	}
}

// TestDialDefaults: the connection has the policy with its defaults, and an endpoint.
func TestDialDefaults(t *testing.T) {
	t.Parallel()
	conn, err := Dial(t.Context(), ResourceManager, []option.ClientOption{option.WithHTTPClient(&http.Client{}), WithRetry(iamscim.RetryPolicy{Budget: time.Hour})})
	if err != nil {
		t.Fatal(err)
	}
	if p := conn.Policy(); p.Budget != time.Hour || p.Initial != time.Second {
		t.Errorf("the policy is %+v, want the caller's budget and the defaults", p)
	}
	shared, err := Dial(t.Context(), ResourceManager, []option.ClientOption{WithConn(conn), WithRetry(iamscim.RetryPolicy{MaxAttempts: 3})})
	if err != nil || shared.Policy().MaxAttempts != 3 || conn.Policy().MaxAttempts != 0 {
		t.Errorf("a shared connection: %+v, %v, want a policy of its own", shared.Policy(), err)
	}
}

// TestAsked: a reply of testIamPermissions is about what was asked for.
func TestAsked(t *testing.T) {
	t.Parallel()
	permissions := []string{"a.get", "b.get"}
	for _, got := range [][]string{nil, {"b.get"}, {"a.get", "b.get"}} {
		if err := asked(permissions, got); err != nil {
			t.Errorf("asked(%v, %v) = %v", permissions, got, err)
		}
	}
	if err := asked(permissions, []string{"a.get", "c.get"}); err == nil || !strings.Contains(err.Error(), `"c.get"`) {
		t.Errorf("Asked with a permission that nobody asked for = %v", err)
	}
}

// TestRetryInfo: the pause of a google.rpc.RetryInfo counts like a Retry-After; the
// longer one wins, and neither is more than an hour.
func TestRetryInfo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header, delay string
		want          time.Duration
	}{
		{"", "3.5s", 3500 * time.Millisecond},
		{"10", "3.5s", 10 * time.Second},
		{"2", "3.5s", 3500 * time.Millisecond},
		{"", "4000s", time.Hour},
		{"", "315576000000s", 0}, // more than a Duration holds
		{"", "-1s", 0},
		{"", "soon", 0},
	} {
		api := &googleapi.Error{Code: 429, Header: http.Header{"Retry-After": {tt.header}}, Body: `{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"reason":"R"},{"retryDelay":"` + tt.delay + `"}]}}`}
		if got := after(api); got != tt.want {
			t.Errorf("after(Retry-After %q, retryDelay %q) = %v, want %v", tt.header, tt.delay, got, tt.want)
		}
	}
	if got := after(errors.New("no answer")); got != 0 {
		t.Errorf("after(an error without an answer) = %v", got)
	}
}

// TestKind: the sentinel of a refusal, and none without an answer.
func TestKind(t *testing.T) {
	t.Parallel()
	if got := Kind(&googleapi.Error{Code: 404}); got != iamscim.ErrNotFound {
		t.Errorf("Kind of a 404 = %v", got)
	}
	if got := Kind(errors.New("no answer")); got != nil {
		t.Errorf("Kind without an answer = %v, want nil", got)
	}
}

// TestCause: a read that stands for a call loses its kind, and keeps the end of the
// context.
func TestCause(t *testing.T) {
	t.Parallel()
	inner := errors.New("inner")
	read := &iamscim.Error{Kind: iamscim.ErrNotFound, Attempts: 3, Err: inner}
	if got := cause(t.Context(), read); got != inner {
		t.Errorf("cause = %v, want the inner error alone", got)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if got := cause(ended, read); !errors.Is(got, inner) || !errors.Is(got, context.Canceled) || errors.Is(got, iamscim.ErrNotFound) {
		t.Errorf("cause after the end of ctx = %v", got)
	}
	for err, want := range map[error]int{read: 7, &iamscim.Error{Attempts: 1}: 5, inner: 5} {
		if got := total(5, err); got != want {
			t.Errorf("total(5, %v) = %d, want %d", err, got, want)
		}
	}
}

// TestTime: "" is the zero time, and nonsense an error.
func TestTime(t *testing.T) {
	t.Parallel()
	if got, err := Time(""); err != nil || !got.IsZero() {
		t.Errorf("Time of nothing = %v, %v", got, err)
	}
	if got, err := Time("2026-11-25T20:00:00.5Z"); err != nil || !got.Equal(time.Date(2026, 11, 25, 20, 0, 0, 5e8, time.UTC)) {
		t.Errorf("Time = %v, %v", got, err)
	}
	if _, err := Time("soon"); err == nil {
		t.Error("Time(soon) = nil, want an error")
	}
}
