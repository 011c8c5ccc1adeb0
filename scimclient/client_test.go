package scimclient_test

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

func TestNewBaseURI(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		uri  string
		want string // the base URI kept; "" for an error
		says string
	}{
		{"as the tenant has it", "https://iamscim.googleapis.com/v1alpha1/tenants/u", "https://iamscim.googleapis.com/v1alpha1/tenants/u", ""},
		{"with a slash, as the field's comment has it", "https://iamscim.googleapis.com/v1alpha1/tenants/u/", "https://iamscim.googleapis.com/v1alpha1/tenants/u", ""},
		{"as Entra ID wants it", "https://iamscim.googleapis.com/v1alpha1/tenants/u?aadOptscim062020", "https://iamscim.googleapis.com/v1alpha1/tenants/u", ""},
		{"both", "https://iamscim.googleapis.com/v1alpha1/tenants/u/?aadOptscim062020", "https://iamscim.googleapis.com/v1alpha1/tenants/u", ""},
		{"a host alone", "https://scim.example.com", "https://scim.example.com", ""},
		{"an escaped path", "https://scim.example.com/a%2Fb/v2", "https://scim.example.com/a%2Fb/v2", ""},
		{"loopback address", "http://127.0.0.1:8085/v2", "http://127.0.0.1:8085/v2", ""},
		{"loopback address of version 6", "http://[::1]:8085/v2", "http://[::1]:8085/v2", ""},
		{"loopback name", "http://localhost/v2", "http://localhost/v2", ""},

		{"http elsewhere", "http://iamscim.googleapis.com/v1", "", "https is required"},
		{"http to a name that only begins like loopback", "http://127.0.0.1.example.com/", "", "https is required"},
		{"http to an address of the network", "http://10.0.0.1/", "", "https is required"},
		{"another scheme", "ftp://iamscim.googleapis.com/v1", "", "https is required"},
		{"empty", "", "", "is empty"},
		{"no scheme", "iamscim.googleapis.com/v1", "", "no host"},
		{"opaque", "https:iamscim.googleapis.com", "", "no host"},
		{"another query", "https://h/v1?x=1", "", "query"},
		{"two queries", "https://h/v1?aadOptscim062020&x=1", "", "query"},
		{"an empty query", "https://h/v1?", "", "query"},
		{"fragment", "https://h/v1#f", "", "fragment"},
		{"empty fragment", "https://h/v1#", "", "fragment"},
		{"user information", "https://me:hunter2@h/v1", "", "user information"},
		{"does not parse, with a password", "https://me:hunter2@h:x/v1", "", "not a URI"},
		{"white space around it", " https://h/v1\n", "", "a space (U+0020) at character 1"},
		{"zero-width space", "https://h/v1\u200b", "", "a zero-width space (U+200B) at character 13"},
		{"byte order mark", "\ufeffhttps://h/v1", "", "a byte order mark (U+FEFF) at character 1"},
		{"soft hyphen", "https://h\u00ad/v1", "", "a soft hyphen (U+00AD) at character 10"},
		{"right-to-left mark", "https://h/v1\u200f", "", "a right-to-left mark (U+200F) at character 13"},
		{"zero-width joiner", "https://h/v\u200d1", "", "a zero-width joiner (U+200D) at character 12"},
		{"typographic quotes", "\u201chttps://h/v1\u201d", "", "a quotation mark (U+201C) at character 1"},
		{"straight quotes", `"https://h/v1"`, "", "a quotation mark (U+0022) at character 1"},
		{"typographic dash", "https://h/v1\u2013x", "", "a typographic dash (U+2013) at character 13"},
		{"a host outside ASCII", "https://b\u00fccher.example/v1", "", "outside ASCII at character 10"},
		{"dots", "https://h/v1/../v2", "", "dots"},
		{"escaped dots", "https://h/v1/%2e%2e/v2", "", "dots"},
		{"two slashes", "https://h/v1//", "", "empty segment"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked string
			transport := roundTripper(func(r *http.Request) (*http.Response, error) {
				asked = r.URL.String()
				return nil, errors.New("no network here")
			})
			c, err := scimclient.New(tt.uri, tokens(testToken), scimclient.WithHTTPClient(&http.Client{Transport: transport}))
			if tt.want == "" {
				if !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), tt.says) {
					t.Fatalf("New(%q) = %v, want an error that says %q", tt.uri, err, tt.says)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("New(%q) = %v, which shows the password", tt.uri, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("New(%q) = %v", tt.uri, err)
			}
			_, _ = c.Users.Get(t.Context(), "1")
			if asked != tt.want+"/Users/1" {
				t.Errorf("New(%q).Users.Get asked %s, want %s/Users/1", tt.uri, asked, tt.want)
			}
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestNewRefusesOptions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ts   oauth2.TokenSource
		opts []scimclient.Option
		says []string
	}{
		{"no token source", nil, nil, []string{"token source is nil"}},
		{"nil option", tokens("t"), []scimclient.Option{nil}, []string{"option is nil"}},
		{"nil HTTP client", tokens("t"), []scimclient.Option{scimclient.WithHTTPClient(nil)}, []string{"WithHTTPClient"}},
		{"nil logger", tokens("t"), []scimclient.Option{scimclient.WithLogger(nil)}, []string{"WithLogger"}},
		{"no rate", tokens("t"), []scimclient.Option{scimclient.WithRate(0)}, []string{"WithRate"}},
		{"negative retry", tokens("t"), []scimclient.Option{scimclient.WithRetry(iamscim.RetryPolicy{Budget: -1})}, []string{"RetryPolicy"}},
		{"another service account", tokens("t"), []scimclient.Option{scimclient.WithServiceAgent("me@example.com")}, []string{"WithServiceAgent"}},
		{"all at once", nil, []scimclient.Option{scimclient.WithRate(-1), scimclient.WithLogger(nil)}, []string{"token source", "WithRate", "WithLogger"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := scimclient.New("https://h/v1", tt.ts, tt.opts...)
			if !errors.Is(err, iamscim.ErrInvalidArgument) {
				t.Fatalf("New = %v, want ErrInvalidArgument", err)
			}
			for _, says := range tt.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("New = %v, want it to name %q", err, says)
				}
			}
		})
	}
}

