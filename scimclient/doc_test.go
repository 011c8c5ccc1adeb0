package scimclient_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimclient"
)

// TestDocumentedRequests: the comment of each method that sends something
// names its request, and the fake sees that request.
func TestDocumentedRequests(t *testing.T) {
	t.Parallel()
	documented := methodRequests(t)
	s, c := start(t)
	ctx := t.Context()
	u, g := mustCreate(t, c, "a@example.com"), mustCreateGroup(t, c, "g")
	filter := scimclient.Filter{}
	calls := map[string]func(){
		"Client.CheckAccess":           func() { c.CheckAccess(ctx) },
		"Client.WaitAccess":            func() { c.WaitAccess(ctx) },
		"Client.WaitToken":             func() { c.WaitToken(ctx) },
		"Client.ServiceProviderConfig": func() { c.ServiceProviderConfig(ctx) },
		"Client.Schemas":               func() { c.Schemas(ctx) },
		"Client.ResourceTypes":         func() { c.ResourceTypes(ctx) },
		"Users.Create":                 func() { c.Users.Create(ctx, user("b@example.com")) },
		"Users.Get":                    func() { c.Users.Get(ctx, u.ID) },
		"Users.Find":                   func() { c.Users.Find(ctx, "a@example.com") },
		"Users.List":                   func() { last(c.Users.List(ctx, filter)) },
		"Users.Replace":                func() { c.Users.Replace(ctx, u) },
		"Users.Patch":                  func() { c.Users.Patch(ctx, u.ID, new(scimclient.Patch).Deactivate()) },
		"Users.Deactivate":             func() { c.Users.Deactivate(ctx, u.ID) },
		"Users.Delete":                 func() { c.Users.Delete(ctx, "x") },
		"Groups.Create":                func() { c.Groups.Create(ctx, &scimclient.Group{DisplayName: "h"}) },
		"Groups.Get":                   func() { c.Groups.Get(ctx, g.ID) },
		"Groups.Find":                  func() { c.Groups.Find(ctx, "g") },
		"Groups.List":                  func() { last(c.Groups.List(ctx, filter)) },
		"Groups.Patch":                 func() { c.Groups.Patch(ctx, g.ID, new(scimclient.Patch).Replace("externalId", "x")) },
		"Groups.Delete":                func() { c.Groups.Delete(ctx, "x") },
		"Groups.AddMembers":            func() { c.Groups.AddMembers(ctx, g.ID, []string{u.ID}) },
		"Groups.RemoveMembers":         func() { c.Groups.RemoveMembers(ctx, g.ID, []string{u.ID}) },
		"Groups.IsMember":              func() { c.Groups.IsMember(ctx, g.ID, u.ID) },
		"Groups.MemberFilterWorks": func() {
			pair := scimclient.Membership{GroupID: g.ID, UserID: u.ID}
			c.Groups.MemberFilterWorks(ctx, pair, pair)
		},
		"Groups.GroupsOf": func() { last(c.Groups.GroupsOf(ctx, u.ID)) },
	}
	for method, lines := range documented {
		call := calls[method]
		if call == nil {
			t.Errorf("%s documents %v and is not called here", method, lines)
			continue
		}
		s.ClearRequests()
		call()
		requests := s.Requests()
		if len(requests) == 0 {
			t.Errorf("%s sent nothing", method)
			continue
		}
		got := requests[0].Method + " " + strings.TrimPrefix(requests[0].Path, "/v1alpha1/tenants/"+testUID)
		for _, id := range []string{u.ID, g.ID, "x"} {
			got = strings.TrimSuffix(got, "/"+id) + map[bool]string{true: "/ID"}[strings.HasSuffix(got, "/"+id)]
		}
		if want, _, _ := strings.Cut(lines[0], "?"); got != want {
			t.Errorf("%s sends %s, and its comment says %s", method, got, lines[0])
		}
	}
	for method := range calls {
		if documented[method] == nil {
			t.Errorf("the comment of %s names no request", method)
		}
	}
}

var requestLine = regexp.MustCompile(`(?m)^\t((?:GET|POST|PUT|PATCH|DELETE) /.*)$`)

// methodRequests returns the lines of methods' comments that name a request.
func methodRequests(t *testing.T) map[string][]string {
	t.Helper()
	entries, err := os.ReadDir(".")
	must(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			f, err := parser.ParseFile(fset, e.Name(), nil, parser.ParseComments)
			must(t, err)
			files = append(files, f)
		}
	}
	p, err := doc.NewFromFiles(fset, files, "github.com/iamscim/iamscim/scimclient")
	must(t, err)
	found := map[string][]string{}
	for _, typ := range p.Types {
		for _, m := range typ.Methods {
			for _, match := range requestLine.FindAllStringSubmatch(m.Doc, -1) {
				found[typ.Name+"."+m.Name] = append(found[typ.Name+"."+m.Name], match[1])
			}
		}
	}
	return found
}
