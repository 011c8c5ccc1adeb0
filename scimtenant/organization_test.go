package scimtenant_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	crm "google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
)

const organizationText = "organizations/" + scimtest.DefaultOrganization

func organizationClient(t testing.TB, srv *scimtest.Server) *scimtenant.OrganizationClient {
	t.Helper()
	client, err := scimtenant.NewOrganizationClient(t.Context(), srv.OrganizationClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// setPolicy makes the organization's policy what a test begins with.
func setPolicy(t testing.TB, srv *scimtest.Server, p *crm.Policy) {
	t.Helper()
	svc, err := crm.NewService(t.Context(), srv.OrganizationClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	p.Version = 3
	if _, err := svc.Organizations.SetIamPolicy(organizationText, &crm.SetIamPolicyRequest{Policy: p, UpdateMask: "bindings,auditConfigs"}).Do(); err != nil {
		t.Fatal(err)
	}
	srv.ClearRequests()
}

func organizationPolicy(srv *scimtest.Server) *iam.Policy {
	if p := srv.State().Policies[organizationText]; p != nil {
		return p
	}
	return &iam.Policy{}
}

func binding(role string, members ...string) *crm.Binding {
	return &crm.Binding{Role: role, Members: members}
}

func TestSyncer(t *testing.T) {
	t.Parallel()
	agent := scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc123")
	member := "serviceAccount:" + agent
	other := "serviceAccount:" + scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "other")
	deleted := "deleted:" + member + "?uid=123"
	until := &crm.Expr{Expression: "request.time < timestamp('2030-01-01T00:00:00Z')", Title: "until"}
	conditional := &crm.Binding{Role: scimtenant.SyncerRole, Members: []string{member}, Condition: until}
	audit := []*crm.AuditConfig{{Service: "allServices", AuditLogConfigs: []*crm.AuditLogConfig{{LogType: "ADMIN_READ"}}}}
	kept := []*crm.Binding{
		binding("roles/owner", "user:root@example.com"),
		{Role: "roles/viewer", Members: []string{"group:all@example.com"}, Condition: until},
		binding("organizations/123456789012/roles/custom", "principalSet://iam.googleapis.com/locations/global/workforcePools/acme-pool/group/x"),
	}
	tests := []struct {
		name                   string
		before                 []*crm.Binding
		has                    bool // before
		granted, revoked       []*crm.Binding
		grantNoop, revokeNoop_ bool // nothing is written
	}{
		{name: "empty policy", granted: []*crm.Binding{binding(scimtenant.SyncerRole, member)}, revokeNoop_: true},
		{name: "granted already", before: []*crm.Binding{binding(scimtenant.SyncerRole, member)}, has: true,
			granted: []*crm.Binding{binding(scimtenant.SyncerRole, member)}, grantNoop: true},
		{name: "another agent has it", before: []*crm.Binding{binding(scimtenant.SyncerRole, other)},
			granted: []*crm.Binding{binding(scimtenant.SyncerRole, other, member)}, revoked: []*crm.Binding{binding(scimtenant.SyncerRole, other)}, revokeNoop_: true},
		{name: "both have it", before: []*crm.Binding{binding(scimtenant.SyncerRole, other, member)}, has: true,
			granted: []*crm.Binding{binding(scimtenant.SyncerRole, other, member)}, grantNoop: true, revoked: []*crm.Binding{binding(scimtenant.SyncerRole, other)}},
		{name: "a conditional binding is not the grant", before: []*crm.Binding{conditional},
			granted: []*crm.Binding{conditional, binding(scimtenant.SyncerRole, member)}, revoked: []*crm.Binding{conditional}, revokeNoop_: true},
		{name: "a deleted principal is left alone", before: []*crm.Binding{binding(scimtenant.SyncerRole, deleted)},
			granted: []*crm.Binding{binding(scimtenant.SyncerRole, deleted, member)}, revoked: []*crm.Binding{binding(scimtenant.SyncerRole, deleted)}, revokeNoop_: true},
	}
	sorted := cmp.Options{
		cmpopts.SortSlices(func(a, b *iam.Binding) bool {
			return a.Role < b.Role || a.Role == b.Role && a.Condition == nil && b.Condition != nil
		}),
		cmpopts.SortSlices(func(a, b string) bool { return a < b }), cmpopts.EquateEmpty(),
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := scimtest.Start(t)
			client := organizationClient(t, srv)
			setPolicy(t, srv, &crm.Policy{Bindings: append(slices.Clone(kept), tt.before...), AuditConfigs: audit})
			has, err := client.HasSyncer(t.Context(), scimtest.DefaultOrganization, agent)
			if has != tt.has || err != nil {
				t.Errorf("HasSyncer = %v, %v, want %v", has, err, tt.has)
			}
			do := func(verb string, call func() error, noop bool, want []*crm.Binding) {
				t.Helper()
				srv.ClearRequests()
				if err := call(); err != nil {
					t.Fatalf("%s = %v", verb, err)
				}
				var expected []*iam.Binding
				for _, b := range append(slices.Clone(kept), want...) {
					converted := &iam.Binding{Role: b.Role, Members: b.Members}
					if b.Condition != nil {
						converted.Condition = &iam.Expr{Expression: b.Condition.Expression, Title: b.Condition.Title}
					}
					expected = append(expected, converted)
				}
				p := organizationPolicy(srv)
				if diff := cmp.Diff(expected, p.Bindings, sorted); diff != "" {
					t.Errorf("%s: bindings (-want +got)\n%s", verb, diff)
				}
				if len(p.AuditConfigs) != 1 || p.Version != 3 {
					t.Errorf("%s: audit configs %v, version %d, want one and 3", verb, p.AuditConfigs, p.Version)
				}
				writes := slices.ContainsFunc(srv.Requests(), func(r scimtest.Request) bool { return strings.HasSuffix(r.Path, ":setIamPolicy") })
				if writes == noop {
					t.Errorf("%s sent %v, want a write: %v", verb, paths(srv), !noop)
				}
				for _, r := range srv.Requests() {
					if strings.HasSuffix(r.Path, ":setIamPolicy") && (!strings.Contains(string(r.Body), `"updateMask":"bindings,etag"`) || !strings.Contains(string(r.Body), `"etag":`)) {
						t.Errorf("%s sent %s, want the etag and a mask of bindings and etag", verb, r.Body)
					}
				}
			}
			revoke := func() error { return client.RevokeSyncer(t.Context(), scimtest.DefaultOrganization, agent) }
			grant := func() error { return client.GrantSyncer(t.Context(), scimtest.DefaultOrganization, agent) }
			do("RevokeSyncer", revoke, tt.revokeNoop_, tt.revoked)
			setPolicy(t, srv, &crm.Policy{Bindings: append(slices.Clone(kept), tt.before...), AuditConfigs: audit})
			do("GrantSyncer", grant, tt.grantNoop, tt.granted)
			do("GrantSyncer again", grant, true, tt.granted)
			do("RevokeSyncer of the grant", revoke, false, tt.revoked)
		})
	}
}

