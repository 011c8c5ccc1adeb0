package gapi_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/internal/faulttest"
	"github.com/iamscim/iamscim/scimtest"
)

var (
	routeLine  = regexp.MustCompile(`(?m)^\t(GET|POST|PUT|PATCH|DELETE) (/\S+)$`)
	capitals   = regexp.MustCompile(`\b[A-Z][A-Z_]+\b`)
	placeholds = regexp.MustCompile(`\{[a-z]+\}`)
)

// TestDocumentedRoutes compares the "verb and path" lines in the comments of
// the clients' methods with the routes of the in-memory server, which a test
// of its own compares with the API's discovery document.
func TestDocumentedRoutes(t *testing.T) {
	t.Parallel()
	served := map[string]bool{}
	for _, r := range scimtest.Routes() {
		served[r.Method+" /"+placeholds.ReplaceAllString(r.Path, "*")] = true
	}
	// Methods that make no request of their own kind: what they call says it.
	composed := []string{
		"scimtoken.Client.Rotate", "scimtoken.Client.Retire", "scimtoken.Client.Ensure", "scimtoken.Client.Adopt",
		"scimtoken.Client.HandOver", "scimtoken.Client.Reset",
	}
	documented := map[string]bool{}
	for _, dir := range []string{"provider", "scimtenant", "scimtoken"} {
		for method, doc := range faulttest.ContextMethods(t, filepath.Join("..", "..", dir)) {
			method = dir + "." + method
			lines := routeLine.FindAllStringSubmatch(doc, -1)
			if len(lines) == 0 && !slices.Contains(composed, method) {
				t.Errorf("%s: its comment has no line with an HTTP verb and path", method)
			}
			if len(lines) > 0 && slices.Contains(composed, method) {
				t.Errorf("%s: is listed as composed, and has a line with an HTTP verb and path", method)
			}
			for _, line := range lines {
				path, query, _ := strings.Cut(line[2], "?")
				if query != "" && query != "hardDelete=true" {
					t.Errorf("%s: unknown query %q", method, query)
				}
				route := line[1] + " " + capitals.ReplaceAllString(path, "*")
				if !served[route] {
					t.Errorf("%s: %s %s is no route of the service", method, line[1], line[2])
				}
				documented[route] = true
			}
		}
	}
	// All of the resources that the clients are for are covered.
	for _, route := range slices.Sorted(maps.Keys(served)) {
		if strings.Contains(route, "/scimTenants") && !documented[route] {
			t.Errorf("no method documents %s", route)
		}
	}
}
