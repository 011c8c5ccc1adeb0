package gapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// The secrets that a program hands to the clients. Their characters are those
// that JSON, HTML and URLs write in more than one way.
const (
	oidcSecret     = `0idc-s3cret"\<&>é~/+`
	extraSecret    = `3xtra-s3cret'{}[]`
	extendedSecret = `3xtended-s3cret:=;,`
	callerToken    = "ya29.c4ller-access-t0ken_-x"
)

var secretsSent = []string{oidcSecret, extraSecret, extendedSecret, callerToken}

// spelled are the ways a secret can be written.
func spelled(secret string) []string {
	escaped, err := json.Marshal(secret)
	if err != nil {
		panic(err)
	}
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	if err := e.Encode(secret); err != nil {
		panic(err)
	}
	twice, err := json.Marshal(string(escaped))
	if err != nil {
		panic(err)
	}
	unquote := func(s string) string { s = strings.TrimSpace(s); return s[1 : len(s)-1] }
	return []string{
		secret, unquote(string(escaped)), unquote(plain.String()), strings.Trim(string(twice), `"\`),
		url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), unquote(fmt.Sprintf("%q", secret)),
		fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprint([]byte(secret)),
	}
}

// wantNone fails if a secret is in text, in any spelling.
func wantNone(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, s := range spelled(secret) {
			if i := strings.Index(text, s); i >= 0 {
				t.Errorf("%s has the secret %q: …%s…", where, secret, text[max(0, i-80):min(len(text), i+len(s)+40)])
				break
			}
		}
	}
}

// wantAll fails unless text has every part.
func wantAll(t *testing.T, where, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: %q is missing from %s", where, p, text)
		}
	}
}

// reachable is every string that can be reached from v, through pointers,
// interfaces, maps and unexported fields.
func reachable(v any) string {
	var b strings.Builder
	seen := map[uintptr]bool{}
	var walk func(reflect.Value, int)
	walk = func(v reflect.Value, depth int) {
		if depth > 60 {
			return
		}
		switch v.Kind() {
		case reflect.String:
			b.WriteString(v.String())
			b.WriteByte('\n')
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
			walk(v.Elem(), depth+1)
		case reflect.Interface:
			if !v.IsNil() {
				walk(v.Elem(), depth+1)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i), depth+1)
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				walk(k, depth+1)
				walk(v.MapIndex(k), depth+1)
			}
		case reflect.Slice, reflect.Array:
			if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
				b.Write(v.Bytes())
				b.WriteByte('\n')
				return
			}
			for i := range v.Len() {
				walk(v.Index(i), depth+1)
			}
		}
	}
	walk(reflect.ValueOf(v), 0)
	return b.String()
}

// createRequest has every secret a provider can have.
func createRequest() provider.CreateRequest {
	client := func(kind provider.AttributesType, secret string) *provider.AttributesClient {
		return &provider.AttributesClient{AttributesType: kind, IssuerURI: "https://login.example.com", ClientID: "client", ClientSecret: iamscim.NewSecret(secret)}
	}
	return provider.CreateRequest{
		Name: must(provider.NewName(pool, "leaky")), AttributeMapping: map[string]string{"google.subject": "assertion.sub"},
		OIDC: &provider.OIDC{
			IssuerURI: "https://idp.example.com", ClientID: "client", ClientSecret: iamscim.NewSecret(oidcSecret),
			WebSSO: &provider.WebSSO{ResponseType: provider.ResponseCode, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken},
		},
		ExtraAttributes:    client(provider.AzureADGroupsMail, extraSecret),
		ExtendedAttributes: client(provider.AzureADGroupsID, extendedSecret),
	}
}

func updateRequest(name provider.Name) provider.UpdateRequest {
	r := createRequest()
	return provider.UpdateRequest{
		Name: name, OIDC: &provider.OIDCUpdate{ClientSecret: &r.OIDC.ClientSecret},
		ExtraAttributes: r.ExtraAttributes, ExtendedAttributes: r.ExtendedAttributes,
	}
}

// TestValuesDoNotLeak prints, encodes, logs and panics with everything that
// holds a secret or comes from a call that had one.
func TestValuesDoNotLeak(t *testing.T) {
	t.Parallel()
	srv := scimtest.Start(t)
	prepare(t, srv, withTenant)
	c := newClients(t, srv.ClientOptions()...)
	made, err := c.Providers.Create(t.Context(), createRequest())
	if err != nil {
		t.Fatal(err)
	}
	key, secret, err := c.Tokens.Create(t.Context(), scimtoken.CreateRequest{Name: token})
	if err != nil {
		t.Fatal(err)
	}
	store := new(scimtoken.MemoryStore)
	rotation, err := c.Tokens.Rotate(t.Context(), scimtoken.RotateRequest{
		Tenant: tenant, Store: store, Replaces: token, Verify: func(context.Context, scimtoken.Secret) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	record, _, err := store.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, "the record", record.Reveal(), rotation.Secret.Reveal())
	secrets := append([]string{secret.Reveal(), rotation.Secret.Reveal()}, secretsSent...)
	type own struct {
		Exported   scimtoken.Secret
		unexported scimtoken.Secret
		pointer    *scimtoken.Secret
		nested     struct{ in map[string]scimtoken.Secret }
		request    provider.CreateRequest
	}
	mine := own{secret, secret, &secret, struct{ in map[string]scimtoken.Secret }{map[string]scimtoken.Secret{"k": secret}}, createRequest()}
	create, update := createRequest(), updateRequest(parent)
	values := map[string]any{
		"secret": secret, "struct with secrets": mine, "pointer to it": &mine, "slice": []own{mine}, "map": map[string]*own{"k": &mine},
		"create request": create, "pointer to a create request": &create, "OIDC": create.OIDC, "attributes client": *create.ExtraAttributes,
		"update request": update, "OIDC update": *update.OIDC, "provider": made, "token": key, "rotation": rotation, "record": record, "store": store,
		"token source": secret.TokenSource(), "provider client": c.Providers, "token client": c.Tokens,
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			wantNone(t, verb+" of "+name, fmt.Sprintf(verb, v), secrets...)
		}
		encoded, err := json.Marshal(v)
		wantNone(t, "JSON of "+name, string(encoded)+fmt.Sprint(err), secrets...)
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).With("w", v).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&b, nil)).With("w", v).Info("m", "v", v)
		wantNone(t, "slog of "+name, b.String(), secrets...)
		// The memory of a client's connections holds what they carried.
		if name != "token client" && name != "provider client" && name != "rotation" {
			wantNone(t, "what is reachable from "+name, reachable(v), secrets...)
		}
		func() {
			defer func() {
				r := recover()
				wantNone(t, "panic with "+name, fmt.Sprint(r)+fmt.Sprintf("%+v %#v", r, r), secrets...)
			}()
			panic(v)
		}()
	}
	for _, r := range srv.Requests() {
		wantNone(t, "the server's record of "+r.Path, string(r.Body), secrets...)
	}
}

// echo answers every request with a refusal that repeats what it was sent.
func echo(status int, shape string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			panic(err)
		}
		auth := r.Header.Get("Authorization")
		bare := strings.TrimPrefix(auth, "Bearer ")
		all := fmt.Sprintf("refused %s with %s (%s) and %s %s %s", sent, auth, bare, oidcSecret, extraSecret, extendedSecret)
		w.Header().Set("X-Request-Id", "request-17")
		w.Header().Set("X-Echo", strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, all))
		var body []byte
		switch shape {
		case "status model":
			details := []any{
				map[string]any{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []any{map[string]any{"field": "oidc.client_secret", "description": all}}},
				map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "R", "domain": "d", "metadata": map[string]any{"echo": all}},
				map[string]any{"@type": "type.googleapis.com/google.rpc.DebugInfo", "detail": all, "stackEntries": []any{all}},
				map[string]any{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": []any{map[string]any{"type": all, "subject": all, "description": all}}},
			}
			body, err = json.Marshal(map[string]any{"error": map[string]any{
				"code": status, "message": all, "status": "FAILED_PRECONDITION", "details": details,
				"errors": []any{map[string]any{"message": all, "reason": all, "domain": "global"}},
			}})
		case "unescaped JSON":
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			err = e.Encode(map[string]any{"error": map[string]any{"code": status, "message": all, "status": "FAILED_PRECONDITION"}})
			body = b.Bytes()
		case "HTML":
			w.Header().Set("Content-Type", "text/html")
			body = []byte("<html><body>" + html.EscapeString(all) + "</body></html>")
		case "URL":
			body = []byte("see https://example.com/?q=" + url.QueryEscape(all))
		case "text":
			body = []byte(all)
		}
		if err != nil {
			panic(err)
		}
		w.WriteHeader(status)
		if _, err := w.Write(body); err != nil {
			panic(err)
		}
	})
}

// TestErrorsDoNotLeak: a server that repeats secrets does not get them into an
// error, its parts included.
func TestErrorsDoNotLeak(t *testing.T) {
	t.Parallel()
	calls := []struct {
		name string
		call func(context.Context, *clients) error
		want string // a name that stays visible
	}{
		{"create", func(ctx context.Context, c *clients) error {
			_, err := c.Providers.Create(ctx, createRequest())
			return err
		}, "provider: create " + poolText + "/providers/leaky"},
		{"update", func(ctx context.Context, c *clients) error {
			_, err := c.Providers.Update(ctx, updateRequest(parent))
			return err
		}, "provider: update " + providerText},
	}
	for _, call := range calls {
		for _, shape := range []string{"status model", "unescaped JSON", "HTML", "URL", "text"} {
			for _, status := range []int{400, 409, 503} {
				t.Run(fmt.Sprintf("%s, %s, %d", call.name, shape, status), func(t *testing.T) {
					t.Parallel()
					srv := httptest.NewServer(echo(status, shape))
					defer srv.Close()
					c := newClients(t, option.WithEndpoint(srv.URL), option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: callerToken})),
						provider.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}))
					err := call.call(t.Context(), c)
					if err == nil {
						t.Fatal("no error")
					}
					var api *googleapi.Error
					if !errors.As(err, &api) || api.Code != status || api.Header.Get("X-Request-Id") != "request-17" {
						t.Errorf("%v: want a *googleapi.Error %d with the request id", err, status)
					}
					wantAll(t, "the error", err.Error(), call.want, fmt.Sprint("HTTP ", status))
					if strings.HasPrefix(shape, "status") || shape == "unescaped JSON" {
						if status == 400 && !errors.Is(err, iamscim.ErrFailedPrecondition) {
							t.Errorf("%v: scrubbing lost the status", err)
						}
						wantAll(t, "the error", err.Error(), "refused")
					}
					for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%+v", api), fmt.Sprintf("%#v", api), api.Error(), reachable(err)} {
						wantNone(t, "the error", text, secretsSent...)
					}
					encoded, merr := json.Marshal(api)
					wantNone(t, "the error's JSON", string(encoded)+fmt.Sprint(merr), secretsSent...)
					var b bytes.Buffer
					slog.New(slog.NewJSONHandler(&b, nil)).Error("failed", "err", err, "api", api)
					wantNone(t, "the logged error", b.String(), secretsSent...)
				})
			}
		}
	}
}

// TestCutErrorsDoNotLeak: a refusal that is cut short is still scrubbed.
func TestCutErrorsDoNotLeak(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusForbidden)
		if _, err := io.WriteString(w, `{"error":{"message":"no, `+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+`, says`); err != nil {
			panic(err)
		}
	}))
	defer srv.Close()
	c := newClients(t, option.WithEndpoint(srv.URL), option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: callerToken})))
	_, err := c.Tenants.Get(t.Context(), tenant)
	if !errors.Is(err, iamscim.ErrPermissionDenied) {
		t.Errorf("Get = %v, want ErrPermissionDenied", err)
	}
	wantNone(t, "the error", fmt.Sprintf("%v ", err)+reachable(err), callerToken)
	wantAll(t, "the error", err.Error(), "no, ", ", says", "HTTP 403")
}