// TestSyncerInTwoBindings: a service that keeps two bindings of one role is
// understood.
func TestSyncerInTwoBindings(t *testing.T) {
	t.Parallel()
	agent := scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc123")
	body := fmt.Sprintf(`{"etag":"ACAB","bindings":[{"role":%q,"members":["user:a@example.com"]},{"role":%q,"members":["serviceAccount:%s"]}]}`, scimtenant.SyncerRole, scimtenant.SyncerRole, agent)
	srv := scimtest.Start(t)
	client := organizationClient(t, srv)
	srv.Fail(scimtest.Fault{Path: "*:getIamPolicy", Status: 200, Body: []byte(body), Times: 3})
	if has, err := client.HasSyncer(t.Context(), scimtest.DefaultOrganization, agent); !has || err != nil {
		t.Errorf("HasSyncer = %v, %v, want true", has, err)
	}
	if err := client.GrantSyncer(t.Context(), scimtest.DefaultOrganization, agent); err != nil {
		t.Errorf("GrantSyncer = %v", err)
	}
	if got := paths(srv); len(got) != 2 {
		t.Errorf("HasSyncer and GrantSyncer sent %v, want two reads", got)
	}
	if err := client.RevokeSyncer(t.Context(), scimtest.DefaultOrganization, agent); err != nil {
		t.Errorf("RevokeSyncer = %v", err)
	}
	if got := organizationPolicy(srv).Bindings; len(got) != 1 || !slices.Equal(got[0].Members, []string{"user:a@example.com"}) {
		t.Errorf("bindings after RevokeSyncer = %v, want the other member alone", got)
	}
}

