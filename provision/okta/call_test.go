package okta_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

func TestNew(t *testing.T) {
	t.Parallel()
	good := func() okta.Config {
		return okta.Config{Org: "https://example.okta.com", App: oktafake.App, Token: iamscim.NewSecret("t")}
	}
	for name, change := range map[string]func(*okta.Config){
		"no org": func(c *okta.Config) { c.Org = "" }, "http": func(c *okta.Config) { c.Org = "http://example.okta.com" },
		"a path": func(c *okta.Config) { c.Org = "https://example.okta.com/api/v1" }, "a query": func(c *okta.Config) { c.Org = "https://example.okta.com?x" },
		"no scheme": func(c *okta.Config) { c.Org = "example.okta.com" }, "a user": func(c *okta.Config) { c.Org = "https://a:b@example.okta.com" },
		"Admin Console": func(c *okta.Config) { c.Org = "https://example-admin.okta.com" }, "invisible": func(c *okta.Config) { c.Org = "https://example.okta.com\u200b" },
		"fragment": func(c *okta.Config) { c.Org = "https://example.okta.com/#x" }, "ftp": func(c *okta.Config) { c.Org = "ftp://example.okta.com" },
		"no app": func(c *okta.Config) { c.App = "" }, "an app's path": func(c *okta.Config) { c.App = "../users" }, "an app's name": func(c *okta.Config) { c.App = "google workforce" },
		"no token": func(c *okta.Config) { c.Token = iamscim.Secret{} }, "a token with a line feed": func(c *okta.Config) { c.Token = iamscim.NewSecret("secret-text\n") },
		"two tokens": func(c *okta.Config) { c.TokenSource = oauth2.StaticTokenSource(&oauth2.Token{}) }, "policy": func(c *okta.Config) { c.Retry.MaxAttempts = -1 },
	} {
		cfg := good()
		change(&cfg)
		c, err := okta.New(cfg)
		if e, ok := errors.AsType[*iamscim.Error](err); c != nil || !ok || !errors.Is(err, iamscim.ErrInvalidArgument) || len(e.Violations) != 1 || strings.Contains(err.Error(), "secret-text") {
			t.Errorf("%s: New = %v, %v, want one violation", name, c, err)
		}
	}
	if _, err := okta.New(okta.Config{}); len(err.(*iamscim.Error).Violations) != 3 {
		t.Errorf("the zero Config: %v, want all faults at once", err)
	}
	for _, org := range []string{"https://example.okta.com/", "https://login.example.com:8443", "http://localhost:1", "http://[::1]:1"} {
		cfg := good()
		cfg.Org = org
		if _, err := okta.New(cfg); err != nil {
			t.Errorf("%s: %v", org, err)
		}
	}
}

func TestZeroClient(t *testing.T) {
	t.Parallel()
	for _, c := range []*okta.Client{nil, {}} {
		ctx := t.Context()
		_, err1 := c.Roster(ctx, okta.RosterOptions{})
		_, err2 := c.Status(ctx)
		_, err3 := c.Push(ctx, "a")
		_, err4 := c.Why(ctx, "a")
		_, err5 := c.Checklist(ctx, idp.Connection{})
		for i, err := range []error{err1, err2, err3, err4, err5, c.SetUp(ctx, idp.Connection{}), c.CutOver(ctx, idp.Connection{}), c.Stop(ctx)} {
			if !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Errorf("method %d: %v", i, err)
			}
		}
	}
}

