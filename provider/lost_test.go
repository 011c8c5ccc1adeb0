package provider_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// TestLostUpdate: the reply of an update is lost and its repetition is refused. What
// the provider shows of each field says whether the update was made.
func TestLostUpdate(t *testing.T) {
	t.Parallel()
	oidc := func(u provider.OIDCUpdate) func(*provider.UpdateRequest) {
		return func(r *provider.UpdateRequest) { r.OIDC = &u }
	}
	for field, set := range map[string]func(*provider.UpdateRequest){
		"DisplayName": func(r *provider.UpdateRequest) { r.DisplayName = ptr("New") },
		"Description": func(r *provider.UpdateRequest) { r.Description = ptr("new") },
		"Disabled":    func(r *provider.UpdateRequest) { r.Disabled = ptr(true) },
		"VendorType":  func(r *provider.UpdateRequest) { r.VendorType = ptr(iamscim.VendorOkta) },
		"AttributeMapping": func(r *provider.UpdateRequest) {
			r.AttributeMapping = map[string]string{"google.subject": "assertion.oid"}
		},
		"AttributeCondition":   func(r *provider.UpdateRequest) { r.AttributeCondition = ptr("true") },
		"DetailedAuditLogging": func(r *provider.UpdateRequest) { r.DetailedAuditLogging = ptr(true) },
		"SCIMUsage":            func(r *provider.UpdateRequest) { r.SCIMUsage = ptr(iamscim.SCIMUsageGroups) },
		"OIDC.IssuerURI":       oidc(provider.OIDCUpdate{IssuerURI: ptr("https://other.example.com")}),
		"OIDC.ClientID":        oidc(provider.OIDCUpdate{ClientID: ptr("other")}),
		"OIDC.JWKSJSON":        oidc(provider.OIDCUpdate{JWKSJSON: ptr(`{"keys":[]}`)}),
		"OIDC.WebSSO scopes":   oidc(provider.OIDCUpdate{WebSSO: &provider.WebSSO{ResponseType: provider.ResponseIDToken, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken, AdditionalScopes: []string{"groups"}}}),
	} {
		for _, made := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New()
				defer srv.Close()
				testenv.Prepare(t, srv, testenv.WithProvider)
				c := testenv.New(t, srv.PipeClientOptions()...).Providers
				srv.Fail(scimtest.Fault{Method: "PATCH", Kind: scimtest.FaultClose, AfterCommit: made})
				srv.Fail(scimtest.Fault{Method: "PATCH", Status: 403})
				req := provider.UpdateRequest{Name: testenv.Provider}
				set(&req)
				var want error
				if !made {
					want = iamscim.ErrPermissionDenied
				}
				if _, err := c.Update(t.Context(), req); !errors.Is(err, want) {
					t.Errorf("%s, made %t: Update = %v, want %v", field, made, err, want)
				}
			})
		}
	}
}

// TestUpdateShows: an update returns once the provider shows it, whichever field it
// changes.
func TestUpdateShows(t *testing.T) {
	t.Parallel()
	for field, tt := range map[string]struct {
		set   func(*provider.UpdateRequest)
		shown func(*provider.Provider) bool
	}{
		"DisplayName": {func(r *provider.UpdateRequest) { r.DisplayName = ptr("New") }, func(p *provider.Provider) bool { return p.DisplayName == "New" }},
		"Description": {func(r *provider.UpdateRequest) { r.Description = ptr("new") }, func(p *provider.Provider) bool { return p.Description == "new" }},
		"Disabled":    {func(r *provider.UpdateRequest) { r.Disabled = ptr(true) }, func(p *provider.Provider) bool { return p.Disabled }},
		"VendorType":  {func(r *provider.UpdateRequest) { r.VendorType = ptr(iamscim.VendorOkta) }, func(p *provider.Provider) bool { return p.VendorType == iamscim.VendorOkta }},
		"DetailedAuditLogging": {func(r *provider.UpdateRequest) { r.DetailedAuditLogging = ptr(true) },
			func(p *provider.Provider) bool { return p.DetailedAuditLogging }},
		"SCIMUsage": {func(r *provider.UpdateRequest) { r.SCIMUsage = ptr(iamscim.SCIMUsageGroups) },
			func(p *provider.Provider) bool { return p.SCIMUsage == iamscim.SCIMUsageGroups }},
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := scimtest.New(scimtest.WithReplicationLag(30 * time.Second))
			defer srv.Close()
			testenv.Prepare(t, srv, testenv.WithProvider)
			time.Sleep(time.Minute)
			req := provider.UpdateRequest{Name: testenv.Provider}
			tt.set(&req)
			got, err := testenv.New(t, srv.PipeClientOptions()...).Providers.Update(t.Context(), req)
			if err != nil || !tt.shown(got) {
				t.Errorf("%s: Update = %+v, %v, want the new value", field, got, err)
			}
		})
	}
}

// TestClearingIsSent: an empty text in an update is sent, and clears.
func TestClearingIsSent(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv, "entra")
	if _, err := client.Update(t.Context(), provider.UpdateRequest{Name: name(t, "entra"), OIDC: &provider.OIDCUpdate{JWKSJSON: ptr(`{"keys":[]}`)}, AttributeCondition: ptr("true")}); err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
	got, err := client.Update(t.Context(), provider.UpdateRequest{
		Name: name(t, "entra"), DisplayName: ptr(""), Description: ptr(""), AttributeCondition: ptr(""), OIDC: &provider.OIDCUpdate{JWKSJSON: ptr("")},
	})
	if err != nil || got.DisplayName != "" || got.Description != "" || got.AttributeCondition != "" || got.OIDC.JWKSJSON != "" {
		t.Errorf("Update to empty = %+v, %v", got, err)
	}
	sent := srv.Requests()[0]
	for _, part := range []string{`"displayName":""`, `"description":""`, `"attributeCondition":""`, `"jwksJson":""`} {
		if !strings.Contains(string(sent.Body), part) {
			t.Errorf("Update sent %s, want %s in it", sent.Body, part)
		}
	}
	if got, want := sent.Query.Get("updateMask"), "displayName,description,attributeCondition,oidc.jwksJson"; got != want {
		t.Errorf("the mask is %s, want %s", got, want)
	}
}

// TestCreateOverADeletedProvider: its id is taken until it's purged.
func TestCreateOverADeletedProvider(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv, "entra")
	if _, err := client.Delete(t.Context(), name(t, "entra")); err != nil {
		t.Fatal(err)
	}
	_, err := client.Create(t.Context(), oidcRequest(name(t, "entra")))
	wantError(t, "Create", err, iamscim.ErrAlreadyExists, "the provider is soft-deleted and is purged at 2", "undelete it, or choose another id")
}
