package entratest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/provision/entratest"
)

// graph speaks raw HTTP to a server.
type graph struct {
	*entratest.Server
	t      testing.TB
	client *http.Client
	url    string
	token  string
}

// start makes a server on loopback and gets a token.
func start(t testing.TB, opts ...entratest.Option) *graph {
	t.Helper()
	srv := entratest.Start(t, opts...)
	return connect(t, srv, srv.HTTPClient(), srv.URL())
}

func connect(t testing.TB, srv *entratest.Server, client *http.Client, url string) *graph {
	t.Helper()
	g := &graph{Server: srv, t: t, client: client, url: url}
	got := g.login(entratest.DefaultClientID, entratest.DefaultClientSecret)
	g.token, _ = got.json["access_token"].(string)
	if g.token == "" {
		t.Fatalf("no access token: %d %s", got.status, got.body)
	}
	return g
}

func (g *graph) login(id, secret string) answer {
	g.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {"https://graph.microsoft.com/.default"}}
	req := must(http.NewRequestWithContext(g.t.Context(), "POST", g.url+strings.TrimPrefix(g.TokenURL(), g.url), strings.NewReader(form.Encode())))(g.t)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return g.send(req)
}

// answer is a reply.
type answer struct {
	status int
	header http.Header
	body   []byte
	json   map[string]any
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (g *graph) send(req *http.Request) answer {
	g.t.Helper()
	resp := must(g.client.Do(req))(g.t)
	defer resp.Body.Close()
	a := answer{status: resp.StatusCode, header: resp.Header, body: must(io.ReadAll(resp.Body))(g.t)}
	json.Unmarshal(a.body, &a.json)
	return a
}

func (g *graph) request(method, path, body string, header ...string) *http.Request {
	g.t.Helper()
	if !strings.HasPrefix(path, "/beta/") && !strings.HasPrefix(path, "http") {
		path = "/v1.0" + path
	}
	if !strings.HasPrefix(path, "http") {
		path = g.url + path
	}
	req := must(http.NewRequestWithContext(g.t.Context(), method, strings.ReplaceAll(path, " ", "%20"), strings.NewReader(body)))(g.t)
	req.Header.Set("Authorization", "Bearer "+g.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

func (g *graph) do(method, path, body string, header ...string) answer {
	g.t.Helper()
	return g.send(g.request(method, path, body, header...))
}

// must sends a request that has this status.
func (g *graph) must(status int, method, path, body string, header ...string) map[string]any {
	g.t.Helper()
	got := g.do(method, path, body, header...)
	if got.status != status {
		g.t.Fatalf("%s %s = %d %s, want %d", method, path, got.status, got.body, status)
	}
	return got.json
}

// all follows the links of a list.
func (g *graph) all(path string, header ...string) []map[string]any {
	g.t.Helper()
	var items []map[string]any
	for path != "" {
		page := g.must(200, "GET", path, "", header...)
		for _, x := range page["value"].([]any) {
			items = append(items, x.(map[string]any))
		}
		path, _ = page["@odata.nextLink"].(string)
	}
	return items
}

// dig finds a value in JSON by names.
func dig(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// app is a custom app with a job, not started.
type app struct {
	sp, job string
	sync    string // path of its synchronization
}

func (g *graph) app() app {
	g.t.Helper()
	made := g.must(201, "POST", "/applicationTemplates/"+entratest.TemplateCustom+"/instantiate", `{"displayName":"Google"}`)
	a := app{sp: dig(made, "servicePrincipal", "id").(string)}
	a.sync = "/servicePrincipals/" + a.sp + "/synchronization"
	a.job = g.must(201, "POST", a.sync+"/jobs", `{"templateId":"scim"}`)["id"].(string)
	return a
}

func (a app) path(rest string) string { return a.sync + "/jobs/" + a.job + rest }

// quoted is a text in JSON.
func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func secretsBody(list map[string]string) string {
	var b bytes.Buffer
	b.WriteString(`{"value":[`)
	for i, key := range slices.Sorted(maps.Keys(list)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"key":` + quoted(key) + `,"value":` + quoted(list[key]) + `}`)
	}
	b.WriteString(`]}`)
	return b.String()
}
