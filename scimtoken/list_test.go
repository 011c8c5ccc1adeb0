package scimtoken_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// collect ranges over a list and returns the ids.
func collect(t *testing.T, client *scimtoken.Client, opts iamscim.ListOptions) (ids []string, err error) {
	t.Helper()
	for x, err := range client.List(t.Context(), tenantName(t), opts) {
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

// page is one page of a reply.
func page(next string, ids ...string) []byte {
	body := `{"workforcePoolProviderScimTokens":[`
	for i, id := range ids {
		if i > 0 {
			body += ","
		}
		body += fmt.Sprintf(`{"name":"%s/tokens/%s","state":"ACTIVE"}`, tenantText, id)
	}
	return []byte(body + `],"nextPageToken":"` + next + `"}`)
}

// TestListManyPages: deleted tokens are listed for 30 days, so that there can
// be more than the two a tenant uses.
func TestListManyPages(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	var want []string
	for i := range 101 { // the client asks for pages of 100
		id := fmt.Sprintf("token%04d", i)
		seed(t, srv, id)
		if err := client.Delete(t.Context(), name(t, id)); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	list := client.List(t.Context(), tenantName(t), iamscim.ListOptions{ShowDeleted: true})
	for range 2 { // the sequence can be ranged over again
		srv.ClearRequests()
		var got []string
		for x, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, x.Name.ID())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("List: (-want +got)\n%s", diff)
		}
		if n := len(srv.Requests()); n != 2 {
			t.Errorf("List of 101 sent %d requests, want 2", n)
		}
	}
	if ids, err := collect(t, client, iamscim.ListOptions{}); ids != nil || err != nil {
		t.Errorf("List without deleted ones = %v, %v", ids, err)
	}
}

func TestListOnePage(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	if ids, err := collect(t, client, iamscim.ListOptions{}); ids != nil || err != nil {
		t.Errorf("List of nothing = %v, %v", ids, err)
	}
	seed(t, srv, "token-a", "token-b")
	srv.ClearRequests()
	ids, err := collect(t, client, iamscim.ListOptions{})
	if diff := cmp.Diff([]string{"token-a", "token-b"}, ids); err != nil || diff != "" {
		t.Errorf("List: %v (-want +got)\n%s", err, diff)
	}
	if n := len(srv.Requests()); n != 1 {
		t.Errorf("List of one page sent %d requests", n)
	}
}

func TestListError(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens", Status: 200, Body: page("p2", "aaaa")})
	srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens", Status: 403})
	ids, err := collect(t, client, iamscim.ListOptions{})
	wantError(t, "List", err, iamscim.ErrPermissionDenied, "scimtoken: list "+tenantText)
	if diff := cmp.Diff([]string{"aaaa"}, ids); diff != "" {
		t.Errorf("List before the error: (-want +got)\n%s", diff)
	}
	for _, err := range client.List(t.Context(), scimtenant.Name{}, iamscim.ListOptions{}) {
		wantError(t, "List(zero tenant)", err, iamscim.ErrInvalidArgument, "parent: required")
	}
}

func TestListBreak(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.Fail(scimtest.Fault{Method: "GET", Path: "tokens", Status: 200, Body: page("p2", "aaaa")})
	for _, err := range client.List(t.Context(), tenantName(t), iamscim.ListOptions{}) {
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
		{"null item", `{"workforcePoolProviderScimTokens":[null]}`, "null"},
		{"item without a name", `{"workforcePoolProviderScimTokens":[{}]}`, "segments"},
		{"item of another tenant", `{"workforcePoolProviderScimTokens":[{"name":"` + providerText + `/scimTenants/other/tokens/token-a"}]}`, "scimTenants/other"},
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
