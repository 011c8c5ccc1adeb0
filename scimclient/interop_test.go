package scimclient_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/filter"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// TestAgainstElimity runs the whole client against a SCIM server that nobody
// here wrote: paging by RFC 7644, members in groups, no filter on id, other
// error texts. Its library leaves storing to the handler below.
func TestAgainstElimity(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := elimity(t, 7)

	access, err := c.WaitAccess(ctx)
	if err != nil || access.Users != 0 {
		t.Fatalf("WaitAccess = %+v, %v, want access", access, err)
	}
	config, err := c.ServiceProviderConfig(ctx)
	if err != nil || !config.Patch.Supported || config.Filter.MaxResults != 7 || len(config.AuthenticationSchemes) != 1 {
		t.Errorf("ServiceProviderConfig = %+v, %v, want patch and 7 results", config, err)
	}
	schemas, err := c.Schemas(ctx)
	if err != nil || len(schemas) != 3 || len(schemas[0].Attributes) == 0 {
		t.Errorf("Schemas = %d, %v, want 3 with attributes", len(schemas), err)
	}
	types, err := c.ResourceTypes(ctx)
	if err != nil || len(types) != 2 || types[0].Endpoint != "/Users" || types[0].SchemaExtensions[0].Schema != scimclient.SchemaEnterpriseUser {
		t.Errorf("ResourceTypes = %+v, %v, want users and groups", types, err)
	}

	// Users: every attribute there is.
	full := new(scimclient.User)
	must(t, json.Unmarshal(sample(t, "rfc7643-8.3-enterprise_user.json"), full))
	full.X509Certificates = nil // the library refuses the RFC's own sample
	made, err := c.Users.Create(ctx, full)
	if err != nil {
		t.Fatalf("Users.Create: %v", err)
	}
	full.ID, full.Meta, full.Groups = made.ID, made.Meta, nil
	full.Enterprise.Manager.DisplayName = "" // read-only, and left out by the library
	sameJSON(t, "Users.Create", full, made)
	got, err := c.Users.Get(ctx, made.ID)
	must(t, err)
	sameJSON(t, "Users.Get", full, got)
	found, err := c.Users.Find(ctx, `BJENSEN@example.com`)
	if err != nil || found.ID != made.ID {
		t.Errorf("Users.Find = %v, %v, want %s", found, err, made.ID)
	}
	if _, err := c.Users.Find(ctx, "nobody"); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Users.Find of nobody = %v, want ErrNotFound", err)
	}
	if _, err := c.Users.Get(ctx, "nobody"); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Users.Get of nobody = %v, want ErrNotFound", err)
	}
	_, err = c.Users.Create(ctx, full)
	if e := (*scimclient.Error)(nil); !errors.As(err, &e) || e.Conflict == nil || !e.Conflict.Same || e.Conflict.ID != made.ID {
		t.Errorf("Users.Create again = %v, want a conflict with the same user", err)
	}

	got.Title = "Manager"
	got.Emails[1].Value = "new@jensen.org"
	got.Active = new(false)
	got.Enterprise.Manager.Value = "1"
	replaced, err := c.Users.Replace(ctx, got, scimclient.ReadBack())
	must(t, err)
	sameJSON(t, "Users.Replace", got, replaced)

	work := scimclient.Path("emails").Where(scimclient.Eq("type", "work"))
	must(t, c.Users.Patch(ctx, made.ID, new(scimclient.Patch).
		Replace("active", true).
		Replace(work.Sub("value"), "patched@example.com").
		Replace("name.givenName", "Babs").
		Replace(scimclient.SchemaEnterpriseUser+":department", "Sales").
		Remove("nickName").
		Add("roles", []scimclient.MultiValue{{Value: "guide"}}), scimclient.ReadBack()))
	must(t, c.Users.Patch(ctx, made.ID, new(scimclient.Patch).Replace("", map[string]any{"title": "Boss"}), scimclient.ReadBack()))
	must(t, c.Users.Patch(ctx, made.ID, new(scimclient.Patch).Remove(scimclient.Path("emails").Where(scimclient.Eq("type", "home"))), scimclient.ReadBack()))
	now, err := c.Users.Get(ctx, made.ID)
	must(t, err)
	if now.Title != "Boss" || now.NickName != "" || !*now.Active || now.Name.GivenName != "Babs" || now.Enterprise.Department != "Sales" ||
		!slices.Equal(now.Emails, []scimclient.MultiValue{{Value: "patched@example.com", Type: "work", Primary: true}}) || len(now.Roles) != 1 {
		t.Errorf("after the patches: %+v", now)
	}
	must(t, c.Users.Deactivate(ctx, made.ID, scimclient.ReadBack()))

	// Lists, in pages of 7.
	want := []string{made.UserName}
	for i := range 20 {
		name := fmt.Sprintf("user%02d", i)
		if _, err := c.Users.Create(ctx, &scimclient.User{UserName: name}); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	var names []string
	for u, err := range c.Users.List(ctx, scimclient.Filter{}) {
		must(t, err)
		names = append(names, u.UserName)
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("Users.List (-want +got):\n%s", diff)
	}
	n, err := countRows(c.Users.List(ctx, scimclient.RawFilter(`userName sw "user1" and not (userName eq "user13")`)))
	if n != 9 || err != nil {
		t.Errorf("Users.List with a raw filter = %d, %v, want 9", n, err)
	}

	// Groups and members.
	user, err := c.Users.Find(ctx, "user03")
	must(t, err)
	var groups []*scimclient.Group
	for _, name := range []string{"eng", "ops", "empty"} {
		g, err := c.Groups.Create(ctx, &scimclient.Group{DisplayName: name, ExternalID: "x" + name})
		must(t, err)
		groups = append(groups, g)
	}
	must(t, c.Groups.AddMembers(ctx, groups[0].ID, []string{user.ID, made.ID}, scimclient.ReadBack()))
	must(t, c.Groups.AddMembers(ctx, groups[1].ID, []string{made.ID}))
	must(t, c.Groups.RemoveMembers(ctx, groups[0].ID, []string{made.ID}, scimclient.ReadBack()))
	for i, wantIn := range []bool{true, false, false} {
		if is, err := c.Groups.IsMember(ctx, groups[i].ID, user.ID); is != wantIn || err != nil {
			t.Errorf("Groups.IsMember(%s) = %t, %v, want %t", groups[i].DisplayName, is, err, wantIn)
		}
	}
	of, err := groupsOf(t, c, user.ID)
	if diff := cmp.Diff([]string{"eng"}, of); diff != "" || err != nil {
		t.Errorf("Groups.GroupsOf = %v (-want +got):\n%s", err, diff)
	}
	must(t, c.Groups.Patch(ctx, groups[0].ID, new(scimclient.Patch).Replace("displayName", "engineering"), scimclient.ReadBack()))
	g, err := c.Groups.Find(ctx, "engineering")
	if err != nil || g.ID != groups[0].ID || len(g.Members) != 1 {
		t.Errorf("Groups.Find = %+v, %v, want the group with a member", g, err)
	}
	if n, err := countRows(c.Groups.List(ctx, scimclient.Filter{})); n != 3 || err != nil {
		t.Errorf("Groups.List = %d, %v, want 3", n, err)
	}
	must(t, c.Groups.Delete(ctx, groups[2].ID, scimclient.ReadBack()))
	if _, err := c.Groups.Get(ctx, groups[2].ID); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Groups.Get after Delete = %v, want ErrNotFound", err)
	}
	must(t, c.Users.Delete(ctx, made.ID))
	if err := c.Users.Delete(ctx, made.ID); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("second Users.Delete = %v, want ErrNotFound", err)
	}
	if err := last(c.Users.List(ctx, scimclient.Eq("noSuchAttribute", "x"))); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("a filter on no attribute = %v, want ErrInvalidArgument", err)
	}
}