// Each kind of failure, for a read of one resource and for a list.
func TestFailures(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(code)
			io.WriteString(w, body)
		}
	}
	tests := []struct {
		name     string
		reply    func(http.ResponseWriter)
		want     error
		attempts int
	}{
		{"token rejected", status(401, `{"errorCode":"E0000011","errorSummary":"Invalid token provided: `+oktafake.Token+`"}`), iamscim.ErrUnauthenticated, 1},
		{"401 of a proxy", status(401, "<html>"+oktafake.Token), iamscim.ErrUnauthenticated, 1},
		{"denied", status(403, ""), iamscim.ErrPermissionDenied, 1},
		{"throttled", status(429, `{"errorCode":"E0000047"}`), iamscim.ErrThrottled, 3},
		{"internal", status(500, `{"errorCode":"E0000009"}`), iamscim.ErrUnavailable, 3},
		{"gateway", status(502, "<html>"), iamscim.ErrUnavailable, 3},
		{"redirect", func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.com/"+oktafake.Token)
			w.WriteHeader(302)
		}, iamscim.ErrRedirected, 1},
		{"HTML", status(200, "<html>"), iamscim.ErrBadReply, 1},
		{"null", status(200, "null"), iamscim.ErrBadReply, 1},
		{"another kind of JSON", status(200, `"text"`), iamscim.ErrBadReply, 1},
		{"a number for an id", status(200, `{"id":1}`), iamscim.ErrBadReply, 1},
		{"two documents", status(200, "{}{}"), iamscim.ErrBadReply, 1},
		{"an empty body", status(200, ""), iamscim.ErrBadReply, 3},
		{"half a body", status(200, `{"id":"0oa1gj`), iamscim.ErrBadReply, 3},
		{"half of what was announced", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"id":`)
		}, iamscim.ErrUnavailable, 3},
		{"another app", status(200, `{"id":"0oa00000000000000000","status":"ACTIVE"}`), iamscim.ErrBadReply, 1},
		{"millions of values", status(200, "["+strings.Repeat("{},", 1<<20)+"{}]"), iamscim.ErrBadReply, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := acme(1)
			o.Intercept = func(_ int, w http.ResponseWriter, r *http.Request) bool { test.reply(w); return true }
			_, err := start(t, o).Roster(t.Context(), okta.RosterOptions{})
			e := failure0(t, err, test.want)
			if n := len(o.Requests()); n != test.attempts && !(test.name == "denied" && n == 3) {
				t.Errorf("%d requests, want %d", n, test.attempts)
			}
			if test.name != "denied" && e.Attempts != test.attempts {
				t.Errorf("Attempts = %d, want %d", e.Attempts, test.attempts)
			}
		})
	}
}

// failure0 is failure for errors that don't need a remedy.
func failure0(t *testing.T, err, kind error) *iamscim.Error {
	t.Helper()
	e, ok := errors.AsType[*iamscim.Error](err)
	if !ok || !errors.Is(err, kind) || strings.Contains(err.Error(), oktafake.Token) {
		t.Fatalf("the error is %v, want an *iamscim.Error that is %v, without the token", err, kind)
	}
	return e
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	c := client(t, acme(1), "http://127.0.0.1:1", nil)
	_, err := c.Why(t.Context(), "secret@example.com")
	if e := failure0(t, err, iamscim.ErrUnavailable); e.Attempts != 3 || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v after %d attempts", err, e.Attempts)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ended: %v", err)
	}
}

// The token source may fail, and give what isn't a token.
func TestTokenSource(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(acme(1))
	defer s.Close()
	for name, source := range map[string]oauth2.TokenSource{
		"fails": sourceFunc(func() (*oauth2.Token, error) { return nil, errors.New("no key") }),
		"nil":   sourceFunc(func() (*oauth2.Token, error) { return nil, nil }),
		"empty": sourceFunc(func() (*oauth2.Token, error) { return &oauth2.Token{}, nil }),
		"space": sourceFunc(func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "secret text"}, nil }),
	} {
		c, err := okta.New(okta.Config{Org: s.URL, App: oktafake.App, TokenSource: source, Retry: quick})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Status(t.Context())
		if e := failure0(t, err, iamscim.ErrUnauthenticated); e.Remedy == "" || strings.Contains(err.Error(), "secret text") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

// No log has the token, a name or an address, whatever happens.
func TestLog(t *testing.T) {
	t.Parallel()
	o := acme(2)
	s := httptest.NewServer(o)
	defer s.Close()
	var log bytes.Buffer
	c, err := okta.New(okta.Config{
		Org: s.URL, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token), Retry: quick,
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Why(t.Context(), "user1@example.com"); err != nil {
		t.Fatal(err)
	}
	o.Do(func() { o.Connection = "DISABLED" })
	if _, err := c.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if !strings.Contains(text, "path=/api/v1/apps/"+oktafake.App+"/users") || !strings.Contains(text, "status=200") {
		t.Errorf("the log is:\n%s", text)
	}
	for _, never := range []string{oktafake.Token, "user1", "example.com", "SSWS"} {
		if strings.Contains(text, never) {
			t.Errorf("the log has %q:\n%s", never, text)
		}
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, okta.Config{Token: iamscim.NewSecret(oktafake.Token)}); strings.Contains(printed, oktafake.Token) {
		t.Error("a printed client has the token")
	}
}
