package scimtenant_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

func replaceRequest() scimtenant.ReplaceRequest {
	return scimtenant.ReplaceRequest{ClaimMapping: claimmap.Recommended(claimmap.Okta), Usage: iamscim.SCIMUsageGroups, AcceptNewBaseURI: true}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                     string
		change                   func(*scimtenant.ReplaceRequest)
		deleted                  bool // the old tenant is soft-deleted
		displayName, description string
	}{
		{"texts are kept", func(*scimtenant.ReplaceRequest) {}, false, "Main", "d"},
		{"texts are changed", func(r *scimtenant.ReplaceRequest) { r.DisplayName, r.Description = ptr("New"), ptr("") }, false, "New", ""},
		{"a soft-deleted tenant", func(*scimtenant.ReplaceRequest) {}, true, "Main", "d"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			old := seed(t, srv)
			if tt.deleted {
				softDelete(t, srv, client)
			}
			req := replaceRequest()
			tt.change(&req)
			srv.ClearRequests()
			got, err := client.Replace(t.Context(), name(t, "main"), req)
			if err != nil {
				t.Fatal(err)
			}
			if got.Old.BaseURI != old.BaseUri || got.Old.ServiceAgent != old.ServiceAgent || got.Old.ClaimMapping["google.group"] != "group.externalId" {
				t.Errorf("Replace: Old = %+v, want the tenant as it was", got.Old)
			}
			if got.New.State != iamscim.StateActive || got.New.UID() == got.Old.UID() || got.New.DisplayName != tt.displayName || got.New.Description != tt.description {
				t.Errorf("Replace: New = %+v, want another tenant with %q, %q", got.New, tt.displayName, tt.description)
			}
			if diff := cmp.Diff(req.ClaimMapping.Map(), got.New.ClaimMapping); diff != "" {
				t.Errorf("Replace: claim mapping (-want +got)\n%s", diff)
			}
			redo := fmt.Sprint(got.Redo)
			for i, part := range []string{"Create a token", got.New.ServiceAgent, got.Old.ServiceAgent, "allow policy", "principalSet://iam.googleapis.com/" + poolText + "/group/GROUP", got.New.BaseURI, "Push all users", providerText} {
				if i >= len(got.Redo) || !strings.Contains(got.Redo[i].String(), part) {
					t.Errorf("Replace: Redo has no %q in line %d:\n%s", part, i+1, redo)
				}
			}
			if now, err := client.Get(t.Context(), name(t, "main")); err != nil || now.UID() != got.New.UID() {
				t.Errorf("Get = %+v, %v, want the new tenant", now, err)
			}
		})
	}
}

// TestReplaceRefuses: nothing is deleted that is not replaced for a reason.
func TestReplaceRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*scimtenant.ReplaceRequest)
		inUse  bool
		absent bool
		opts   []scimtest.Option
		kind   error
		want   []string
	}{
		{name: "the provider uses SCIM", inUse: true, kind: iamscim.ErrFailedPrecondition, want: []string{providerText, "ENABLED_FOR_GROUPS", "SCIM_USAGE_UNSPECIFIED first", "WhileInUse"}},
		{name: "the mapping is the same", change: func(r *scimtenant.ReplaceRequest) { r.ClaimMapping = entraMapping() }, kind: iamscim.ErrNothingToUpdate, want: []string{"has this claim mapping already"}},
		{name: "there is no tenant", absent: true, kind: iamscim.ErrNotFound, want: []string{"scimtenant: replace " + tenantText}},
		{name: "the provider cannot be read", opts: []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePoolProviders.get")}, kind: iamscim.ErrPermissionDenied, want: []string{"scimtenant: replace"}},
		{name: "the tenant cannot be deleted", opts: []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePoolProviderScimTenants.delete")}, kind: iamscim.ErrPermissionDenied, want: []string{"ScimTenants.delete"}},
		{name: "the mapping is not for the usage", change: func(r *scimtenant.ReplaceRequest) { r.ClaimMapping = claimmap.Mapping{} }, kind: claimmap.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t, tt.opts...)
			if !tt.absent {
				seed(t, srv)
			}
			if tt.inUse {
				useSCIM(t, srv)
			}
			before := srv.State()
			req := replaceRequest()
			if tt.change != nil {
				tt.change(&req)
			}
			got, err := client.Replace(t.Context(), name(t, "main"), req)
			wantError(t, "Replace", err, tt.kind, tt.want...)
			var unfinished *scimtenant.ReplaceError
			if got != nil || errors.As(err, &unfinished) {
				t.Errorf("Replace = %+v, %v, want no result and nothing to finish", got, err)
			}
			if diff := cmp.Diff(before, srv.State()); diff != "" {
				t.Errorf("Replace changed the server: (-before +after)\n%s", diff)
			}
		})
	}
}