func TestTokensThatCannotWork(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		ts   oauth2.TokenSource
		says string
	}{
		{"empty", tokens(""), "empty"},
		{"zero secret", iamscim.Secret{}.TokenSource(), "empty"},
		{"no token and no error", nilToken{}, "empty"},
		{"trailing newline, a documented cause of 401", tokens("fake-token\n"), "a line feed (U+000A) at character 11"},
		{"the scheme pasted along", tokens("Bearer fake-token"), "a space (U+0020) at character 7"},
		{"control character", tokens("fake\x00token"), "a control character (U+0000) at character 5"},
		{"zero-width space", tokens("fake\u200btoken"), "a zero-width space (U+200B) at character 5"},
		{"byte order mark", tokens("\ufefffake-token"), "a byte order mark (U+FEFF) at character 1"},
		{"typographic quotes", tokens("\u201cfake-token\u201d"), "a quotation mark (U+201C) at character 1"},
		{"typographic dash", tokens("fake\u2011token"), "a typographic dash (U+2011) at character 5"},
		{"Latin 1", tokens("fake-t\u00f6ken"), "outside ASCII at character 7"},
		{"not UTF-8", tokens("fake\xfftoken"), "a byte that isn't UTF-8 at character 5"},
		{"the source fails", failingSource{}, "vault is sealed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			s, _ := serve(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
			c, err := scimclient.New(s.URL, tt.ts)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.CheckAccess(t.Context())
			if !errors.Is(err, iamscim.ErrUnauthenticated) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("CheckAccess = %v, want ErrUnauthenticated saying %q", err, tt.says)
			}
			if errors.Is(err, scimclient.ErrTokenRejected) {
				t.Errorf("CheckAccess = %v: nobody rejected it", err)
			}
			if requests.Load() != 0 || strings.Contains(err.Error(), "fake") {
				t.Errorf("CheckAccess sent %d requests and said %v, want none, and nothing of the token", requests.Load(), err)
			}
		})
	}
}

