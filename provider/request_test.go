package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
)

// faults are the violations of an error, as "field: rule".
func faults(err error) []string {
	var typed *iamscim.Error
	if !errors.As(err, &typed) {
		return nil
	}
	var all []string
	for _, v := range typed.Violations {
		all = append(all, v.String())
	}
	return all
}

// TestBadRequests: every fault is reported, with its field and rule, in the
// order of the fields; nothing is sent and nothing changes.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	n := name(t, "entra")
	create := func(change func(*provider.CreateRequest)) func(context.Context, *provider.Client) error {
		req := oidcRequest(n)
		change(&req)
		return func(ctx context.Context, c *provider.Client) error { _, err := c.Create(ctx, req); return err }
	}
	update := func(req provider.UpdateRequest) func(context.Context, *provider.Client) error {
		return func(ctx context.Context, c *provider.Client) error { _, err := c.Update(ctx, req); return err }
	}
	tooMany := map[string]string{"google.subject": "assertion.sub"}
	for i := range 51 {
		tooMany[fmt.Sprintf("attribute.a%d", i)] = "assertion.a"
	}
	tests := []struct {
		name string
		call func(context.Context, *provider.Client) error
		want []string
	}{
		{"create: nothing set", create(func(r *provider.CreateRequest) { *r = provider.CreateRequest{} }), []string{
			"Name: required", "OIDC: one of OIDC and SAML is required"}},
		{"create: reserved id", create(func(r *provider.CreateRequest) { r.Name = name(t, "gcp-entra") }), []string{
			"Name: ids that begin with gcp- are reserved"}},
		{"create: display name of 33 characters", create(func(r *provider.CreateRequest) { r.DisplayName = strings.Repeat("日", 33) }), []string{
			"DisplayName: must be at most 32 characters, is 33"}},
		{"create: description of 257 characters", create(func(r *provider.CreateRequest) { r.Description = strings.Repeat("é", 257) }), []string{
			"Description: must be at most 256 characters, is 257"}},
		{"create: not UTF-8", create(func(r *provider.CreateRequest) { r.DisplayName, r.Description = "a\xff", "\xc3" }), []string{
			"DisplayName: must be valid UTF-8", "Description: must be valid UTF-8"}},
		{"create: long condition", create(func(r *provider.CreateRequest) { r.AttributeCondition = strings.Repeat("é", 4097) }), []string{
			"AttributeCondition: must be at most 4096 characters, is 4097"}},
		{"create: both kinds", create(func(r *provider.CreateRequest) { r.SAML = &provider.SAML{IDPMetadataXML: "<x/>"} }), []string{
			"OIDC: only one of OIDC and SAML can be set"}},
		{"create: empty OIDC", create(func(r *provider.CreateRequest) { r.OIDC = &provider.OIDC{} }), []string{
			"OIDC.IssuerURI: required", "OIDC.ClientID: required", "OIDC.WebSSO: required"}},
		{"create: empty SAML", create(func(r *provider.CreateRequest) { r.OIDC, r.SAML = nil, &provider.SAML{} }), []string{
			"SAML.IDPMetadataXML: required"}},
		{"create: long metadata", create(func(r *provider.CreateRequest) {
			r.OIDC, r.SAML = nil, &provider.SAML{IDPMetadataXML: strings.Repeat("x", 128<<10+1)}
		}), []string{"SAML.IDPMetadataXML: must be at most 131072 characters, is 131073"}},
		{"create: http issuer", create(func(r *provider.CreateRequest) { r.OIDC.IssuerURI = "http://idp.example.com" }), []string{"OIDC.IssuerURI: must be an https URI"}},
		{"create: issuer without a host", create(func(r *provider.CreateRequest) { r.OIDC.IssuerURI = "https:///x" }), []string{"OIDC.IssuerURI: must be an https URI"}},
		{"create: issuer that is a path", create(func(r *provider.CreateRequest) { r.OIDC.IssuerURI = "idp.example.com" }), []string{"OIDC.IssuerURI: must be an https URI"}},
		{"create: issuer with a control character", create(func(r *provider.CreateRequest) { r.OIDC.IssuerURI = "https://idp\n.example.com" }), []string{"OIDC.IssuerURI: must be an https URI"}},
		{"create: code flow without a secret", create(func(r *provider.CreateRequest) { r.OIDC.WebSSO.ResponseType = provider.ResponseCode }), []string{
			"OIDC.ClientSecret: required for the response type CODE"}},
		{"create: web sign-in", create(func(r *provider.CreateRequest) {
			r.OIDC.WebSSO = &provider.WebSSO{AdditionalScopes: append(make([]string, 10), strings.Repeat("s", 257))}
		}), []string{
			"OIDC.WebSSO.ResponseType: must be CODE or ID_TOKEN",
			"OIDC.WebSSO.AssertionClaimsBehavior: must be MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS or ONLY_ID_TOKEN_CLAIMS",
			"OIDC.WebSSO.AdditionalScopes: at most 10 are allowed, there are 11",
			"OIDC.WebSSO.AdditionalScopes[10]: must be at most 256 characters, is 257"}},
		{"create: merge without the code flow", create(func(r *provider.CreateRequest) { r.OIDC.WebSSO.AssertionClaimsBehavior = provider.ClaimsMergeUserInfo }), []string{
			"OIDC.WebSSO.AssertionClaimsBehavior: MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS requires the response type CODE"}},
		{"create: no mapping", create(func(r *provider.CreateRequest) { r.AttributeMapping = nil }), []string{"AttributeMapping: google.subject is required"}},
		{"create: mapping keys", create(func(r *provider.CreateRequest) {
			r.AttributeMapping = map[string]string{
				"google.subject": "assertion.sub", "google.group": "x", "attribute.Dept": "x", "attribute.": "x", "subject": "x",
				"attribute." + strings.Repeat("k", 101): "x", "google.groups": "", "google.display_name": strings.Repeat("é", 2049), "google.profile_photo": "\xff",
			}
		}), []string{
			`AttributeMapping["attribute."]: a custom attribute is attribute. and 1 to 100 characters of a-z, 0-9 and _`,
			`AttributeMapping["attribute.Dept"]: a custom attribute is attribute. and 1 to 100 characters of a-z, 0-9 and _`,
			`AttributeMapping["attribute.` + strings.Repeat("k", 101) + `"]: a custom attribute is attribute. and 1 to 100 characters of a-z, 0-9 and _`,
			`AttributeMapping["google.display_name"]: must be at most 2048 characters, is 2049`,
			`AttributeMapping["google.group"]: unknown key: use google.subject, google.groups, google.display_name, google.profile_photo, google.posix_username or attribute.KEY`,
			`AttributeMapping["google.groups"]: required`,
			`AttributeMapping["google.profile_photo"]: must be valid UTF-8`,
			`AttributeMapping["subject"]: unknown key: use google.subject, google.groups, google.display_name, google.profile_photo, google.posix_username or attribute.KEY`,
		}},
		{"create: 51 custom attributes", create(func(r *provider.CreateRequest) { r.AttributeMapping = tooMany }), []string{
			"AttributeMapping: at most 50 custom attributes are allowed, there are 51"}},
		{"create: unknown usage", create(func(r *provider.CreateRequest) { r.SCIMUsage = "enabled-for-groups" }), []string{
			`SCIMUsage: "enabled-for-groups" is none of SCIM_USAGE_UNSPECIFIED, ENABLED_FOR_GROUPS, ENABLED_FOR_USERS_GROUPS`}},
		{"create: attribute clients", create(func(r *provider.CreateRequest) {
			r.ExtraAttributes = &provider.AttributesClient{}
			r.ExtendedAttributes = &provider.AttributesClient{AttributesType: provider.AzureADGroupsMail, IssuerURI: "x", ClientID: "c", ClientSecret: iamscim.NewSecret("s")}
		}), []string{
			"ExtraAttributes.AttributesType: must be one of AZURE_AD_GROUPS_MAIL, AZURE_AD_GROUPS_ID, AZURE_AD_GROUPS_DISPLAY_NAME",
			"ExtraAttributes.IssuerURI: required", "ExtraAttributes.ClientID: required", "ExtraAttributes.ClientSecret: required",
			"ExtendedAttributes.AttributesType: must be AZURE_AD_GROUPS_ID", "ExtendedAttributes.IssuerURI: must be an https URI"}},
		{"create: usage that excludes both clients", create(func(r *provider.CreateRequest) {
			r.SCIMUsage = iamscim.SCIMUsageUsersAndGroups
			r.ExtraAttributes = &provider.AttributesClient{AttributesType: provider.AzureADGroupsID, IssuerURI: "https://i.example.com", ClientID: "c", ClientSecret: iamscim.NewSecret("s")}
			r.ExtendedAttributes = r.ExtraAttributes
		}), []string{
			"SCIMUsage: ENABLED_FOR_USERS_GROUPS excludes ExtendedAttributes", "SCIMUsage: ENABLED_FOR_USERS_GROUPS excludes ExtraAttributes"}},
		{"create: everything at once", create(func(r *provider.CreateRequest) {
			*r = provider.CreateRequest{DisplayName: strings.Repeat("x", 33), AttributeMapping: map[string]string{"x": "y"}, OIDC: &provider.OIDC{IssuerURI: "ftp://x"}, SCIMUsage: "x"}
		}), []string{
			"Name: required", "DisplayName: must be at most 32 characters, is 33", "AttributeMapping: google.subject is required",
			`AttributeMapping["x"]: unknown key: use google.subject, google.groups, google.display_name, google.profile_photo, google.posix_username or attribute.KEY`,
			`SCIMUsage: "x" is none of SCIM_USAGE_UNSPECIFIED, ENABLED_FOR_GROUPS, ENABLED_FOR_USERS_GROUPS`,
			"OIDC.IssuerURI: must be an https URI", "OIDC.ClientID: required", "OIDC.WebSSO: required"}},

		{"update: no name", update(provider.UpdateRequest{DisplayName: ptr(strings.Repeat("x", 33))}), []string{
			"Name: required", "DisplayName: must be at most 32 characters, is 33"}},
		{"update: texts", update(provider.UpdateRequest{Name: n, DisplayName: ptr("\xff"), Description: ptr(strings.Repeat("é", 257)), AttributeCondition: ptr(strings.Repeat("x", 4097))}), []string{
			"DisplayName: must be valid UTF-8", "Description: must be at most 256 characters, is 257", "AttributeCondition: must be at most 4096 characters, is 4097"}},
		{"update: empty mapping", update(provider.UpdateRequest{Name: n, AttributeMapping: map[string]string{}}), []string{"AttributeMapping: google.subject is required"}},
		{"update: zero usage", update(provider.UpdateRequest{Name: n, SCIMUsage: ptr(iamscim.SCIMUsage(""))}), []string{
			"SCIMUsage: required: one of SCIM_USAGE_UNSPECIFIED, ENABLED_FOR_GROUPS, ENABLED_FOR_USERS_GROUPS"}},
		{"update: both kinds", update(provider.UpdateRequest{Name: n, OIDC: &provider.OIDCUpdate{ClientID: ptr(""), IssuerURI: ptr("http://x"), WebSSO: &provider.WebSSO{}}, SAML: &provider.SAML{}}), []string{
			"OIDC: only one of OIDC and SAML can be set", "OIDC.IssuerURI: must be an https URI", "OIDC.ClientID: required",
			"OIDC.WebSSO.ResponseType: must be CODE or ID_TOKEN",
			"OIDC.WebSSO.AssertionClaimsBehavior: must be MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS or ONLY_ID_TOKEN_CLAIMS",
			"SAML.IDPMetadataXML: required"}},
		{"update: code flow without its secret", update(provider.UpdateRequest{Name: n, OIDC: &provider.OIDCUpdate{
			ClientSecret: &iamscim.Secret{}, WebSSO: &provider.WebSSO{ResponseType: provider.ResponseCode, AssertionClaimsBehavior: provider.ClaimsOnlyIDToken}}}), []string{
			"OIDC.ClientSecret: required for the response type CODE"}},
		{"update: half an attribute client", update(provider.UpdateRequest{Name: n, ExtraAttributes: &provider.AttributesClient{ClientID: "c"}}), []string{
			"ExtraAttributes.AttributesType: must be one of AZURE_AD_GROUPS_MAIL, AZURE_AD_GROUPS_ID, AZURE_AD_GROUPS_DISPLAY_NAME",
			"ExtraAttributes.IssuerURI: required", "ExtraAttributes.ClientSecret: required"}},
		{"update: usage with a client it excludes", update(provider.UpdateRequest{Name: n, SCIMUsage: ptr(iamscim.SCIMUsageGroups),
			ExtendedAttributes: &provider.AttributesClient{AttributesType: provider.AzureADGroupsID, IssuerURI: "https://i.example.com", ClientID: "c", ClientSecret: iamscim.NewSecret("s")}}), []string{
			"SCIMUsage: ENABLED_FOR_GROUPS excludes ExtendedAttributes"}},
		{"set usage: zero", func(ctx context.Context, c *provider.Client) error { _, err := c.SetSCIMUsage(ctx, n, ""); return err }, []string{
			"SCIMUsage: required: one of SCIM_USAGE_UNSPECIFIED, ENABLED_FOR_GROUPS, ENABLED_FOR_USERS_GROUPS"}},
		{"set usage: zero name", func(ctx context.Context, c *provider.Client) error {
			_, err := c.SetSCIMUsage(ctx, provider.Name{}, iamscim.SCIMUsageNone)
			return err
		}, []string{"Name: required"}},
		{"get: zero name", func(ctx context.Context, c *provider.Client) error { _, err := c.Get(ctx, provider.Name{}); return err }, []string{"name: required"}},
		{"get pool: zero name", func(ctx context.Context, c *provider.Client) error {
			_, err := c.GetPool(ctx, provider.PoolName{})
			return err
		}, []string{"name: required"}},
		{"test pool permissions: nothing set", func(ctx context.Context, c *provider.Client) error {
			_, err := c.TestPoolPermissions(ctx, provider.PoolName{})
			return err
		}, []string{"name: required", "permissions: required"}},
		{"delete: zero name", func(ctx context.Context, c *provider.Client) error {
			_, err := c.Delete(ctx, provider.Name{})
			return err
		}, []string{"name: required"}},
		{"undelete: zero name", func(ctx context.Context, c *provider.Client) error {
			_, err := c.Undelete(ctx, provider.Name{})
			return err
		}, []string{"name: required"}},
		{"wait: zero name", func(ctx context.Context, c *provider.Client) error { return c.Wait(ctx, provider.OperationName{}) }, []string{"name: required"}},
	}
	srv, client := start(t)
	seed(t, srv, "entra")
	before := srv.State()
	for _, tt := range tests {
		err := tt.call(t.Context(), client)
		if !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("%s: %v, want ErrInvalidArgument", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, faults(err)); diff != "" {
			t.Errorf("%s: violations (-want +got)\n%s", tt.name, diff)
		}
		for _, want := range tt.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", tt.name, err, want)
			}
		}
	}
	if got := paths(srv); got != nil {
		t.Errorf("bad requests were sent: %v", got)
	}
	if diff := cmp.Diff(before, srv.State()); diff != "" {
		t.Errorf("bad requests changed the server: (-before +after)\n%s", diff)
	}
}