// TestBadRepliesDoNotLeak: a 2xx that is not what it should be has the secret
// that was just made, or repeats one that was sent, where it does not belong.
func TestBadRepliesDoNotLeak(t *testing.T) {
	t.Parallel()
	const fresh = "fake-fresh-t0ken-s3cret"
	quoted, err := json.Marshal(oidcSecret)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, body string }{
		{"another token", `{"name":"` + tenantText + `/tokens/other","securityToken":"` + fresh + `"}`},
		{"no name", `{"securityToken":"` + fresh + `"}`},
		{"cut", `{"name":"` + tenantText + `/tokens/token-a","securityToken":"` + fresh},
		{"wrong type", `{"securityToken":["` + fresh + `"],"name":7}`},
		{"garbage behind it", `{"name":"` + tenantText + `/tokens/token-a","securityToken":"` + fresh + `"} trailing`},
		{"the secret for a name", `{"name":` + string(quoted) + `}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				if _, err := io.WriteString(w, tt.body); err != nil {
					panic(err)
				}
			}))
			defer srv.Close()
			c := newClients(t, option.WithEndpoint(srv.URL), option.WithHTTPClient(srv.Client()), provider.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1}))
			key, secret, err := c.Tokens.Create(t.Context(), scimtoken.CreateRequest{Name: token})
			if !errors.Is(err, iamscim.ErrOutcomeUnknown) || key != nil || !secret.IsZero() {
				t.Errorf("tokens.Create = %v, %v, want ErrOutcomeUnknown", key, err)
			}
			wantNone(t, "the error", fmt.Sprintf("%v %+v %#v ", err, err, err)+reachable(err), fresh)
			wantAll(t, "the error", err.Error(), tenantText+"/tokens/token-a", "may exist")
			_, err = c.Providers.Create(t.Context(), createRequest())
			if !errors.Is(err, iamscim.ErrOutcomeUnknown) {
				t.Errorf("providers.Create = %v, want ErrOutcomeUnknown", err)
			}
			wantNone(t, "the error", fmt.Sprintf("%v %+v %#v ", err, err, err)+reachable(err), oidcSecret, fresh)
		})
	}
}

// everything makes each call that has a secret in its request or its reply and
// returns the token's secret.
func everything(t testing.TB, c *clients) string {
	t.Helper()
	ctx := t.Context()
	if _, err := c.Providers.Create(ctx, createRequest()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Providers.Update(ctx, updateRequest(createRequest().Name)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Tenants.Create(ctx, scimtenant.CreateRequest{Name: tenant, ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups}); err != nil {
		t.Fatal(err)
	}
	if err := c.Organization.GrantSyncer(ctx, organization, agent); err != nil {
		t.Fatal(err)
	}
	_, secret, err := c.Tokens.Create(ctx, scimtoken.CreateRequest{Name: token})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Tokens.Create(ctx, scimtoken.CreateRequest{Name: token}); !errors.Is(err, iamscim.ErrAlreadyExists) {
		t.Fatalf("second create = %v, want ErrAlreadyExists", err)
	}
	return secret.Reveal()
}

// visible must be in the log all the same: names, methods, statuses, fields.
var visible = []string{
	"api request", "api response", tenantText + "/tokens", "workforcePoolProviderScimTokenId=token-a", "providers/leaky",
	"POST", "PATCH", "oidc.clientSecret.value.plainText", "thumbprint", "X-Goog-Api-Client",
}

// TestDebugLogDoesNotLeak: the Google client logs requests and replies in full
// at debug level; its records pass the redacting handler.
func TestDebugLogDoesNotLeak(t *testing.T) {
	t.Parallel()
	formats := map[string]func(io.Writer) slog.Handler{
		"JSON": func(w io.Writer) slog.Handler {
			return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
		},
		"text": func(w io.Writer) slog.Handler {
			return slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug})
		},
	}
	for name, handler := range formats {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := scimtest.Start(t)
			prepare(t, srv, withProvider)
			var b bytes.Buffer
			c := newClients(t, option.WithEndpoint(srv.URL()), option.WithLogger(slog.New(handler(&b))),
				option.WithAuthCredentialsJSON(option.ServiceAccount, serviceAccount(t)))
			secret := everything(t, c)
			wantNone(t, "the debug log", b.String(), append([]string{secret}, secretsSent...)...)
			wantAll(t, "the debug log", b.String(), visible...)
			for line := range strings.SplitSeq(b.String(), "\n") {
				if *printLog && name == "JSON" && strings.Contains(line, "tokens.create") {
					t.Logf("a token's creation in the log:\n%s", line)
				}
			}
		})
	}
}

var printLog = flag.Bool("debuglog", false, "print the log of a token's creation")

// serviceAccount is a key whose token exchange goes to a server of the test's
// own, so that the log of the auth library has a real access token in it.
func serviceAccount(t testing.TB) []byte {
	t.Helper()
	exchange := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, err := io.WriteString(w, `{"access_token":"`+callerToken+`","token_type":"Bearer","expires_in":3600}`); err != nil {
			panic(err)
		}
	}))
	t.Cleanup(exchange.Close)
	return serviceAccountAt(t, exchange.URL)
}

// The environment of the child process of TestEnvironmentLogDoesNotLeak.
const (
	childEndpoint = "IAMSCIM_TEST_CHILD_ENDPOINT"
	logLevel      = "GOOGLE_SDK_GO_LOGGING_LEVEL"
)

func isChild() bool { return os.Getenv(childEndpoint) != "" }

// TestEnvironmentLogDoesNotLeak: GOOGLE_SDK_GO_LOGGING_LEVEL=debug makes the
// Google client log to standard error, without an option.
func TestEnvironmentLogDoesNotLeak(t *testing.T) {
	if isChild() {
		c := newClients(t, option.WithEndpoint(os.Getenv(childEndpoint)), option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: callerToken})))
		everything(t, c)
		return
	}
	t.Parallel()
	srv := scimtest.Start(t)
	prepare(t, srv, withProvider)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEnvironmentLogDoesNotLeak$", "-test.v")
	cmd.Env = append(os.Environ(), childEndpoint+"="+srv.URL(), logLevel+"=debug")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	// The child's secret is not known here; all of the server's look alike.
	if found := regexp.MustCompile(`fake-[0-9a-f]{8,}`).Find(out); found != nil {
		t.Errorf("standard error has the token's secret %s", found)
	}
	wantNone(t, "standard error", string(out), secretsSent...)
	wantAll(t, "standard error", string(out), visible...)
	wantAll(t, "standard error", string(out), `"securityToken"`)
}