// sameJSON compares what two resources encode to.
func sameJSON(t *testing.T, what string, want, got any) {
	t.Helper()
	w, err := json.Marshal(want)
	must(t, err)
	g, err := json.Marshal(got)
	must(t, err)
	if diff := cmp.Diff(tree(t, w), tree(t, g)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// elimity starts the server, with pages of this size, and a client for it.
func elimity(t *testing.T, pageSize int) *scimclient.Client {
	t.Helper()
	server, err := scim.NewServer(&scim.ServerArgs{
		ServiceProviderConfig: &scim.ServiceProviderConfig{
			MaxResults: pageSize, SupportFiltering: true, SupportPatch: true,
			AuthenticationSchemes: []scim.AuthenticationScheme{{Type: scim.AuthenticationTypeOauthBearerToken, Name: "Bearer", Primary: true}},
		},
		ResourceTypes: []scim.ResourceType{
			{
				ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(),
				SchemaExtensions: []scim.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}}, Handler: &memory{unique: "userName"},
			},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Schema: schema.CoreGroupSchema(), Handler: &memory{unique: "displayName"}},
		},
	})
	must(t, err)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			w.WriteHeader(401)
			return
		}
		server.ServeHTTP(w, r)
	}))
	// The library panics on a filter that compares a complex attribute.
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	t.Cleanup(s.Close)
	return clientFor(t, s.URL+"/v2", scimclient.WithHTTPClient(s.Client()))
}

// memory keeps resources for the elimity server.
type memory struct {
	unique string
	mu     sync.Mutex
	ids    []string
	rows   map[string]scim.ResourceAttributes
}

func (m *memory) resource(id string) scim.Resource {
	r := scim.Resource{ID: id, Attributes: maps.Clone(m.rows[id])}
	if x, ok := r.Attributes["externalId"].(string); ok {
		r.ExternalID = optional.NewString(x)
	}
	return r
}

