package provider_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

var compareNames = cmp.Options{
	cmp.Comparer(func(a, b provider.Name) bool { return a == b }),
	cmp.Comparer(func(a, b provider.PoolName) bool { return a == b }),
	cmp.Comparer(func(a, b iamscim.Secret) bool { return a.Reveal() == b.Reveal() }),
}

func TestLifeCycle(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	n := name(t, "entra")
	req := oidcRequest(n)
	req.OIDC.ClientSecret = iamscim.NewSecret("s3cret")
	req.OIDC.JWKSJSON = `{"keys":[]}`
	req.OIDC.WebSSO = &provider.WebSSO{ResponseType: provider.ResponseCode, AssertionClaimsBehavior: provider.ClaimsMergeUserInfo, AdditionalScopes: []string{"groups"}}
	req.AttributeCondition = "'admins' in google.groups"
	req.DetailedAuditLogging = true
	req.ExtraAttributes = &provider.AttributesClient{
		AttributesType: provider.AzureADGroupsMail, IssuerURI: "https://login.microsoftonline.com/t/v2.0",
		ClientID: "graph", ClientSecret: iamscim.NewSecret("gr4ph"), Filter: "displayName:eng",
	}
	created, err := client.Create(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	want := &provider.Provider{
		Name: n, DisplayName: req.DisplayName, Description: req.Description, State: iamscim.StateActive, VendorType: iamscim.VendorEntraID,
		AttributeMapping: req.AttributeMapping, AttributeCondition: req.AttributeCondition, DetailedAuditLogging: true, SCIMUsage: iamscim.SCIMUsageNone,
		OIDC:            &provider.OIDC{IssuerURI: req.OIDC.IssuerURI, ClientID: "client", JWKSJSON: req.OIDC.JWKSJSON, WebSSO: req.OIDC.WebSSO},
		ExtraAttributes: &provider.AttributesClient{AttributesType: provider.AzureADGroupsMail, IssuerURI: req.ExtraAttributes.IssuerURI, ClientID: "graph", Filter: "displayName:eng"},
	}
	// The service returns thumbprints of a kind it does not document.
	want.OIDC.ClientSecretThumbprint = created.OIDC.ClientSecretThumbprint
	want.ExtraAttributes.ClientSecretThumbprint = created.ExtraAttributes.ClientSecretThumbprint
	if created.OIDC.ClientSecretThumbprint == "" || created.ExtraAttributes.ClientSecretThumbprint == "" {
		t.Error("Create returned no thumbprints of the client secrets")
	}
	if diff := cmp.Diff(want, created, compareNames); diff != "" {
		t.Errorf("Create: (-want +got)\n%s", diff)
	}
	got, err := client.Get(t.Context(), n)
	if diff := cmp.Diff(want, got, compareNames); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got)\n%s", err, diff)
	}

	updated, err := client.Update(t.Context(), provider.UpdateRequest{Name: n, DisplayName: ptr("Entra"), Disabled: ptr(true), VendorType: ptr(iamscim.VendorOkta)})
	want.DisplayName, want.Disabled, want.VendorType = "Entra", true, iamscim.VendorOkta
	if diff := cmp.Diff(want, updated, compareNames); err != nil || diff != "" {
		t.Errorf("Update: %v (-want +got)\n%s", err, diff)
	}

	deleted, err := client.Delete(t.Context(), n)
	if err != nil || deleted.State != iamscim.StateDeleted || time.Until(deleted.ExpireTime) < 29*24*time.Hour {
		t.Errorf("Delete = %+v, %v, want StateDeleted and a purge in 30 days", deleted, err)
	}
	got, err = client.Get(t.Context(), n)
	if err != nil || got.State != iamscim.StateDeleted || got.ExpireTime.IsZero() {
		t.Errorf("Get of a deleted provider = %+v, %v, want it with StateDeleted", got, err)
	}
	_, err = client.Create(t.Context(), oidcRequest(n))
	wantError(t, "Create over a deleted provider", err, iamscim.ErrAlreadyExists, n.String(), "undelete it")
	_, err = client.Update(t.Context(), provider.UpdateRequest{Name: n, DisplayName: ptr("x")})
	wantError(t, "Update of a deleted provider", err, iamscim.ErrFailedPrecondition, "deleted")

	restored, err := client.Undelete(t.Context(), n)
	if diff := cmp.Diff(want, restored, compareNames); err != nil || diff != "" {
		t.Errorf("Undelete: %v (-want +got)\n%s", err, diff)
	}
	_, err = client.Undelete(t.Context(), n)
	wantError(t, "Undelete of an active provider", err, iamscim.ErrFailedPrecondition, "not deleted")
	if got := len(srv.State().Providers); got != 1 {
		t.Errorf("the server has %d providers, want 1", got)
	}
}