// TestLimitsAreInclusive: what is exactly as long as allowed is sent.
func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	req := oidcRequest(name(t, "entra"))
	req.DisplayName, req.Description = strings.Repeat("日", 32), strings.Repeat("é", 256)
	req.AttributeCondition = "'" + strings.Repeat("é", 4096-6) + "'!=''"
	req.AttributeMapping["attribute."+strings.Repeat("k", 90)] = "'" + strings.Repeat("é", 2048-2) + "'"
	for i := range 49 {
		req.AttributeMapping[fmt.Sprintf("attribute.a%d", i)] = "'x'"
	}
	for range 10 {
		req.OIDC.WebSSO.AdditionalScopes = append(req.OIDC.WebSSO.AdditionalScopes, strings.Repeat("é", 256))
	}
	got, err := client.Create(t.Context(), req)
	if err != nil || got.DisplayName != req.DisplayName || got.Description != req.Description {
		t.Errorf("Create = %+v, %v, want it made as asked", got, err)
	}
}

func TestBadContexts(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv, "entra")
	n := name(t, "entra")
	op, err := provider.ParseOperationName(n.String() + "/operations/x")
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func(context.Context) error{
		"GetPool": func(ctx context.Context) error { _, err := client.GetPool(ctx, poolName(t)); return err },
		"TestPoolPermissions": func(ctx context.Context) error {
			_, err := client.TestPoolPermissions(ctx, poolName(t), "iam.workforcePools.get")
			return err
		},
		"Create": func(ctx context.Context) error {
			_, err := client.Create(ctx, oidcRequest(name(t, "other")))
			return err
		},
		"Get": func(ctx context.Context) error { _, err := client.Get(ctx, n); return err },
		"List": func(ctx context.Context) error {
			for _, err := range client.List(ctx, poolName(t), iamscim.ListOptions{}) {
				return err
			}
			return nil
		},
		"Update": func(ctx context.Context) error {
			_, err := client.Update(ctx, provider.UpdateRequest{Name: n, DisplayName: ptr("x")})
			return err
		},
		"SetSCIMUsage": func(ctx context.Context) error {
			_, err := client.SetSCIMUsage(ctx, n, iamscim.SCIMUsageGroups)
			return err
		},
		"Delete":   func(ctx context.Context) error { _, err := client.Delete(ctx, n); return err },
		"Undelete": func(ctx context.Context) error { _, err := client.Undelete(ctx, n); return err },
		"Wait":     func(ctx context.Context) error { return client.Wait(ctx, op) },
	}
	for method, call := range calls {
		wantError(t, method+"(nil ctx)", call(nil), iamscim.ErrInvalidArgument, "ctx: must not be nil")
		err := call(ended)
		wantError(t, method+"(ended ctx)", err, context.Canceled, "nothing was sent")
		var typed *iamscim.Error
		if errors.As(err, &typed) && typed.Attempts != 0 {
			t.Errorf("%s(ended ctx): Attempts = %d, want 0", method, typed.Attempts)
		}
	}
	if got := paths(srv); got != nil {
		t.Errorf("requests were sent: %v", got)
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"nil ctx", func() error { _, err := provider.NewClient(noContext, srv.ClientOptions()...); return err }, "ctx must not be nil"},
		{"nil option", func() error { _, err := provider.NewClient(t.Context(), nil); return err }, "option 0 is nil"},
		{"bad policy", func() error {
			_, err := provider.NewClient(t.Context(), append(srv.ClientOptions(), provider.WithRetry(iamscim.RetryPolicy{Budget: -1}))...)
			return err
		}, "must not be negative"},
	}
	for _, tt := range tests {
		if err := tt.call(); err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "provider: new client: ") {
			t.Errorf("%s: NewClient = %v, want %q", tt.name, err, tt.want)
		}
	}
}

// noContext is a nil context in a variable: a literal one is a mistake that the
// tools already find.
var noContext context.Context
