package provider_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// collect ranges over a list and returns the ids.
func collect(t *testing.T, client *provider.Client, opts iamscim.ListOptions) (ids []string, err error) {
	t.Helper()
	for p, err := range client.List(t.Context(), poolName(t), opts) {
		if err != nil {
			if p != nil {
				t.Errorf("List yielded %v with %v", p, err)
			}
			return ids, err
		}
		ids = append(ids, p.Name.ID())
	}
	return ids, nil
}

func TestListManyPages(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	var want []string
	for i := range 201 { // the service cuts a page at 100
		want = append(want, fmt.Sprintf("p%04d", i))
	}
	seed(t, srv, want...)
	list := client.List(t.Context(), poolName(t), iamscim.ListOptions{})
	for range 2 { // the sequence can be ranged over again
		srv.ClearRequests()
		var got []string
		for p, err := range list {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p.Name.ID())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("List: (-want +got)\n%s", diff)
		}
		if n := len(srv.Requests()); n != 3 {
			t.Errorf("List of 201 sent %d requests, want 3 pages of 100", n)
		}
	}
}

func TestListOnePage(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	if ids, err := collect(t, client, iamscim.ListOptions{}); ids != nil || err != nil {
		t.Errorf("List of nothing = %v, %v", ids, err)
	}
	seed(t, srv, "entra", "okta")
	if _, err := client.Delete(t.Context(), name(t, "okta")); err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
	ids, err := collect(t, client, iamscim.ListOptions{})
	if diff := cmp.Diff([]string{"entra"}, ids); err != nil || diff != "" {
		t.Errorf("List: %v (-want +got)\n%s", err, diff)
	}
	if n := len(srv.Requests()); n != 1 {
		t.Errorf("List of one page sent %d requests", n)
	}
	ids, err = collect(t, client, iamscim.ListOptions{ShowDeleted: true})
	if diff := cmp.Diff([]string{"entra", "okta"}, ids); err != nil || diff != "" {
		t.Errorf("List with deleted ones: %v (-want +got)\n%s", err, diff)
	}
}

func TestListError(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for i := range 101 {
		seed(t, srv, fmt.Sprintf("p%04d", i))
	}
	srv.Fail(scimtest.Fault{Method: "GET", Path: "providers", Skip: 1, Status: 403})
	ids, err := collect(t, client, iamscim.ListOptions{})
	wantError(t, "List", err, iamscim.ErrPermissionDenied, "provider: list "+poolText)
	if len(ids) != 100 {
		t.Errorf("List yielded %d providers before the error, want 100", len(ids))
	}
	if n := len(srv.Requests()); n != 2 {
		t.Errorf("List went on after its error: %d requests, want 2", n)
	}
	for _, err := range client.List(t.Context(), provider.PoolName{}, iamscim.ListOptions{}) {
		wantError(t, "List(zero pool)", err, iamscim.ErrInvalidArgument, "parent: required")
	}
}

func TestListBreak(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for i := range 101 {
		seed(t, srv, fmt.Sprintf("p%04d", i))
	}
	n := 0
	for _, err := range client.List(t.Context(), poolName(t), iamscim.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 100 {
			break
		}
	}
	if got := len(srv.Requests()); got != 1 {
		t.Errorf("a break on the first page sent %d requests, want 1", got)
	}
}

// TestListHostile: a list that never ends, and items that are not what was
// asked for.
func TestListHostile(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"null item", `{"workforcePoolProviders":[null]}`, "null"},
		{"item without a name", `{"workforcePoolProviders":[{}]}`, "segments"},
		{"item of another pool", `{"workforcePoolProviders":[{"name":"locations/global/workforcePools/other-pool/providers/entra"}]}`, "other-pool"},
		{"item with a broken time", `{"workforcePoolProviders":[{"name":"` + poolText + `/providers/entra","expireTime":"soon"}]}`, "soon"},
		{"page token that repeats", `{"nextPageToken":"again"}`, "repeats"},
		{"not JSON", `<html>`, "invalid character"},
		{"null", `null`, "null"},
		{"another type", `{"workforcePoolProviders":{}}`, "cannot unmarshal"},
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