func TestSAML(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	req := provider.CreateRequest{Name: name(t, "saml"), AttributeMapping: map[string]string{"google.subject": "assertion.subject"}, SAML: &provider.SAML{IDPMetadataXML: "<EntityDescriptor/>"}}
	got, err := client.Create(t.Context(), req)
	if err != nil || got.OIDC != nil || got.SAML == nil || got.SAML.IDPMetadataXML != "<EntityDescriptor/>" {
		t.Fatalf("Create = %+v, %v, want a SAML provider", got, err)
	}
	got, err = client.Update(t.Context(), provider.UpdateRequest{Name: req.Name, SAML: &provider.SAML{IDPMetadataXML: "<EntityDescriptor a='1'/>"}})
	if err != nil || got.SAML == nil || got.SAML.IDPMetadataXML != "<EntityDescriptor a='1'/>" {
		t.Errorf("Update = %+v, %v, want other metadata", got, err)
	}
	_, err = client.Update(t.Context(), provider.UpdateRequest{Name: req.Name, OIDC: &provider.OIDCUpdate{ClientID: ptr("c")}})
	wantError(t, "Update of a SAML provider to OIDC", err, iamscim.ErrInvalidArgument)
}

func TestUpdateClears(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	n := name(t, "entra")
	req := oidcRequest(n)
	req.Disabled, req.DetailedAuditLogging, req.AttributeCondition = true, true, "true"
	req.OIDC.JWKSJSON, req.OIDC.ClientSecret = `{"keys":[]}`, iamscim.NewSecret("s3cret")
	req.ExtraAttributes = &provider.AttributesClient{AttributesType: provider.AzureADGroupsID, IssuerURI: "https://i.example.com", ClientID: "g", ClientSecret: iamscim.NewSecret("x")}
	req.ExtendedAttributes = req.ExtraAttributes
	if _, err := client.Create(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
	got, err := client.Update(t.Context(), provider.UpdateRequest{
		Name: n, DisplayName: ptr(""), Description: ptr(""), Disabled: ptr(false), VendorType: ptr(iamscim.VendorUnspecified),
		AttributeCondition: ptr(""), DetailedAuditLogging: ptr(false), SCIMUsage: ptr(iamscim.SCIMUsageNone),
		OIDC:            &provider.OIDCUpdate{ClientSecret: &iamscim.Secret{}, JWKSJSON: ptr("")},
		ExtraAttributes: &provider.AttributesClient{}, ExtendedAttributes: &provider.AttributesClient{},
	})
	want := &provider.Provider{Name: n, State: iamscim.StateActive, AttributeMapping: req.AttributeMapping, SCIMUsage: iamscim.SCIMUsageNone, OIDC: oidc()}
	if diff := cmp.Diff(want, got, compareNames); err != nil || diff != "" {
		t.Errorf("Update: %v (-want +got)\n%s", err, diff)
	}
	const mask = "displayName,description,disabled,vendorType,attributeCondition,detailedAuditLogging,scimUsage,oidc.clientSecret,oidc.jwksJson,extraAttributesOauth2Client,extendedAttributesOauth2Client"
	if sent := srv.Requests()[0]; sent.Query.Get("updateMask") != mask {
		t.Errorf("Update sent the mask %s, want %s", sent.Query.Get("updateMask"), mask)
	}
	// What is left nil stays as it was.
	got, err = client.Update(t.Context(), provider.UpdateRequest{Name: n, OIDC: &provider.OIDCUpdate{ClientID: ptr("other")}})
	want.OIDC.ClientID = "other"
	if diff := cmp.Diff(want, got, compareNames); err != nil || diff != "" {
		t.Errorf("Update of one field: %v (-want +got)\n%s", err, diff)
	}
}

func TestTestPoolPermissions(t *testing.T) {
	t.Parallel()
	const get, update = "iam.googleapis.com/workforcePools.get", "iam.googleapis.com/workforcePoolProviders.update"
	_, client := start(t, scimtest.WithDeniedPermissions("iam.workforcePoolProviders.update"))
	got, err := client.TestPoolPermissions(t.Context(), poolName(t), update, get)
	if diff := cmp.Diff([]string{get}, got); err != nil || diff != "" {
		t.Errorf("TestPoolPermissions: %v (-want +got)\n%s", err, diff)
	}
}

func TestGetPool(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	got, err := client.GetPool(t.Context(), poolName(t))
	want := &provider.Pool{Name: poolName(t), Organization: scimtest.DefaultOrganization, DisplayName: "Acme", State: iamscim.StateActive, SessionDuration: 2 * time.Hour}
	if diff := cmp.Diff(want, got, compareNames); err != nil || diff != "" {
		t.Errorf("GetPool: %v (-want +got)\n%s", err, diff)
	}
	other, err := provider.NewPoolName("global", "other-pool")
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.GetPool(t.Context(), other)
	wantError(t, "GetPool(other)", err, iamscim.ErrNotFound, "provider: get pool", other.String())
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	n := name(t, "absent")
	tests := []struct {
		name string
		opts []scimtest.Option
		call func(*provider.Client) error
		kind error
		want []string
	}{
		{"get of nothing", nil, func(c *provider.Client) error { _, err := c.Get(ctx, n); return err }, iamscim.ErrNotFound, []string{"provider: get " + n.String(), "HTTP 404"}},
		{"update of nothing", nil, func(c *provider.Client) error {
			_, err := c.Update(ctx, provider.UpdateRequest{Name: n, DisplayName: ptr("x")})
			return err
		}, iamscim.ErrNotFound, []string{"provider: update"}},
		{"update without a field", nil, func(c *provider.Client) error {
			_, err := c.Update(ctx, provider.UpdateRequest{Name: n})
			return err
		}, iamscim.ErrNothingToUpdate, []string{"nothing to update"}},
		{"update with an empty OIDC", nil, func(c *provider.Client) error {
			_, err := c.Update(ctx, provider.UpdateRequest{Name: n, OIDC: &provider.OIDCUpdate{}})
			return err
		}, iamscim.ErrNothingToUpdate, nil},
		{"usage of nothing", nil, func(c *provider.Client) error {
			_, err := c.SetSCIMUsage(ctx, n, iamscim.SCIMUsageGroups)
			return err
		}, iamscim.ErrNotFound, []string{"provider: set SCIM usage"}},
		{"delete of nothing", nil, func(c *provider.Client) error { _, err := c.Delete(ctx, n); return err }, iamscim.ErrNotFound, []string{"provider: delete"}},
		{"undelete of nothing", nil, func(c *provider.Client) error { _, err := c.Undelete(ctx, n); return err }, iamscim.ErrNotFound, []string{"provider: undelete"}},
		{"create over an active provider", nil, func(c *provider.Client) error {
			_, err := c.Create(ctx, oidcRequest(name(t, "seeded")))
			return err
		}, iamscim.ErrAlreadyExists, []string{"it differs in DisplayName, Description", "update the provider that is there"}},
		{"delete without permission", []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePoolProviders.delete")},
			func(c *provider.Client) error { _, err := c.Delete(ctx, name(t, "seeded")); return err }, iamscim.ErrPermissionDenied, []string{"roles/iam.workforcePoolAdmin"}},
		{"update of the type", nil, func(c *provider.Client) error {
			_, err := c.Update(ctx, provider.UpdateRequest{Name: name(t, "seeded"), SAML: &provider.SAML{IDPMetadataXML: "<x/>"}})
			return err
		}, iamscim.ErrInvalidArgument, []string{"workforce_pool_provider"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t, tt.opts...)
			seed(t, srv, "seeded")
			before := srv.State()
			wantError(t, tt.name, tt.call(client), tt.kind, tt.want...)
			if diff := cmp.Diff(before, srv.State()); diff != "" {
				t.Errorf("%s changed the server: (-before +after)\n%s", tt.name, diff)
			}
		})
	}
}