// TestConcurrentWriters: no binding is lost, whoever comes in between.
func TestConcurrentWriters(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := scimtest.New()
		defer srv.Close()
		const writers = 8
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				client, err := scimtenant.NewOrganizationClient(t.Context(), srv.PipeOrganizationClientOptions()...)
				if err != nil {
					t.Error(err)
					return
				}
				if err := client.GrantSyncer(t.Context(), scimtest.DefaultOrganization, scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, fmt.Sprint("uid", i))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		p := organizationPolicy(srv)
		if len(p.Bindings) != 1 || len(p.Bindings[0].Members) != writers {
			t.Errorf("%d writers left %v", writers, p.Bindings)
		}
		aborted := 0
		for _, r := range srv.Requests() {
			if r.Status == 409 {
				aborted++
			}
		}
		t.Logf("%d of %d requests were aborted by another writer", aborted, len(srv.Requests()))
	})
}

// TestPersistentConflict: who never gets through is told so, and has changed
// nothing.
func TestPersistentConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := scimtest.New()
		defer srv.Close()
		client, err := scimtenant.NewOrganizationClient(t.Context(), srv.PipeOrganizationClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		srv.Fail(scimtest.Fault{Path: "*:setIamPolicy", Status: 409, Times: 1 << 20})
		agent := scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc")
		wantError(t, "GrantSyncer", client.GrantSyncer(t.Context(), scimtest.DefaultOrganization, agent), iamscim.ErrAborted, "attempts)", "repeat the call")
		if n := len(organizationPolicy(srv).Bindings); n != 0 {
			t.Errorf("GrantSyncer left %d bindings", n)
		}
	})
}

func TestOrganizationRefusals(t *testing.T) {
	t.Parallel()
	agent := scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc")
	tests := []struct {
		name string
		opts []scimtest.Option
		org  string
		kind error
		want []string
	}{
		{"organization policy", []scimtest.Option{scimtest.WithRefusedMembers(func(m string) bool { return strings.HasPrefix(m, "serviceAccount:o-") })},
			scimtest.DefaultOrganization, iamscim.ErrFailedPrecondition, []string{"constraints/iam.allowedPolicyMemberDomains", agent, "do not belong to a permitted customer"}},
		{"no right to read the policy", []scimtest.Option{scimtest.WithDeniedPermissions("resourcemanager.organizations.getIamPolicy")},
			scimtest.DefaultOrganization, iamscim.ErrPermissionDenied, []string{"resourcemanager.organizations.getIamPolicy"}},
		{"no right to write the policy", []scimtest.Option{scimtest.WithDeniedPermissions("resourcemanager.organizations.setIamPolicy")},
			scimtest.DefaultOrganization, iamscim.ErrPermissionDenied, []string{"resourcemanager.organizations.setIamPolicy"}},
		{"unknown organization", nil, "999", iamscim.ErrPermissionDenied, []string{"organizations/999"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := scimtest.Start(t, tt.opts...)
			client := organizationClient(t, srv)
			err := client.GrantSyncer(t.Context(), tt.org, scimtenant.ServiceAgentEmail(tt.org, "abc"))
			wantError(t, "GrantSyncer", err, tt.kind, append(tt.want, "scimtenant: grant syncer organizations/"+tt.org)...)
			if n := len(organizationPolicy(srv).Bindings); n != 0 {
				t.Errorf("GrantSyncer left %d bindings", n)
			}
			if n := len(srv.Requests()); n > 2 {
				t.Errorf("GrantSyncer sent %d requests: %v", n, paths(srv))
			}
		})
	}
}

