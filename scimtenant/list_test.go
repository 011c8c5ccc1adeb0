package scimtenant_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

// collect ranges over a list and returns the ids.
func collect(t *testing.T, client *scimtenant.Client, opts iamscim.ListOptions) (ids []string, err error) {
	t.Helper()
	for x, err := range client.List(t.Context(), providerName(t), opts) {
		if err != nil {
			if x != nil {
				t.Errorf("List yielded %v with %v", x, err)
			}
			return ids, err
		}
		ids = append(ids, x.Name.ID())
	}
	return ids, nil
}

// page is a reply as the service would give it if a provider had many tenants,
// as its paging provides for; today a pool can have one.
func page(next string, ids ...string) []byte {
	body := `{"workforcePoolProviderScimTenants":[`
	for i, id := range ids {
		if i > 0 {
			body += ","
		}
		body += fmt.Sprintf(`{"name":"%s/scimTenants/%s","state":"ACTIVE"}`, providerText, id)
	}
	return []byte(body + `],"nextPageToken":"` + next + `"}`)
}

func TestListManyPages(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for range 2 { // the sequence can be ranged over again
		srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants", Status: 200, Body: page("p2", "aaaa", "bbbb")})
		srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants", Status: 200, Body: page("p3")})
		srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants", Status: 200, Body: page("", "cccc")})
		srv.ClearRequests()
		ids, err := collect(t, client, iamscim.ListOptions{})
		if diff := cmp.Diff([]string{"aaaa", "bbbb", "cccc"}, ids); err != nil || diff != "" {
			t.Errorf("List: %v (-want +got)\n%s", err, diff)
		}
		var tokens []string
		for _, r := range srv.Requests() {
			tokens = append(tokens, r.Query.Get("pageToken"))
		}
		if diff := cmp.Diff([]string{"", "p2", "p3"}, tokens); diff != "" {
			t.Errorf("List sent the page tokens (-want +got)\n%s", diff)
		}
	}
}

func TestListOnePage(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	if ids, err := collect(t, client, iamscim.ListOptions{}); ids != nil || err != nil {
		t.Errorf("List of nothing = %v, %v", ids, err)
	}
	seed(t, srv)
	ids, err := collect(t, client, iamscim.ListOptions{})
	if diff := cmp.Diff([]string{"main"}, ids); err != nil || diff != "" {
		t.Errorf("List: %v (-want +got)\n%s", err, diff)
	}
	softDelete(t, srv, client)
	if ids, err := collect(t, client, iamscim.ListOptions{}); ids != nil || err != nil {
		t.Errorf("List without deleted ones = %v, %v", ids, err)
	}
	ids, err = collect(t, client, iamscim.ListOptions{ShowDeleted: true})
	if diff := cmp.Diff([]string{"main"}, ids); err != nil || diff != "" {
		t.Errorf("List with deleted ones: %v (-want +got)\n%s", err, diff)
	}
}

func TestListError(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants", Status: 200, Body: page("p2", "aaaa")})
	srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants", Status: 403})
	ids, err := collect(t, client, iamscim.ListOptions{})
	wantError(t, "List", err, iamscim.ErrPermissionDenied, "scimtenant: list "+providerText)
	if diff := cmp.Diff([]string{"aaaa"}, ids); diff != "" {
		t.Errorf("List before the error: (-want +got)\n%s", diff)
	}
	if n := len(srv.Requests()); n != 2 {
		t.Errorf("List went on after its error: %d requests, want 2", n)
	}
	for _, err := range client.List(t.Context(), provider.Name{}, iamscim.ListOptions{}) {
		wantError(t, "List(zero provider)", err, iamscim.ErrInvalidArgument, "parent: required")
	}
}

func TestListBreak(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.Fail(scimtest.Fault{Method: "GET", Path: "scimTenants", Status: 200, Body: page("p2", "aaaa")})
	for _, err := range client.List(t.Context(), providerName(t), iamscim.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := len(srv.Requests()); n != 1 {
		t.Errorf("a break on the first page sent %d requests, want 1", n)
	}
}

func TestListHostile(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"null item", `{"workforcePoolProviderScimTenants":[null]}`, "null"},
		{"item without a name", `{"workforcePoolProviderScimTenants":[{}]}`, "segments"},
		{"item of another provider", `{"workforcePoolProviderScimTenants":[{"name":"` + poolText + `/providers/okta/scimTenants/main"}]}`, "providers/okta"},
		{"item with a broken time", `{"workforcePoolProviderScimTenants":[{"name":"` + tenantText + `","purgeTime":"soon"}]}`, "soon"},
		{"page token that repeats", `{"nextPageToken":"again"}`, "repeats"},
		{"not JSON", `<html>`, "invalid character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			srv.Fail(scimtest.Fault{Method: "GET", Status: 200, Body: []byte(tt.body), Times: 5})
			ids, err := collect(t, client, iamscim.ListOptions{})
			wantError(t, "List", err, iamscim.ErrBadReply, tt.want)
			if ids != nil {
				t.Errorf("List yielded %v", ids)
			}
		})
	}
}