// TestUsageConflict: the refusal names what is in the way, whichever of the
// possible codes the service answers with.
func TestUsageConflict(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"FAILED_PRECONDITION", "INVALID_ARGUMENT"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t, scimtest.WithBehavior(scimtest.SecondUsage, code))
			seed(t, srv, "entra", "okta")
			entra, okta := name(t, "entra"), name(t, "okta")
			if _, err := client.SetSCIMUsage(t.Context(), entra, iamscim.SCIMUsageGroups); err != nil {
				t.Fatal(err)
			}
			_, err := client.SetSCIMUsage(t.Context(), okta, iamscim.SCIMUsageUsersAndGroups)
			wantError(t, "SetSCIMUsage", err, provider.ErrUsageConflict, entra.String(), "ENABLED_FOR_GROUPS")
			req := oidcRequest(name(t, "third"))
			req.SCIMUsage = iamscim.SCIMUsageGroups
			_, err = client.Create(t.Context(), req)
			wantError(t, "Create", err, provider.ErrUsageConflict, entra.String())
			var api *googleapi.Error
			if !errors.As(err, &api) || api.Code != 400 {
				t.Errorf("Create = %v, want the service's 400 within", err)
			}

			// A deleted provider gives its place up, and cannot have it back.
			if _, err := client.Delete(t.Context(), entra); err != nil {
				t.Fatal(err)
			}
			if _, err := client.SetSCIMUsage(t.Context(), okta, iamscim.SCIMUsageGroups); err != nil {
				t.Errorf("SetSCIMUsage after the other was deleted = %v", err)
			}
			_, err = client.Undelete(t.Context(), entra)
			wantError(t, "Undelete", err, provider.ErrUsageConflict, okta.String())
		})
	}
}

