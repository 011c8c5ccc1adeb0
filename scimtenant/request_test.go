package scimtenant_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
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
	n, agent := name(t, "main"), scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc")
	looker, err := claimmap.New(map[string]string{"google.subject": "user.userName", "attribute.dept": "user.title"})
	if err != nil {
		t.Fatal(err)
	}
	create := func(change func(*scimtenant.CreateRequest)) func(context.Context, *scimtenant.Client, *scimtenant.OrganizationClient) error {
		req := request(n)
		change(&req)
		return func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Create(ctx, req)
			return err
		}
	}
	grant := func(organization, agent string) func(context.Context, *scimtenant.Client, *scimtenant.OrganizationClient) error {
		return func(ctx context.Context, _ *scimtenant.Client, o *scimtenant.OrganizationClient) error {
			return o.GrantSyncer(ctx, organization, agent)
		}
	}
	const form = "must look like o-ORGANIZATION-UID@gcp-sa-iamscim.iam.gserviceaccount.com"
	tests := []struct {
		name string
		call func(context.Context, *scimtenant.Client, *scimtenant.OrganizationClient) error
		want []string // what each violation begins with
	}{
		{"create: nothing set", create(func(r *scimtenant.CreateRequest) { *r = scimtenant.CreateRequest{} }), []string{
			"Name: required", "Usage: required: one of SCIM_USAGE_UNSPECIFIED", "ClaimMapping: claimmap: invalid claim mapping, 2 problems:\n  google.subject: not mapped"}},
		{"create: reserved id", create(func(r *scimtenant.CreateRequest) { r.Name = name(t, "gcp-main") }), []string{"Name: ids that begin with gcp- are reserved"}},
		{"create: long texts", create(func(r *scimtenant.CreateRequest) {
			r.DisplayName, r.Description = strings.Repeat("日", 33), strings.Repeat("é", 257)
		}), []string{"DisplayName: must be at most 32 characters, is 33", "Description: must be at most 256 characters, is 257"}},
		{"create: not UTF-8", create(func(r *scimtenant.CreateRequest) { r.DisplayName, r.Description = "\xff", "a\xc3" }), []string{
			"DisplayName: must be valid UTF-8", "Description: must be valid UTF-8"}},
		{"create: unknown usage", create(func(r *scimtenant.CreateRequest) { r.Usage = "GROUPS" }), []string{`Usage: "GROUPS" is none of SCIM_USAGE_UNSPECIFIED`}},
		{"create: empty mapping", create(func(r *scimtenant.CreateRequest) { r.ClaimMapping = claimmap.Mapping{} }), []string{"ClaimMapping: claimmap: invalid claim mapping, 2 problems:\n  google.subject: not mapped"}},
		{"create: mapping without google.group", create(func(r *scimtenant.CreateRequest) { r.ClaimMapping = looker }), []string{"ClaimMapping: claimmap: invalid claim mapping:\n  google.group: not mapped"}},
		{"create: everything at once", create(func(r *scimtenant.CreateRequest) {
			*r = scimtenant.CreateRequest{Name: name(t, "gcp-x"), DisplayName: "\xff", Description: strings.Repeat("x", 257), Usage: "x", ClaimMapping: looker}
		}), []string{"Name: ids", "DisplayName: must be valid UTF-8", "Description: must be at most 256", `Usage: "x"`, "ClaimMapping: claimmap: invalid claim mapping:\n  google.group: not mapped"}},
		{"replace: nothing set", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Replace(ctx, scimtenant.Name{}, scimtenant.ReplaceRequest{DisplayName: ptr("\xff"), Description: ptr(strings.Repeat("x", 257))})
			return err
		}, []string{"AcceptNewBaseURI: required: the new tenant has another UID, base URI and service agent", "Name: required", "DisplayName: must be valid UTF-8",
			"Description: must be at most 256", "Usage: required", "ClaimMapping: claimmap: invalid claim mapping, 2 problems:\n  google.subject: not mapped"}},
		{"replace: everything but the word that counts", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Replace(ctx, n, scimtenant.ReplaceRequest{ClaimMapping: claimmap.Recommended(claimmap.Okta), Usage: iamscim.SCIMUsageGroups, WhileInUse: true})
			return err
		}, []string{"AcceptNewBaseURI: required"}},
		{"update: no name", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Update(ctx, scimtenant.UpdateRequest{DisplayName: ptr(strings.Repeat("x", 33)), Description: ptr("\xff")})
			return err
		}, []string{"Name: required", "DisplayName: must be at most 32 characters, is 33", "Description: must be valid UTF-8"}},
		{"get: zero name", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Get(ctx, scimtenant.Name{})
			return err
		}, []string{"name: required"}},
		{"delete: zero name", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Delete(ctx, scimtenant.Name{})
			return err
		}, []string{"name: required"}},
		{"hard delete: zero name", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			return c.HardDelete(ctx, scimtenant.Name{}, scimtenant.HardDeleteOptions{})
		}, []string{"name: required"}},
		{"undelete: zero name", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.Undelete(ctx, scimtenant.Name{})
			return err
		}, []string{"name: required"}},
		{"policy: zero name", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.GetPolicy(ctx, scimtenant.Name{})
			return err
		}, []string{"name: required"}},
		{"set policy: nothing set", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.SetPolicy(ctx, scimtenant.Name{}, nil)
			return err
		}, []string{"name: required", "p: must not be nil"}},
		{"set policy: no etag", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.SetPolicy(ctx, n, &scimtenant.Policy{Bindings: []scimtenant.Binding{{Role: "roles/viewer", Members: []string{"user:a@example.com"}}}})
			return err
		}, []string{"p.ETag: required: read the policy, change it, and set it"}},
		{"test permissions: nothing set", func(ctx context.Context, c *scimtenant.Client, _ *scimtenant.OrganizationClient) error {
			_, err := c.TestPermissions(ctx, scimtenant.Name{})
			return err
		}, []string{"name: required", "permissions: required"}},
		{"bindings: organization of letters", func(ctx context.Context, _ *scimtenant.Client, o *scimtenant.OrganizationClient) error {
			_, err := o.Bindings(ctx, "organizations/acme")
			return err
		}, []string{"organization: must be the organization's number"}},
		{"test organization permissions: nothing set", func(ctx context.Context, _ *scimtenant.Client, o *scimtenant.OrganizationClient) error {
			_, err := o.TestPermissions(ctx, "")
			return err
		}, []string{"organization: must be the organization's number", "permissions: required"}},
		{"grant: nothing set", grant("", ""), []string{"organization: must be the organization's number, as in 123456789012", "serviceAgent: required, as in Tenant.ServiceAgent"}},
		{"grant: organization of letters", grant("organizations/acme", agent), []string{"organization: must be the organization's number", "serviceAgent: "}},
		{"grant: a prefix twice", grant("organizations/organizations/123456789012", agent), []string{"organization: must be the organization's number", "serviceAgent: "}},
		{"grant: a prefix alone", grant("organizations/", agent), []string{"organization: must be the organization's number", "serviceAgent: "}},
		{"grant: organization with an escape", grant("123/../456", agent), []string{"organization: must be", "serviceAgent: "}},
		{"grant: agent of another organization", grant("999", agent), []string{`serviceAgent: "` + agent + `" is not a service agent of organization 999`}},
		{"grant: agent whose number begins with this one", grant("12345678901", agent), []string{`serviceAgent: "` + agent + `" is not`}},
		{"grant: user", grant("123456789012", "admin@example.com"), []string{"serviceAgent: " + form}},
		{"grant: member with its prefix", grant("123456789012", "serviceAccount:"+agent), []string{"serviceAgent: " + form}},
		{"grant: agent of another service", grant("123456789012", "o-123456789012-abc@gcp-sa-evil.iam.gserviceaccount.com"), []string{"serviceAgent: " + form}},
		{"grant: domain at the end only", grant("123456789012", "o-123456789012-abc@gcp-sa-iamscim.iam.gserviceaccount.com.example.com"), []string{"serviceAgent: " + form}},
		{"grant: no UID", grant("123456789012", "o-123456789012-@gcp-sa-iamscim.iam.gserviceaccount.com"), []string{"serviceAgent: " + form}},
		{"grant: UID with an at sign", grant("123456789012", "o-123456789012-a@b@gcp-sa-iamscim.iam.gserviceaccount.com"), []string{"serviceAgent: " + form}},
		{"grant: UID with a line break", grant("123456789012", "o-123456789012-a\n@gcp-sa-iamscim.iam.gserviceaccount.com"), []string{"serviceAgent: " + form}},
		{"revoke: foreign agent", func(ctx context.Context, _ *scimtenant.Client, o *scimtenant.OrganizationClient) error {
			return o.RevokeSyncer(ctx, "999", agent)
		}, []string{"serviceAgent: "}},
		{"has: foreign agent", func(ctx context.Context, _ *scimtenant.Client, o *scimtenant.OrganizationClient) error {
			_, err := o.HasSyncer(ctx, "999", agent)
			return err
		}, []string{"serviceAgent: "}},
	}
	srv, client := start(t)
	seed(t, srv)
	organization := organizationClient(t, srv)
	before := srv.State()
	for _, tt := range tests {
		err := tt.call(t.Context(), client, organization)
		if !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("%s: %v, want ErrInvalidArgument", tt.name, err)
		}
		got := faults(err)
		if len(got) != len(tt.want) {
			t.Errorf("%s: violations %q, want %q", tt.name, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], tt.want[i]) || !strings.Contains(err.Error(), got[i]) {
				t.Errorf("%s: violation %q in %v, want one that begins with %q", tt.name, got[i], err, tt.want[i])
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

// TestInvalidMappingIsReachable: the faults of the mapping are there as values
// too, with their places.
func TestInvalidMappingIsReachable(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	req := request(name(t, "main"))
	req.ClaimMapping = claimmap.Mapping{}
	_, err := client.Create(t.Context(), req)
	var invalid *claimmap.Error
	if !errors.As(err, &invalid) || len(invalid.Issues) == 0 || invalid.Issues[0].Class != claimmap.ClassMissingKey {
		t.Errorf("Create = %v, want a *claimmap.Error within", err)
	}
	if !errors.Is(err, claimmap.ErrInvalid) {
		t.Errorf("Create = %v, want claimmap.ErrInvalid within", err)
	}
}

func TestLimitsAreInclusive(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	req := request(name(t, "main"))
	req.DisplayName, req.Description = strings.Repeat("日", 32), strings.Repeat("é", 256)
	got, err := client.Create(t.Context(), req)
	if err != nil || got.DisplayName != req.DisplayName || got.Description != req.Description {
		t.Errorf("Create = %+v, %v, want it made as asked", got, err)
	}
}

func TestBadContexts(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	organization := organizationClient(t, srv)
	n, agent := name(t, "main"), scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func(context.Context) error{
		"Create": func(ctx context.Context) error { _, err := client.Create(ctx, request(name(t, "other"))); return err },
		"Get":    func(ctx context.Context) error { _, err := client.Get(ctx, n); return err },
		"List": func(ctx context.Context) error {
			for _, err := range client.List(ctx, providerName(t), iamscim.ListOptions{}) {
				return err
			}
			return nil
		},
		"Update": func(ctx context.Context) error {
			_, err := client.Update(ctx, scimtenant.UpdateRequest{Name: n, DisplayName: ptr("x")})
			return err
		},
		"Delete":     func(ctx context.Context) error { _, err := client.Delete(ctx, n); return err },
		"HardDelete": func(ctx context.Context) error { return client.HardDelete(ctx, n, scimtenant.HardDeleteOptions{}) },
		"Undelete":   func(ctx context.Context) error { _, err := client.Undelete(ctx, n); return err },
		"Replace": func(ctx context.Context) error {
			_, err := client.Replace(ctx, n, scimtenant.ReplaceRequest{ClaimMapping: entraMapping(), Usage: iamscim.SCIMUsageGroups, AcceptNewBaseURI: true})
			return err
		},
		"Policy": func(ctx context.Context) error { _, err := client.GetPolicy(ctx, n); return err },
		"SetPolicy": func(ctx context.Context) error {
			_, err := client.SetPolicy(ctx, n, &scimtenant.Policy{ETag: "ACAB"})
			return err
		},
		"TestPermissions": func(ctx context.Context) error {
			_, err := client.TestPermissions(ctx, n, "iam.workforcePoolProviderScimTenants.get")
			return err
		},
		"AllowedMembers": func(ctx context.Context) error {
			_, err := organization.AllowedMembers(ctx, scimtest.DefaultOrganization)
			return err
		},
		"Bindings": func(ctx context.Context) error {
			_, err := organization.Bindings(ctx, scimtest.DefaultOrganization)
			return err
		},
		"TestPermissions of the organization": func(ctx context.Context) error {
			_, err := organization.TestPermissions(ctx, scimtest.DefaultOrganization, "resourcemanager.organizations.getIamPolicy")
			return err
		},
		"HasSyncer": func(ctx context.Context) error {
			_, err := organization.HasSyncer(ctx, scimtest.DefaultOrganization, agent)
			return err
		},
		"GrantSyncer": func(ctx context.Context) error {
			return organization.GrantSyncer(ctx, scimtest.DefaultOrganization, agent)
		},
		"RevokeSyncer": func(ctx context.Context) error {
			return organization.RevokeSyncer(ctx, scimtest.DefaultOrganization, agent)
		},
	}
	for method, call := range calls {
		wantError(t, method+"(nil ctx)", call(nil), iamscim.ErrInvalidArgument, "ctx: must not be nil")
		wantError(t, method+"(ended ctx)", call(ended), context.Canceled, "nothing was sent")
	}
	if got := paths(srv); got != nil {
		t.Errorf("requests were sent: %v", got)
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	bad := scimtenant.WithRetry(iamscim.RetryPolicy{Multiplier: 0.5})
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"nil ctx", func() error { _, err := scimtenant.NewClient(noContext, srv.ClientOptions()...); return err }, "scimtenant: new client: ctx must not be nil"},
		{"bad policy", func() error {
			_, err := scimtenant.NewClient(t.Context(), append(srv.ClientOptions(), bad)...)
			return err
		}, "scimtenant: new client: iamscim: RetryPolicy.Multiplier"},
		{"organization, nil ctx", func() error {
			_, err := scimtenant.NewOrganizationClient(noContext, srv.OrganizationClientOptions()...)
			return err
		}, "scimtenant: new organization client: ctx must not be nil"},
		{"organization, nil option", func() error { _, err := scimtenant.NewOrganizationClient(t.Context(), nil); return err }, "scimtenant: new organization client: option 0 is nil"},
	}
	for _, tt := range tests {
		if err := tt.call(); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// noContext is a nil context in a variable: a literal one is a mistake that the
// tools already find.
var noContext context.Context
