package scimclient_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// sample reads one document of the RFCs.
func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "rfc", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// tree decodes JSON for comparison.
func tree(t testing.TB, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return v
}

// TestSamplesSurvive: every document of RFC 7643 and RFC 7644 that a client can
// meet decodes and encodes without loss, but for passwords. Of documents that
// describe a server, which nobody sends back, the fields are all there is.
func TestSamplesSurvive(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/rfc/*.json")
	if err != nil || len(files) != 40 {
		t.Fatalf("%d samples, %v, want 40", len(files), err)
	}
	seen := map[string]int{}
	for _, file := range files {
		name := filepath.Base(file)
		_, class, _ := strings.Cut(strings.TrimPrefix(name, "rfc"), "-")
		_, class, _ = strings.Cut(class, "-") // what follows the section
		class, _, _ = strings.Cut(strings.TrimSuffix(class, ".json"), "-")
		if class == "enterprise_user" {
			class = "user"
		}
		seen[class]++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := sample(t, name)
			switch class {
			case "user":
				survives(t, data, new(scimclient.User))
				served(t, data, "/Users/", func(c *scimclient.Client, id string) (any, error) { return c.Users.Get(t.Context(), id) })
			case "group":
				survives(t, data, new(scimclient.Group))
				served(t, data, "/Groups/", func(c *scimclient.Client, id string) (any, error) { return c.Groups.Get(t.Context(), id) })
			case "schema":
				describes(t, data, new(scimclient.Schema))
			case "resource_type":
				describes(t, data, new(scimclient.ResourceType))
			case "service_provider_configuration":
				describes(t, data, new(scimclient.ServiceProviderConfig))
				served(t, data, "/ServiceProviderConfig", func(c *scimclient.Client, _ string) (any, error) { return c.ServiceProviderConfig(t.Context()) })
			case "list_response":
				listed(t, name, data)
			case "error":
				reported(t, data)
			case "patch_op":
				// What this package sends: TestPatchSamples.
				if _, ok := patchSamples[name]; !ok {
					t.Errorf("no patch builds %s", name)
				}
			default:
				t.Errorf("nothing is done with %s", name)
			}
		})
	}
	want := map[string]int{"user": 11, "group": 1, "schema": 6, "resource_type": 2, "service_provider_configuration": 1, "list_response": 4, "error": 5, "patch_op": 10}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("samples by class (-want +got):\n%s", diff)
	}
}

// withoutPassword returns the tree of a document without its password.
func withoutPassword(t testing.TB, data []byte) any {
	v := tree(t, data)
	if m, ok := v.(map[string]any); ok {
		delete(m, "password")
	}
	return v
}

func survives(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("decode: %v", err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if diff := cmp.Diff(withoutPassword(t, data), tree(t, out)); diff != "" {
		t.Errorf("decoded and encoded (-want +got):\n%s", diff)
	}
}

// describes is survives for what has fields only: a false one is as good as
// a missing one.
func describes(t *testing.T, data []byte, v any) {
	t.Helper()
	must(t, json.Unmarshal(data, v))
	out, err := json.Marshal(v)
	must(t, err)
	if diff := cmp.Diff(withoutFalse(tree(t, data)), withoutFalse(tree(t, out))); diff != "" {
		t.Errorf("decoded and encoded (-want +got):\n%s", diff)
	}
}

func withoutFalse(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if withoutFalse(inner) == false {
				delete(v, k)
			}
		}
	case []any:
		for _, inner := range v {
			withoutFalse(inner)
		}
	}
	return v
}

// served does the same with the document as a server's reply.
func served(t *testing.T, data []byte, path string, get func(*scimclient.Client, string) (any, error)) {
	t.Helper()
	var id struct{ ID string }
	if err := json.Unmarshal(data, &id); err != nil {
		t.Fatal(err)
	}
	if id.ID == "" && strings.HasSuffix(path, "s/") {
		return // a request, which no server sends
	}
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != path+id.ID && r.URL.Path != path {
			w.WriteHeader(404)
			return
		}
		w.Write(data)
	})
	got, err := get(c, id.ID)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	out, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(withoutPassword(t, data), tree(t, out)); diff != "" {
		t.Errorf("got from a server (-want +got):\n%s", diff)
	}
}

// listed reads a list response from a server and compares its resources.
func listed(t *testing.T, name string, data []byte) {
	t.Helper()
	var page struct{ Resources []any }
	if err := json.Unmarshal(data, &page); err != nil {
		t.Fatal(err)
	}
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if i := r.URL.Query().Get("startIndex"); i != "" && i != "1" {
			io.WriteString(w, `{"totalResults":0}`)
			return
		}
		w.Write(data)
	})
	var got []any
	add := func(v any) {
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, tree(t, out))
	}
	var err error
	switch {
	case strings.Contains(name, "resource_types"):
		var types []*scimclient.ResourceType
		types, err = c.ResourceTypes(t.Context())
		for _, v := range types {
			add(v)
		}
	case strings.Contains(name, "circular"):
		for v, e := range c.Groups.List(t.Context(), scimclient.Filter{}) {
			if err = e; err == nil {
				add(v)
			}
		}
	default:
		for v, e := range c.Users.List(t.Context(), scimclient.Filter{}) {
			if err = e; err == nil {
				add(v)
			}
		}
	}
	// One sample announces 100 of which it shows two.
	if partial := strings.Contains(name, "post_query"); partial != errors.Is(err, scimclient.ErrTruncated) || !partial && err != nil {
		t.Fatalf("list: %v", err)
	}
	if diff := cmp.Diff(page.Resources, got); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
}

// reported makes a server answer with an error document.
func reported(t *testing.T, data []byte) {
	t.Helper()
	var want struct {
		Status           string
		SCIMType, Detail string
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	status := map[string]int{"400": 400, "404": 404, "413": 413}[want.Status]
	_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		w.Write(data)
	})
	_, err := c.Users.Get(t.Context(), "2819c223")
	var e *scimclient.Error
	if !errors.As(err, &e) || e.Status != status || e.SCIMType != want.SCIMType || e.Detail != want.Detail {
		t.Errorf("Get = %+v, want status %d, scimType %q, detail %q", err, status, want.SCIMType, want.Detail)
	}
	kind := map[int]error{400: iamscim.ErrInvalidArgument, 404: iamscim.ErrNotFound, 413: iamscim.ErrInvalidArgument}[status]
	if !errors.Is(err, kind) {
		t.Errorf("Get = %v, want %v", err, kind)
	}
}

// patchSamples builds each PatchOp document of RFC 7644 section 3.5.2.
var patchSamples = map[string]*scimclient.Patch{
	"rfc7644-3.5.2.1-patch_op-add_emails.json": new(scimclient.Patch).
		Add("", map[string]any{"emails": []scimclient.MultiValue{{Value: "babs@jensen.org", Type: "home"}}, "nickname": "Babs"}),
	"rfc7644-3.5.2.1-patch_op-add_members.json": new(scimclient.Patch).
		Add("members", []scimclient.Member{{Display: "Babs Jensen", Ref: "https://example.com/v2/Users/2819c223...413861904646", Value: "2819c223-7f76-453a-919d-413861904646"}}),
	"rfc7644-3.5.2.2-patch_op-remove_all_members.json": new(scimclient.Patch).Remove("members"),
	"rfc7644-3.5.2.2-patch_op-remove_one_member.json":  new(scimclient.Patch).RemoveMembers("2819c223-7f76-...413861904646"),
	"rfc7644-3.5.2.2-patch_op-remove_multi_complex_value.json": new(scimclient.Patch).
		Remove(scimclient.Path("emails").Where(scimclient.RawFilter(`type eq "work" and value ew "example.com"`))),
	"rfc7644-3.5.2.2-patch_op-remove_and_add_one_member.json": new(scimclient.Patch).
		Remove(`members[value eq"2819c223...919d-413861904646"]`).
		Add("members", []scimclient.Member{{Display: "James Smith", Ref: "https://example.com/v2/Users/08e1d05d...473d93df9210", Value: "08e1d05d...473d93df9210"}}),
	"rfc7644-3.5.2.3-patch_op-replace_all_members.json": new(scimclient.Patch).
		Remove("members").
		Add("members", []scimclient.Member{
			{Display: "Babs Jensen", Ref: "https://example.com/v2/Users/2819c223...413861904646", Value: "2819c223-7f76-453a-919d-413861904646"},
			{Display: "James Smith", Ref: "https://example.com/v2/Users/08e1d05d...473d93df9210", Value: "08e1d05d-121c-4561-8b96-473d93df9210"},
		}),
	"rfc7644-3.5.2.3-patch_op-replace_all_email_values.json": new(scimclient.Patch).
		Replace("", map[string]any{
			"emails":   []scimclient.MultiValue{{Value: "bjensen@example.com", Type: "work", Primary: true}, {Value: "babs@jensen.org", Type: "home"}},
			"nickname": "Babs",
		}),
	"rfc7644-3.5.2.3-patch_op-replace_street_address.json": new(scimclient.Patch).
		Replace(scimclient.Path("addresses").Where(scimclient.Eq("type", "work")).Sub("streetAddress"), "1010 Broadway Ave"),
	"rfc7644-3.5.2.3-patch_op-replace_user_work_address.json": new(scimclient.Patch).
		Replace(scimclient.Path("addresses").Where(scimclient.Eq("type", "work")), scimclient.Address{
			Type: "work", StreetAddress: "911 Universal City Plaza", Locality: "Hollywood", Region: "CA", PostalCode: "91608", Country: "US",
			Formatted: "911 Universal City Plaza\nHollywood, CA 91608 US", Primary: true,
		}),
}

func TestPatchSamples(t *testing.T) {
	t.Parallel()
	for name, patch := range patchSamples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(patch)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tree(t, sample(t, name)), tree(t, got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