func TestUsageExcludesExtendedAttributes(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	p := seeded("entra")
	p.ExtendedAttributesOauth2Client = &iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client{
		AttributesType: "AZURE_AD_GROUPS_ID", IssuerUri: "https://i.example.com", ClientId: "c",
		ClientSecret: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecret{Value: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecretValue{PlainText: "x"}},
	}
	if err := srv.AddProvider(p); err != nil {
		t.Fatal(err)
	}
	_, err := client.SetSCIMUsage(t.Context(), name(t, "entra"), iamscim.SCIMUsageGroups)
	wantError(t, "SetSCIMUsage", err, provider.ErrUsageConflict, "ExtendedAttributes")
}

// TestWritesAreAwaited: a write returns when its operation is done and the
// provider shows it, in virtual time and without a pause of a fixed length.
func TestWritesAreAwaited(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 5 * time.Second, 80 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const takes = 10 * time.Second
				srv := scimtest.New(scimtest.WithReplicationLag(lag), scimtest.WithOperationTime(takes), scimtest.WithOperationPolls(2))
				defer srv.Close()
				if err := srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
					t.Fatal(err)
				}
				client, err := provider.NewClient(t.Context(), srv.PipeClientOptions()...)
				if err != nil {
					t.Fatal(err)
				}
				n := name(t, "entra")
				steps := []struct {
					name string
					call func() (*provider.Provider, error)
					ok   func(*provider.Provider) bool
				}{
					{"Create", func() (*provider.Provider, error) { return client.Create(t.Context(), oidcRequest(n)) }, func(p *provider.Provider) bool { return p.State == iamscim.StateActive }},
					{"SetSCIMUsage", func() (*provider.Provider, error) {
						return client.SetSCIMUsage(t.Context(), n, iamscim.SCIMUsageGroups)
					}, func(p *provider.Provider) bool { return p.SCIMUsage == iamscim.SCIMUsageGroups }},
					{"Delete", func() (*provider.Provider, error) { return client.Delete(t.Context(), n) }, func(p *provider.Provider) bool { return p.State == iamscim.StateDeleted }},
					{"Undelete", func() (*provider.Provider, error) { return client.Undelete(t.Context(), n) }, func(p *provider.Provider) bool { return p.State == iamscim.StateActive }},
				}
				for _, step := range steps {
					begin := time.Now()
					got, err := step.call()
					if err != nil || !step.ok(got) {
						t.Fatalf("%s with a lag of %v = %+v, %v", step.name, lag, got, err)
					}
					// It cannot be seen before; and each of the waits ends at most one
					// pause, of 8 s for polls and 32 s for reads, too late.
					if took := time.Since(begin); took < takes || took > lag+takes+45*time.Second {
						t.Errorf("%s with a lag of %v took %v", step.name, lag, took)
					}
				}
			})
		})
	}
}