func TestReplaceWhileInUse(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	useSCIM(t, srv)
	req := replaceRequest()
	req.WhileInUse = true
	if _, err := client.Replace(t.Context(), name(t, "main"), req); err != nil {
		t.Errorf("Replace = %v", err)
	}
	if p := srv.State().Providers; p[0].ScimUsage != "ENABLED_FOR_GROUPS" {
		t.Errorf("Replace left the usage %q", p[0].ScimUsage)
	}
}

// TestReplaceFails: a failure after the deletion comes with what to finish
// with, and that does finish it.
func TestReplaceFails(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	old := seed(t, srv)
	srv.Fail(scimtest.Fault{Method: "POST", Path: "scimTenants", Status: 403})
	req := replaceRequest()
	req.DisplayName = ptr("New")
	got, err := client.Replace(t.Context(), name(t, "main"), req)
	wantError(t, "Replace", err, iamscim.ErrPermissionDenied, "the replacement is unfinished", "Request of this ReplaceError")
	var unfinished *scimtenant.ReplaceError
	if got != nil || !errors.As(err, &unfinished) {
		t.Fatalf("Replace = %+v, %v, want a *ReplaceError", got, err)
	}
	if unfinished.Old.BaseURI != old.BaseUri || unfinished.Request.DisplayName != "New" || unfinished.Request.Description != "d" || !unfinished.Request.ClaimMapping.Equal(req.ClaimMapping) {
		t.Errorf("ReplaceError = %+v", unfinished)
	}
	if n := len(srv.State().Tenants); n != 0 {
		t.Errorf("the server has %d tenants, want none", n)
	}
	made, err := client.Create(t.Context(), unfinished.Request)
	if err != nil || made.DisplayName != "New" || made.ClaimMapping["google.group"] != "group.displayName" {
		t.Errorf("Create with the Request = %+v, %v, want what was asked for", made, err)
	}
}

