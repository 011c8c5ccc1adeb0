package entra_test

import (
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
)

// documented are the requests that comments have on lines of their own, as
// "GET, PUT /servicePrincipals/ID/synchronization/secrets".
func documented(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^//\t([A-Z]+(?:, [A-Z]+)*) +(/\S+)$`)
	all := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range parsed.Comments {
			for _, comment := range group.List {
				for _, m := range line.FindAllStringSubmatch(comment.Text, -1) {
					for verb := range strings.SplitSeq(m[1], ", ") {
						all[verb+" "+m[2]] = true
					}
				}
			}
		}
	}
	return all
}

var guids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// pattern is a request as comments write it.
func pattern(request string) string {
	verb, path, _ := strings.Cut(request, " ")
	path = strings.TrimPrefix(path, "/v1.0")
	path = strings.Replace(strings.Replace(path, "beta SP", "/beta/servicePrincipals/ID", 1), "SP", "/servicePrincipals/ID", 1)
	path = strings.Replace(path, "/jobs/J", "/jobs/JOB", 1)
	path = strings.Replace(path, "applicationTemplates/"+templateID, "applicationTemplates/T", 1)
	path = regexp.MustCompile(`objectConnections\('[^']*'\)`).ReplaceAllString(path, "objectConnections('OBJECT')")
	path = guids.ReplaceAllString(path, "ID")
	return verb + " " + strings.Replace(path, "users/ada@example.com", "users/ID", 1)
}

// TestRequestsAreDocumented: what's sent stands in a comment, and what stands there is
// sent.
func TestRequestsAreDocumented(t *testing.T) {
	t.Parallel()
	want := documented(t)
	seen := map[string]bool{}
	run := func(t *testing.T, g *graph, f func(c *entra.Client) error, change ...func(*entra.Config)) {
		t.Helper()
		if err := f(g.client(t, change...)); err != nil {
			t.Errorf("%v", err)
		}
		for _, r := range g.requests {
			seen[pattern(r)] = true
		}
	}
	for name, call := range calls {
		synctest.Test(t, func(t *testing.T) {
			g := connected(t)
			if name == "Push" {
				g.connections = map[string]string{}
			}
			if name == "Roster" || name == "Nested" {
				return
			}
			run(t, g, func(c *entra.Client) error { return call(t.Context(), c) })
		})
	}
	synctest.Test(t, func(t *testing.T) {
		run(t, newGraph(t), func(c *entra.Client) error { return c.SetUp(t.Context(), connection()) }, assign(ada))
		run(t, elsewhere(t), func(c *entra.Client) error { return c.SetUp(t.Context(), connection()) })
		run(t, quarantined(t), func(c *entra.Client) error { return c.CutOver(t.Context(), connection()) })
		run(t, provisioned(t), func(c *entra.Client) error { _, err := c.Status(t.Context()); return err },
			func(cfg *entra.Config) { cfg.AppName, cfg.ServicePrincipalID = "", principalID })
	})
	for _, scope := range []entra.Scope{entra.ScopeAssigned, entra.ScopeAll} {
		synctest.Test(t, func(t *testing.T) {
			d := newTenant(t)
			d.lists["assigned"] = append(d.lists["assigned"], id(kindUser, 55), id(kindGroup, 55))
			d.lists[id(kindGroup, 55)+"/members"] = nil
			run(t, d.graph, func(c *entra.Client) error {
				r, err := c.Roster(t.Context(), entra.RosterOptions{Scope: scope})
				if err != nil {
					return err
				}
				rows(t, r.Users)
				rows(t, r.Groups)
				rows(t, r.Memberships)
				rows(t, r.Leavers)
				if _, err := r.Confirm(t.Context(), id(kindUser, 1)); err != nil {
					return err
				}
				nested, err := c.Nested(t.Context(), entra.RosterOptions{Scope: scope})
				if err != nil {
					return err
				}
				return idp.Each(nested, func(idp.Membership) error { return nil })
			})
		})
	}
	for _, r := range slices.Sorted(maps.Keys(seen)) {
		if !want[r] {
			t.Errorf("%s is in no comment", r)
		}
	}
	for _, r := range slices.Sorted(maps.Keys(want)) {
		if !seen[r] {
			t.Errorf("nothing sends %s", r)
		}
	}
}