func (m *memory) Create(_ *http.Request, a scim.ResourceAttributes) (scim.Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range m.rows {
		if strings.EqualFold(row[m.unique].(string), a[m.unique].(string)) {
			return scim.Resource{}, scimerrors.ScimErrorUniqueness
		}
	}
	id := fmt.Sprintf("%T-%d", m, len(m.ids))[1:]
	if m.rows == nil {
		m.rows = map[string]scim.ResourceAttributes{}
	}
	m.ids, m.rows[id] = append(m.ids, id), withoutNil(a)
	return m.resource(id), nil
}

func (m *memory) Get(_ *http.Request, id string) (scim.Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[id] == nil {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	return m.resource(id), nil
}

func (m *memory) GetAll(_ *http.Request, p scim.ListRequestParams) (scim.Page, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	page := scim.Page{Resources: []scim.Resource{}}
	for _, id := range m.ids {
		if m.rows[id] == nil || p.FilterValidator != nil && p.FilterValidator.PassesFilter(m.rows[id]) != nil {
			continue
		}
		if page.TotalResults++; page.TotalResults >= p.StartIndex && len(page.Resources) < p.Count {
			page.Resources = append(page.Resources, m.resource(id))
		}
	}
	return page, nil
}

func (m *memory) Replace(_ *http.Request, id string, a scim.ResourceAttributes) (scim.Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[id] == nil {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	m.rows[id] = withoutNil(a)
	return m.resource(id), nil
}

func (m *memory) Delete(_ *http.Request, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[id] == nil {
		return scimerrors.ScimErrorResourceNotFound(id)
	}
	delete(m.rows, id)
	return nil
}

func (m *memory) Patch(_ *http.Request, id string, ops []scim.PatchOperation) (scim.Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows[id] == nil {
		return scim.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	row := maps.Clone(m.rows[id])
	for _, op := range ops {
		if op.Path == nil {
			maps.Copy(row, op.Value.(map[string]any))
			continue
		}
		scope := map[string]any(row)
		if urn := op.Path.AttributePath.URI(); urn != "" {
			inner, _ := row[urn].(map[string]any)
			scope = maps.Clone(inner)
			row[urn] = scope
		}
		if err := patchAttribute(scope, op); err != nil {
			return scim.Resource{}, err
		}
	}
	m.rows[id] = withoutNil(row)
	return m.resource(id), nil
}

// patchAttribute applies an operation with a path to the object that has the
// attribute.
func patchAttribute(scope map[string]any, op scim.PatchOperation) error {
	name, value := op.Path.AttributePath.AttributeName, op.Value
	sub := op.Path.AttributePath.SubAttributeName()
	if op.Path.SubAttributeName() != "" {
		sub = op.Path.SubAttributeName()
	}
	if v, ok := value.([]any); ok && len(v) == 1 && sub != "" {
		value = v[0]
	}
	list, isList := scope[name].([]any)
	switch {
	case op.Path.ValueExpression != nil:
		selects := filter.NewFilterValidator(op.Path.ValueExpression, schema.Schema{Attributes: selectable})
		var kept []any
		for _, e := range list {
			element := maps.Clone(e.(map[string]any))
			if selects.PassesFilter(element) != nil {
				kept = append(kept, element)
				continue
			}
			switch {
			case op.Op == "remove" && sub == "":
				continue
			case op.Op == "remove":
				delete(element, sub)
			case sub == "":
				maps.Copy(element, value.(map[string]any))
			default:
				element[sub] = value
			}
			kept = append(kept, element)
		}
		scope[name] = kept
	case sub != "":
		inner, _ := scope[name].(map[string]any)
		inner = maps.Clone(inner)
		if op.Op == "remove" {
			delete(inner, sub)
		} else {
			inner[sub] = value
		}
		scope[name] = inner
	case op.Op == "remove":
		delete(scope, name)
	case op.Op == "add" && isList:
		for _, v := range value.([]any) {
			if !slices.ContainsFunc(list, func(have any) bool { return reflect.DeepEqual(have, v) }) {
				list = append(slices.Clip(list), v)
			}
		}
		scope[name] = list
	default:
		scope[name] = value
	}
	return nil
}

// selectable are the attributes that value filters of these tests name.
var selectable = schema.Attributes{
	schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "value"})),
	schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "type"})),
}

func withoutNil(a map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range a {
		if inner, ok := v.(map[string]any); ok {
			v = withoutNil(inner)
		}
		if list, ok := v.([]any); ok {
			var elements []any
			for _, e := range list {
				if m, ok := e.(map[string]any); ok {
					e = withoutNil(m)
				}
				elements = append(elements, e)
			}
			v = elements
			if len(list) == 0 {
				continue
			}
		}
		if v != nil && !(reflect.ValueOf(v).Kind() == reflect.Map && reflect.ValueOf(v).Len() == 0) {
			out[k] = v
		}
	}
	return out
}