// TestReplaceInterrupted: ctx ends between any two requests and within each of
// them. Either nothing happened, or it is done, or the error has what finishes
// it.
func TestReplaceInterrupted(t *testing.T) {
	t.Parallel()
	for _, afterward := range []bool{false, true} {
		finished := false
		for n := 1; !finished; n++ {
			if n > 20 {
				t.Fatal("the replacement never ends")
			}
			t.Run(fmt.Sprintf("request %d, after it %v", n, afterward), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := scimtest.New()
					defer srv.Close()
					prepare(t, srv)
					old := seed(t, srv)
					transport := srv.PipeHTTPClient().Transport
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					requests := 0
					dying := roundTripper(func(r *http.Request) (*http.Response, error) {
						requests++
						if requests == n && !afterward {
							cancel()
						}
						resp, err := transport.RoundTrip(r)
						if requests == n && afterward {
							if err == nil {
								resp.Body.Close()
							}
							cancel()
							return nil, errors.New("connection reset by peer: the reply is lost")
						}
						return resp, err
					})
					client, err := scimtenant.NewClient(t.Context(), option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: dying}), option.WithoutAuthentication())
					if err != nil {
						t.Fatal(err)
					}
					survivor, err := scimtenant.NewClient(t.Context(), srv.PipeClientOptions()...)
					if err != nil {
						t.Fatal(err)
					}
					_, err = client.Replace(ctx, name(t, "main"), replaceRequest())
					synctest.Wait() // the server may go on with what it has got
					if ctx.Err() == nil {
						finished = true
						if err != nil {
							t.Errorf("Replace without an interruption = %v", err)
						}
					} else {
						tenants := srv.State().Tenants
						untouched := len(tenants) == 1 && tenants[0].ServiceAgent == old.ServiceAgent
						var unfinished *scimtenant.ReplaceError
						switch {
						case errors.As(err, &unfinished):
							// Make what is missing; where nothing is missing or
							// nothing was deleted, that says so.
							_, err = survivor.Create(t.Context(), unfinished.Request)
							if untouched {
								wantError(t, "Create over the old tenant", err, iamscim.ErrAlreadyExists)
								_, err = survivor.Replace(t.Context(), name(t, "main"), replaceRequest())
							} else if len(tenants) == 1 && errors.Is(err, iamscim.ErrAlreadyExists) {
								err = nil
							}
							if err != nil {
								t.Errorf("finishing the replacement = %v", err)
							}
						case err == nil:
							t.Error("Replace = nil although ctx ended")
						case !untouched:
							t.Errorf("Replace = %v, want a *ReplaceError: the server has %d tenants", err, len(tenants))
						default:
							if _, err := survivor.Replace(t.Context(), name(t, "main"), replaceRequest()); err != nil {
								t.Errorf("Replace again = %v", err)
							}
						}
					}
					got, err := survivor.Get(t.Context(), name(t, "main"))
					if err != nil || got.ClaimMapping["google.group"] != "group.displayName" || got.DisplayName != "Main" || len(srv.State().Tenants) != 1 {
						t.Errorf("in the end Get = %+v, %v, want the new tenant alone", got, err)
					}
				})
			})
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestReplaceOfATenantThatGoes: somebody deletes the tenant between the read and the
// delete. The new one is made all the same.
func TestReplaceOfATenantThatGoes(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	old := seed(t, srv)
	srv.Fail(scimtest.Fault{Method: "DELETE", Status: 404, AfterCommit: true})
	got, err := client.Replace(t.Context(), name(t, "main"), replaceRequest())
	if err != nil || got.New.BaseURI == old.BaseUri || got.New.ClaimMapping["google.group"] != "group.displayName" {
		t.Errorf("Replace = %+v, %v, want a new tenant", got, err)
	}
	if n := len(srv.State().Tenants); n != 1 {
		t.Errorf("the server has %d tenants, want one", n)
	}
}

// TestReplaceLeavesOthersAlone: a tenant of the same id in another provider is
// not taken for it.
func TestReplaceLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	other, err := provider.NewName(providerName(t).Pool(), "okta")
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := scimtenant.NewName(other, "main")
	if err != nil {
		t.Fatal(err)
	}
	before := srv.State()
	_, err = client.Replace(t.Context(), wrong, replaceRequest())
	wantError(t, "Replace of the same id in another provider", err, iamscim.ErrNotFound, wrong.String())
	if diff := cmp.Diff(before, srv.State()); diff != "" {
		t.Errorf("Replace changed the server: (-before +after)\n%s", diff)
	}
}

// TestReplaceKeepsThePolicy: if asked to, the new tenant has the old one's allow
// policy, and it's no longer among what is to be redone.
func TestReplaceKeepsThePolicy(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	policy, err := client.GetPolicy(t.Context(), name(t, "main"))
	if err != nil {
		t.Fatal(err)
	}
	policy.Bindings = []scimtenant.Binding{{Role: "roles/viewer", Members: []string{"user:a@example.com"}}}
	if _, err := client.SetPolicy(t.Context(), name(t, "main"), policy); err != nil {
		t.Fatal(err)
	}
	req := replaceRequest()
	req.KeepPolicy = true
	got, err := client.Replace(t.Context(), name(t, "main"), req)
	if err != nil {
		t.Fatal(err)
	}
	now, err := client.GetPolicy(t.Context(), name(t, "main"))
	if diff := cmp.Diff(policy.Bindings, now.Bindings); err != nil || diff != "" {
		t.Errorf("the new tenant's policy: %v (-want +got)\n%s", err, diff)
	}
	kinds := map[scimtenant.TaskKind]bool{}
	for _, task := range got.Redo {
		kinds[task.Kind] = true
		if task.Kind == scimtenant.TaskSetUpProvider && (task.Old != got.Old.BaseURI || task.New != got.New.BaseURI) {
			t.Errorf("%+v, want both base URIs", task)
		}
	}
	if kinds[scimtenant.TaskSetPolicy] || !kinds[scimtenant.TaskSetBindings] || !kinds[scimtenant.TaskCreateToken] {
		t.Errorf("Redo = %v, want bindings and a token, and no policy", got.Redo)
	}
}
