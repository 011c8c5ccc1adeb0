package scimtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
)

// discovery is the part of a discovery document that describes methods and
// messages. See https://developers.google.com/discovery/v1/reference/apis.
type discovery struct {
	Parameters map[string]*schema   `json:"parameters"`
	Schemas    map[string]*schema   `json:"schemas"`
	Resources  map[string]*resource `json:"resources"`
}

type resource struct {
	Methods   map[string]*method   `json:"methods"`
	Resources map[string]*resource `json:"resources"`
}

type method struct {
	ID         string             `json:"id"`
	HTTPMethod string             `json:"httpMethod"`
	FlatPath   string             `json:"flatPath"`
	Parameters map[string]*schema `json:"parameters"`
	Request    *schema            `json:"request"`
	Response   *schema            `json:"response"`

	pattern *regexp.Regexp
	doc     *discovery
}

type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Enum                 []string           `json:"enum"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	Location             string             `json:"location"`
}

// loadDiscovery reads a document from the generated client's module.
var loadDiscovery = func() func(t testing.TB, file string) *discovery {
	var mu sync.Mutex
	dir := ""
	return func(t testing.TB, file string) *discovery {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if dir == "" {
			out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
			if err != nil {
				t.Fatalf("where is google.golang.org/api: %v", err)
			}
			dir = strings.TrimSpace(string(out))
		}
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		var d discovery
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		return &d
	}
}()

// methods are those of a resource and all below it.
func (d *discovery) methods(r *resource) []*method {
	var list []*method
	for _, m := range r.Methods {
		m.doc = d
		m.pattern = pathPattern(m.FlatPath)
		list = append(list, m)
	}
	for _, sub := range r.Resources {
		list = append(list, d.methods(sub)...)
	}
	return list
}

var variable = regexp.MustCompile(`\\\{[^}]*\\\}`)

func pathPattern(flatPath string) *regexp.Regexp {
	return regexp.MustCompile("^/" + variable.ReplaceAllString(regexp.QuoteMeta(flatPath), `([^/:]+)`) + "$")
}

// validate lists where a JSON value departs from a schema.
func (d *discovery) validate(s *schema, v any, at string) []string {
	if s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	wrong := func() []string { return []string{fmt.Sprintf("%s is %T, the schema says %s", at, v, s.Type)} }
	switch s.Type {
	case "any":
		return nil
	case "string":
		text, ok := v.(string)
		if !ok {
			return wrong()
		}
		if s.Enum != nil && !slices.Contains(s.Enum, text) {
			return []string{fmt.Sprintf("%s is %q, none of %v", at, text, s.Enum)}
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return wrong()
		}
	case "integer":
		if f, ok := v.(float64); !ok || f != float64(int64(f)) {
			return wrong()
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return wrong()
		}
		var found []string
		for i, item := range list {
			found = append(found, d.validate(s.Items, item, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return found
	case "object":
		object, ok := v.(map[string]any)
		if !ok {
			return wrong()
		}
		var found []string
		for name, value := range object {
			property, ok := s.Properties[name]
			if !ok {
				property = s.AdditionalProperties
			}
			if property == nil {
				found = append(found, fmt.Sprintf("%s.%s is no field of the schema", at, name))
				continue
			}
			found = append(found, d.validate(property, value, at+"."+name)...)
		}
		sort.Strings(found)
		return found
	default:
		return []string{fmt.Sprintf("%s: the test does not know the type %q", at, s.Type)}
	}
	return nil
}

// contract is a transport that holds each request and reply against the
// discovery documents and remembers which methods succeeded.
type contract struct {
	t       testing.TB
	base    http.RoundTripper
	methods []*method

	mu   sync.Mutex
	seen map[string]bool
}

func newContract(t testing.TB, base http.RoundTripper) *contract {
	t.Helper()
	c := &contract{t: t, base: base, seen: map[string]bool{}}
	iam := loadDiscovery(t, "iam/v1/iam-api.json")
	c.methods = iam.methods(iam.Resources["locations"].Resources["workforcePools"])
	for _, v := range []string{"v1", "v3"} {
		d := loadDiscovery(t, "cloudresourcemanager/"+v+"/cloudresourcemanager-api.json")
		c.methods = append(c.methods, d.methods(d.Resources["organizations"])...)
	}
	c.methods = append(c.methods, consumerMethods(t)...)
	c.methods = append(c.methods, secretMethods(t)...)
	return c
}

func (c *contract) find(r *http.Request) *method {
	for _, m := range c.methods {
		if m.HTTPMethod == r.Method && m.pattern.MatchString(r.URL.EscapedPath()) {
			return m
		}
	}
	return nil
}

func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	c.t.Helper()
	m := c.find(r)
	if m == nil {
		// tokens.undelete is gone from the document; it has the tenants' form.
		stripped, ok := strings.CutSuffix(r.URL.EscapedPath(), ":undelete")
		if !ok || !strings.Contains(stripped, "/tokens/") {
			c.t.Errorf("%s %s is no method of the API", r.Method, r.URL.EscapedPath())
			return c.base.RoundTrip(r)
		}
		get := r.Clone(r.Context())
		get.Method, get.URL = http.MethodGet, &url.URL{Path: stripped}
		token := *c.find(get)
		token.ID, token.Parameters, token.Request = "iam.locations.workforcePools.providers.scimTenants.tokens.undelete", nil, &schema{Type: "object"}
		m = &token
	}
	for name := range r.URL.Query() {
		if p := m.Parameters[name]; (p == nil || p.Location != "query") && m.doc.Parameters[name] == nil {
			c.t.Errorf("%s has no query parameter %q", m.ID, name)
		}
	}
	if r.Body != nil {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(raw))
		c.check(m, m.Request, raw, "request")
	}
	resp, err := c.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	if got, want := resp.Header.Get("Content-Type"), "application/json; charset=UTF-8"; got != want {
		c.t.Errorf("%s: Content-Type = %q, want %q", m.ID, got, want)
	}
	if resp.StatusCode == http.StatusOK {
		c.check(m, m.Response, raw, "reply")
		c.mu.Lock()
		c.seen[r.Method+" "+m.ID+" "+strings.SplitN(r.URL.Path, "/", 3)[1]] = true
		c.mu.Unlock()
	} else {
		c.checkError(m, resp.StatusCode, raw)
	}
	return resp, nil
}

func (c *contract) check(m *method, s *schema, raw []byte, what string) {
	c.t.Helper()
	if len(bytes.TrimSpace(raw)) == 0 {
		if what == "reply" {
			c.t.Errorf("%s: the reply is empty", m.ID)
		}
		return
	}
	if s == nil {
		c.t.Errorf("%s: it has a %s body %s, the document says none", m.ID, what, raw)
		return
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		c.t.Errorf("%s: the %s is not JSON: %v", m.ID, what, err)
		return
	}
	for _, problem := range m.doc.validate(s, v, what) {
		c.t.Errorf("%s: %s", m.ID, problem)
	}
}

// checkError holds an error against Google's envelope.
func (c *contract) checkError(m *method, code int, raw []byte) {
	c.t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var body struct {
		Error struct {
			Code    int
			Message string
			Status  string
			Details []map[string]any
		}
	}
	if err := d.Decode(&body); err != nil {
		c.t.Errorf("%s: %d with an error body that is not Google's: %v: %s", m.ID, code, err, raw)
		return
	}
	if body.Error.Code != code || body.Error.Message == "" || body.Error.Status == "" {
		c.t.Errorf("%s: %d with the error %+v", m.ID, code, body.Error)
	}
	for _, detail := range body.Error.Details {
		if kind, _ := detail["@type"].(string); !strings.HasPrefix(kind, "type.googleapis.com/google.rpc.") {
			c.t.Errorf("%s: an error detail of type %q", m.ID, kind)
		}
	}
}
