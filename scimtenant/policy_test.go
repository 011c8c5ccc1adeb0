package scimtenant_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

func TestPolicyReadModifyWrite(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	n := name(t, "main")
	p, err := client.GetPolicy(t.Context(), n)
	if err != nil || p.ETag == "" || p.Bindings != nil {
		t.Fatalf("Policy = %+v, %v, want an empty policy with an etag", p, err)
	}
	p.Bindings = []scimtenant.Binding{
		{Role: "roles/viewer", Members: []string{"user:a@example.com"}},
		{Role: "roles/editor", Members: []string{"user:b@example.com", "user:c@example.com"},
			Condition: &scimtenant.Condition{Expression: "request.time < timestamp('2030-01-01T00:00:00Z')", Title: "until", Description: "d", Location: "l"}},
	}
	set, err := client.SetPolicy(t.Context(), n, p)
	if err != nil {
		t.Fatal(err)
	}
	sorted := cmpopts.SortSlices(func(a, b scimtenant.Binding) bool { return a.Role < b.Role })
	if diff := cmp.Diff(p.Bindings, set.Bindings, sorted); diff != "" || set.Version != 3 || set.ETag == p.ETag {
		t.Errorf("SetPolicy = version %d, etag %s (was %s), (-want +got)\n%s", set.Version, set.ETag, p.ETag, diff)
	}
	read, err := client.GetPolicy(t.Context(), n)
	if diff := cmp.Diff(set, read, cmpopts.IgnoreUnexported(scimtenant.Policy{})); err != nil || diff != "" {
		t.Errorf("Policy: %v (-want +got)\n%s", err, diff)
	}

	// Somebody else changes it between our read and our write.
	p.Bindings = nil
	_, err = client.SetPolicy(t.Context(), n, p)
	wantError(t, "SetPolicy with a stale etag", err, iamscim.ErrAborted, "scimtenant: set policy", "read the policy again")
	if after := srv.State().Policies[n.String()]; len(after.Bindings) != 2 {
		t.Errorf("SetPolicy with a stale etag left %d bindings, want 2", len(after.Bindings))
	}
}

// TestPolicyKeepsAuditConfigs: what this package does not show survives a
// read-modify-write.
func TestPolicyKeepsAuditConfigs(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	seed(t, srv)
	svc, err := iam.NewService(t.Context(), srv.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	_, err = svc.Locations.WorkforcePools.Providers.ScimTenants.SetIamPolicy(tenantText, &iam.SetIamPolicyRequest{
		Policy:     &iam.Policy{AuditConfigs: []*iam.AuditConfig{{Service: "allServices", AuditLogConfigs: []*iam.AuditLogConfig{{LogType: "DATA_READ"}}}}},
		UpdateMask: "auditConfigs",
	}).Do()
	if err != nil {
		t.Fatal(err)
	}
	p, err := client.GetPolicy(t.Context(), name(t, "main"))
	if err != nil {
		t.Fatal(err)
	}
	p.Bindings = append(p.Bindings, scimtenant.Binding{Role: "roles/viewer", Members: []string{"user:a@example.com"}})
	if _, err := client.SetPolicy(t.Context(), name(t, "main"), p); err != nil {
		t.Fatal(err)
	}
	if got := srv.State().Policies[tenantText].AuditConfigs; len(got) != 1 || got[0].Service != "allServices" {
		t.Errorf("audit configs after SetPolicy = %v, want them as they were", got)
	}
}

func TestPolicyHostile(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, body, want string }{
		{"no etag", `{"bindings":[]}`, "etag"},
		{"null binding", `{"etag":"ACAB","bindings":[null]}`, "null"},
		{"null", `null`, "null"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			seed(t, srv)
			srv.Fail(scimtest.Fault{Path: "*:getIamPolicy", Status: 200, Body: []byte(tt.body)})
			_, err := client.GetPolicy(t.Context(), name(t, "main"))
			wantError(t, "Policy", err, iamscim.ErrBadReply, tt.want)
			organization := organizationClient(t, srv)
			srv.Fail(scimtest.Fault{Path: "*:getIamPolicy", Status: 200, Body: []byte(tt.body)})
			err = organization.GrantSyncer(t.Context(), scimtest.DefaultOrganization, scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc"))
			wantError(t, "GrantSyncer", err, iamscim.ErrBadReply, tt.want)
			if srv.State().Policies["organizations/"+scimtest.DefaultOrganization] != nil {
				t.Error("GrantSyncer wrote over a policy it could not read")
			}
		})
	}
}

func TestTestPermissions(t *testing.T) {
	t.Parallel()
	const get, del = "iam.googleapis.com/workforcePoolProviderScimTenants.get", "iam.googleapis.com/workforcePoolProviderScimTenants.delete"
	srv, client := start(t, scimtest.WithDeniedPermissions("iam.workforcePoolProviderScimTenants.delete"))
	seed(t, srv)
	got, err := client.TestPermissions(t.Context(), name(t, "main"), get, del)
	if diff := cmp.Diff([]string{get}, got); err != nil || diff != "" {
		t.Errorf("TestPermissions: %v (-want +got)\n%s", err, diff)
	}
	got, err = client.TestPermissions(t.Context(), name(t, "absent"), get)
	if got != nil || err != nil {
		t.Errorf("TestPermissions of nothing = %v, %v, want none", got, err)
	}
	_, err = client.TestPermissions(t.Context(), name(t, "main"), "iam.*")
	wantError(t, "TestPermissions with a wildcard", err, iamscim.ErrInvalidArgument, "wildcards")
}