type nilToken struct{}

func (nilToken) Token() (*oauth2.Token, error) { return nil, nil }

// plainSource holds its token in plain sight.
type plainSource struct{ Text string }

func (s plainSource) Token() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: s.Text}, nil }

type failingSource struct{}

func (failingSource) Token() (*oauth2.Token, error) { return nil, errors.New("vault is sealed") }

// TestRedirects: a redirect would carry the token, and with 307 and 308 the
// body, to wherever it points.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
			t.Run(method+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				thief, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					t.Errorf("another origin got %s with Authorization %q", r.Method, r.Header.Get("Authorization"))
				})
				var requests atomic.Int32
				_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
					requests.Add(1)
					http.Redirect(w, r, thief.URL+"/Users/1", status)
				})
				err := callByMethod(t, c, method)
				if !errors.Is(err, iamscim.ErrRedirected) || method == "GET" && requests.Load() != 1 {
					t.Errorf("%s after %d = %v with %d requests, want ErrRedirected with 1", method, status, err, requests.Load())
				}
			})
		}
	}
}

// callByMethod makes a call that begins with a request of this method.
func callByMethod(t testing.TB, c *scimclient.Client, method string) error {
	t.Helper()
	ctx := t.Context()
	var err error
	switch method {
	case "GET":
		_, err = c.Users.Get(ctx, "1")
	case "POST":
		_, err = c.Users.Create(ctx, user("u@example.com"))
	case "PUT":
		_, err = c.Users.Replace(ctx, &scimclient.User{ID: "1", UserName: "u@example.com"})
	case "PATCH":
		err = c.Users.Deactivate(ctx, "1")
	case "DELETE":
		err = c.Users.Delete(ctx, "1")
	default:
		t.Fatalf("no call for %s", method)
	}
	return err
}

// TestHTTPClientIsCopied: a client the caller uses elsewhere must go on
// following redirects there.
func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	mine := &http.Client{}
	if _, err := scimclient.New("https://h/v1", tokens("t"), scimclient.WithHTTPClient(mine)); err != nil {
		t.Fatal(err)
	}
	if mine.CheckRedirect != nil || mine.Transport != nil {
		t.Error("New changed the caller's http.Client")
	}
}

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	var get, patch http.Header
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			get = r.Header
		} else {
			patch = r.Header
		}
		w.Write([]byte(`{"id":"1"}`))
	})
	if _, err := c.Users.Get(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Users.Patch(t.Context(), "1", new(scimclient.Patch).Remove("title"), scimclient.IfMatch(`W/"1"`)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		header     http.Header
		name, want string
	}{
		{get, "Authorization", "Bearer " + testToken},
		{get, "Accept", "application/scim+json, application/json"},
		{get, "Content-Type", ""},
		{get, "If-Match", ""},
		{patch, "Authorization", "Bearer " + testToken},
		{patch, "Content-Type", "application/scim+json"},
		{patch, "If-Match", `W/"1"`},
	} {
		if got := tt.header.Get(tt.name); got != tt.want {
			t.Errorf("header %s = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestLog: what is logged must not hold the token, names or mail addresses.
func TestLog(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	logger := slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	n := 0
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			w.WriteHeader(503)
			return
		}
		w.Write([]byte(`{"totalResults":1,"Resources":[{"id":"1","userName":"bjensen@example.com"}]}`))
	}, scimclient.WithLogger(logger))
	u, err := c.Users.Find(t.Context(), "bjensen@example.com")
	if err != nil {
		t.Fatal(err)
	}
	logger.Info("found", "user", u, "value", *u, "group", scimclient.Group{ID: "g", DisplayName: "bjensen"})
	text := b.String()
	for _, secret := range []string{testToken, "bjensen", "filter"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log shows %q:\n%s", secret, text)
		}
	}
	for _, want := range []string{"level=DEBUG", "level=INFO", "path=/Users", "status=503", "status=200", "User 1", "Group g"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
}