// TestOrganizationByName: the organization's name means its number, and an agent of
// another universe is one.
func TestOrganizationByName(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client, err := scimtenant.NewOrganizationClient(t.Context(), srv.OrganizationClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, agent := range []string{
		scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "abc123"),
		"o-" + scimtest.DefaultOrganization + "-abc123@gcp-sa-iamscim.s3ns-system.iam.gserviceaccount.com",
	} {
		if err := client.GrantSyncer(t.Context(), organizationText, agent); err != nil {
			t.Fatal(err)
		}
		for _, organization := range []string{organizationText, scimtest.DefaultOrganization} {
			if has, err := client.HasSyncer(t.Context(), organization, agent); !has || err != nil {
				t.Errorf("HasSyncer(%s, %s) = %v, %v", organization, agent, has, err)
			}
		}
		if err := client.RevokeSyncer(t.Context(), organizationText, agent); err != nil {
			t.Fatal(err)
		}
		if has, err := client.HasSyncer(t.Context(), scimtest.DefaultOrganization, agent); has || err != nil {
			t.Errorf("HasSyncer(%s) after the revocation = %v, %v", agent, has, err)
		}
	}
}

func TestOrganizationBindings(t *testing.T) {
	t.Parallel()
	srv, _ := start(t, scimtest.WithDeniedPermissions("resourcemanager.organizations.setIamPolicy"))
	client := organizationClient(t, srv)
	organization := "organizations/" + scimtest.DefaultOrganization
	const policy = `{"etag":"ACAB","version":3,"bindings":[{"role":"roles/viewer","members":["user:a@example.com"],"condition":{"title":"t","expression":"true"}}]}`
	srv.Fail(scimtest.Fault{Path: "*:getIamPolicy", Status: 200, Body: []byte(policy)})
	got, err := client.Bindings(t.Context(), organization)
	want := []scimtenant.Binding{{Role: "roles/viewer", Members: []string{"user:a@example.com"}, Condition: &scimtenant.Condition{Title: "t", Expression: "true"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Bindings: %v (-want +got)\n%s", err, diff)
	}
	const get, set = "resourcemanager.organizations.getIamPolicy", "resourcemanager.organizations.setIamPolicy"
	if got, err := client.TestPermissions(t.Context(), organization, get, set); err != nil || len(got) != 1 || got[0] != get {
		t.Errorf("TestPermissions = %v, %v, want %s", got, err, get)
	}
}

func TestAllowedMembers(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := organizationClient(t, srv)
	tests := []struct {
		reply string
		want  []string
		fails bool
	}{
		{`{"constraint":"constraints/iam.allowedPolicyMemberDomains","listPolicy":{"allValues":"ALLOW"}}`, nil, false},
		{`{"constraint":"constraints/iam.allowedPolicyMemberDomains"}`, nil, false},
		{`{"constraint":"constraints/iam.allowedPolicyMemberDomains","listPolicy":{"allowedValues":["C01","is:principalSet://iam.googleapis.com/organizations/1"]}}`, []string{"C01", "is:principalSet://iam.googleapis.com/organizations/1"}, false},
		{`{"constraint":"constraints/iam.allowedPolicyMemberDomains","listPolicy":{"allValues":"DENY"}}`, []string{}, false},
		{`{"constraint":"constraints/other"}`, nil, true},
		{`{}`, nil, true},
	}
	for _, tt := range tests {
		srv.Fail(scimtest.Fault{Path: "*:getEffectiveOrgPolicy", Status: 200, Body: []byte(tt.reply)})
		got, err := client.AllowedMembers(t.Context(), scimtest.DefaultOrganization)
		if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.fails {
			t.Errorf("AllowedMembers of %s: %v (-want +got)\n%s", tt.reply, err, diff)
		}
	}
	if _, err := client.AllowedMembers(t.Context(), "acme"); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("AllowedMembers(acme) = %v", err)
	}
}