func TestOperationErrors(t *testing.T) {
	t.Parallel()
	t.Run("the operation fails", func(t *testing.T) {
		t.Parallel()
		srv, client := start(t)
		seed(t, srv, "entra")
		srv.Fail(scimtest.Fault{Method: "PATCH", Kind: scimtest.FaultOperation, Operation: &iam.Status{Code: 9, Message: "the issuer cannot be reached"}})
		_, err := client.SetSCIMUsage(t.Context(), name(t, "entra"), iamscim.SCIMUsageGroups)
		var op *provider.OperationError
		if !errors.As(err, &op) || op.Name.IsZero() {
			t.Fatalf("SetSCIMUsage = %v, want an *OperationError with a name", err)
		}
		wantError(t, "SetSCIMUsage", err, iamscim.ErrOperationFailed, op.Name.String(), "the issuer cannot be reached", "code 9")
		wantError(t, "Wait", client.Wait(t.Context(), op.Name), iamscim.ErrOperationFailed, "the issuer cannot be reached")
	})
	t.Run("ctx ends first", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv := scimtest.New(scimtest.WithOperationTime(time.Minute))
			defer srv.Close()
			if err := srv.AddPool(&iam.WorkforcePool{Name: poolText, Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
				t.Fatal(err)
			}
			client, err := provider.NewClient(t.Context(), srv.PipeClientOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err = client.Create(ctx, oidcRequest(name(t, "entra")))
			var op *provider.OperationError
			if !errors.As(err, &op) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wait for the operation again") {
				t.Fatalf("Create = %v, want an *OperationError that says how to go on", err)
			}
			if err := client.Wait(t.Context(), op.Name); err != nil {
				t.Errorf("Wait(%v) = %v, want nil", op.Name, err)
			}
			if got, err := client.Get(t.Context(), name(t, "entra")); err != nil || got.State != iamscim.StateActive {
				t.Errorf("Get = %+v, %v, want the provider", got, err)
			}
		})
	})
	t.Run("unknown operation", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			srv := scimtest.New()
			defer srv.Close()
			client, err := provider.NewClient(t.Context(), srv.PipeClientOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			n, err := provider.ParseOperationName(poolText + "/operations/gone")
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			wantError(t, "Wait", client.Wait(t.Context(), n), iamscim.ErrNotFound, n.String())
			if took := time.Since(begin); took > 2*time.Minute+10*time.Second {
				t.Errorf("Wait for an unknown operation took %v, want the replication window of 2 min", took)
			}
		})
	})
}

// TestWaitForPoolOperation: the generated method for the operations of
// providers serves those of pools too.
func TestWaitForPoolOperation(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	svc, err := iam.NewService(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	op, err := svc.Locations.WorkforcePools.Patch(poolText, &iam.WorkforcePool{DisplayName: "x"}).UpdateMask("displayName").Do()
	if err != nil {
		t.Fatal(err)
	}
	n, err := provider.ParseOperationName(op.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Wait(t.Context(), n); err != nil {
		t.Errorf("Wait(%v) = %v, want nil", n, err)
	}
	if all := paths(srv); all[len(all)-1] != "GET /v1/"+op.Name {
		t.Errorf("Wait sent %s, want GET /v1/%s", all[len(all)-1], op.Name)
	}
}

// TestHostileReplies: a 200 that is not what the API describes is an error, not
// a panic and not half a result.
func TestHostileReplies(t *testing.T) {
	t.Parallel()
	const pool = `"name":"` + poolText + `","parent":"organizations/1"`
	tests := []struct{ name, body, want string }{
		{"no organization", `{"name":"` + poolText + `"}`, `the pool's parent is ""`},
		{"parent of another kind", `{"name":"` + poolText + `","parent":"folders/1"}`, "folders/1"},
		{"duration", `{` + pool + `,"sessionDuration":"an hour"}`, "sessionDuration"},
		{"time", `{` + pool + `,"expireTime":"tomorrow"}`, "tomorrow"},
		{"another pool", `{"name":"locations/global/workforcePools/other-pool","parent":"organizations/1"}`, "other-pool"},
		{"type", `{` + pool + `,"disabled":"yes"}`, "cannot unmarshal"},
		{"null", `null`, "null"},
		{"array", `[]`, "cannot unmarshal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			srv.Fail(scimtest.Fault{Status: 200, Body: []byte(tt.body)})
			got, err := client.GetPool(t.Context(), poolName(t))
			wantError(t, "GetPool", err, iamscim.ErrBadReply, tt.want)
			if got != nil {
				t.Errorf("GetPool = %+v with an error", got)
			}
		})
	}
}

// TestHostileProviders is the same for a provider.
func TestHostileProviders(t *testing.T) {
	t.Parallel()
	const provider = `"name":"` + poolText + `/providers/entra"`
	tests := []struct{ name, body, want string }{
		{"another provider", `{"name":"` + poolText + `/providers/other"}`, "providers/other"},
		{"time", `{` + provider + `,"expireTime":"tomorrow"}`, "tomorrow"},
		{"type", `{` + provider + `,"attributeMapping":["google.subject"]}`, "cannot unmarshal"},
		{"null", `null`, "null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			srv.Fail(scimtest.Fault{Status: 200, Body: []byte(tt.body)})
			got, err := client.Get(t.Context(), name(t, "entra"))
			wantError(t, "Get", err, iamscim.ErrBadReply, tt.want)
			if got != nil {
				t.Errorf("Get = %+v with an error", got)
			}
		})
	}
}
