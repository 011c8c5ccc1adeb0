package entratest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// scimToken is what the small SCIM service accepts.
const scimToken = "fake-scim-token"

// service is a small SCIM service that records requests: creates are stored as they came, patches
// change nothing.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // METHOD path, and the body
	stored   map[string]map[string]any
	made     int
	members  map[string]bool // "GROUP USER": what a member filter answers
	// replace answers in place of the service if it returns true.
	replace func(w http.ResponseWriter, r *http.Request) bool
}

func serveSCIM(t testing.TB) *service {
	t.Helper()
	s := &service{stored: map[string]map[string]any{}, members: map[string]bool{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

var oneFilter = regexp.MustCompile(`^([\w.]+|emails\[type eq "work"\]\.value) eq "([^"]*)"$`)

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.replace != nil && s.replace(w, r) {
		return
	}
	body, _ := io.ReadAll(r.Body)
	path := r.URL.Path
	if r.URL.RawQuery != "" {
		query, err := url.QueryUnescape(r.URL.RawQuery)
		if err != nil {
			query = r.URL.RawQuery
		}
		path += "?" + query
	}
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+path+" "+strings.ReplaceAll(string(body), s.URL, "BASE")))
	if r.Header.Get("Authorization") != "Bearer "+scimToken {
		http.Error(w, "<html>who are you?</html>", http.StatusUnauthorized)
		return
	}
	reply := func(status int, v any) {
		w.Header().Set("Content-Type", "application/scim+json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(v)
	}
	segments := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	id := segments[len(segments)-1]
	switch {
	case r.Method == "GET" && len(segments) == 1:
		found := []any{}
		filter := r.URL.Query().Get("filter")
		if m := oneFilter.FindStringSubmatch(filter); m != nil {
			for _, x := range s.stored {
				if x[m[1]] == m[2] && x["kind"] == segments[0] {
					found = append(found, x)
				}
			}
		} else if pair := regexp.MustCompile(`^id eq "(.*)" and \w+ eq "(.*)"$`).FindStringSubmatch(filter); pair != nil && s.members[pair[1]+" "+pair[2]] {
			found = append(found, map[string]any{"id": pair[1]})
		}
		reply(200, map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(found), "Resources": found})
	case r.Method == "POST":
		s.made++
		var x map[string]any
		json.Unmarshal(body, &x)
		x["id"], x["kind"] = fmt.Sprint("S", s.made), segments[0]
		s.stored[x["id"].(string)] = x
		reply(201, x)
	case s.stored[id] == nil:
		reply(404, map[string]any{"status": "404"})
	case r.Method == "GET":
		reply(200, s.stored[id])
	case r.Method == "DELETE":
		delete(s.stored, id)
		w.WriteHeader(204)
	default:
		w.WriteHeader(204)
	}
}

// seen are the requests since the last call.
func (s *service) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.requests
	s.requests = nil
	return list
}

// configure points an app at a SCIM service and starts its job.
func (g *graph) configure(a app, address, token string, more map[string]string) {
	g.t.Helper()
	secrets := map[string]string{"BaseAddress": address, "SecretToken": token}
	for k, v := range more {
		secrets[k] = v
	}
	g.must(204, "PUT", a.sync+"/secrets", secretsBody(secrets))
	g.must(204, "POST", a.path("/start"), "")
}

// status is the status of a job.
func (g *graph) status(a app) map[string]any {
	g.t.Helper()
	return dig(g.must(200, "GET", a.path(""), ""), "status").(map[string]any)
}

// mapTo changes the source of a target attribute of users.
func (g *graph) mapTo(a app, target, from, to string) {
	g.t.Helper()
	doc := string(must(g.Schema(a.job))(g.t))
	at := strings.Index(doc, `"targetAttributeName": "`+target+`"`)
	end := at + strings.Index(doc[at:], "}")
	changed := strings.ReplaceAll(doc[at:end], from, to)
	if at < 0 || changed == doc[at:end] {
		g.t.Fatalf("%s isn't mapped from %s", target, from)
	}
	if err := g.SetSchema(a.job, []byte(doc[:at]+changed+doc[end:])); err != nil {
		g.t.Fatal(err)
	}
}
