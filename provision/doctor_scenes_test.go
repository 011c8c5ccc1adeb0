package provision_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/api/cloudresourcemanager/v3"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// ailment is something that is wrong with a healthy set-up, and the codes that the
// doctor must find, these and no others.
type ailment struct {
	name  string
	codes string // "130 401"
	// on are the parts of the set-up that play changes, and hides those that
	// the doctor can't see then. Two ailments can be combined if neither
	// changes or hides what the other is on.
	on, hides string
	opts      []scimtest.Option
	denied    string // a permission that the doctor's caller lacks
	play      func(t testing.TB, p *patient)
}

// What the doctor can't see if the stored token has no access, if there is no
// tenant, and if the provider can't be read.
const (
	noAccess = "access directory members ready"
	noTenant = noAccess + " tenant mapping accept tokens list age old store role idp"
	below    = noTenant + " provider usage grants other"
)

// issue is an ailment of the identity provider's half.
func issue(code idp.IssueCode, wants string) ailment {
	return ailment{"identity provider: " + string(code), wants, "idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.now(func(s *idp.Status) {
			s.Issues = append(s.Issues, idp.Issue{Code: code, Reason: "in its own words", Mend: "the page that mends it"})
		})
	}}
}

var ailments = []ailment{
	{"healthy", "", "", "", nil, "", func(testing.TB, *patient) {}},

	{"credentials refused", "100", "control", below + " pool caller", nil, "", func(t testing.TB, p *patient) {
		p.fail(t, scimtest.Fault{Status: 401, Times: 100})
	}},
	{"caller may not read the pool", "101", "caller", "pool", nil, "iam.workforcePools.get", nil},
	{"caller may not read the provider", "101", "caller", below, nil, "iam.workforcePoolProviders.get", nil},
	{"caller may not list providers", "101", "caller", "other tenant", nil, "iam.workforcePoolProviders.list", nil},
	{"caller may not list tenants", "101", "caller", noTenant, nil, "iam.workforcePoolProviderScimTenants.list", nil},
	{"caller may not list tokens", "101", "caller list", "tokens store old tenant", nil, "iam.workforcePoolProviderScimTokens.list", nil},
	{"caller may not read the policy", "101", "caller", "role grants", nil, "resourcemanager.organizations.getIamPolicy", nil},
	{"caller may not update providers", "102", "caller", "", nil, "iam.workforcePoolProviders.update", nil},
	{"caller may not write the policy", "102", "caller", "", nil, "resourcemanager.organizations.setIamPolicy", nil},
	{"IAM is down", "103", "control", below + " pool caller", nil, "", func(t testing.TB, p *patient) {
		p.fail(t, scimtest.Fault{Status: 503, Times: 100})
	}},

	{"pool missing", "110", "pool provider", below + " caller", nil, "", func(t testing.TB, p *patient) {
		p.rename(t, "locations/global/workforcePools/no-such-pool/providers/entra")
	}},
	{"pool disabled", "111", "pool", "", nil, "", func(t testing.TB, p *patient) {
		_, err := p.iam(t).Patch(p.Pool, &iam.WorkforcePool{Disabled: true}).UpdateMask("disabled").Do()
		must(t, err)
	}},
	{"pool deleted", "112", "pool", below + " caller", nil, "", func(t testing.TB, p *patient) {
		_, err := p.iam(t).Delete(p.Pool).Do()
		must(t, err)
	}},
	{"pool of another organization", "113", "pool organization", "", nil, "", func(_ testing.TB, p *patient) { p.req.Organization = "999999999999" }},

	{"provider missing", "120", "provider", below, nil, "", func(t testing.TB, p *patient) { p.rename(t, p.Pool+"/providers/absent") }},
	{"provider disabled", "121", "provider", "", nil, "", func(t testing.TB, p *patient) {
		_, err := p.clients.Providers.Update(t.Context(), provider.UpdateRequest{Name: p.spec.Provider, Disabled: new(true)})
		must(t, err)
	}},
	{"provider deleted", "122", "provider", noTenant, nil, "", func(t testing.TB, p *patient) {
		_, err := p.clients.Providers.Delete(t.Context(), p.spec.Provider)
		must(t, err)
	}},

	{"no tenant, and usage off", "130 156 400", "tenant usage", noTenant + " grants", nil, "", func(t testing.TB, p *patient) {
		p.use(t, iamscim.SCIMUsageNone)
		p.hardDelete(t)
	}},
	{"no tenant, and usage on", "130 156 401", "tenant usage", noTenant, nil, "", func(t testing.TB, p *patient) { p.hardDelete(t) }},
	{"tenant soft-deleted", "131 401", "tenant usage", noTenant, nil, "", func(t testing.TB, p *patient) {
		_, err := p.clients.Tenants.Delete(t.Context(), p.tenant)
		must(t, err)
	}},
	{"tenant of another provider", "132 156 400", "tenant usage", noTenant + " grants other", nil, "", func(t testing.TB, p *patient) {
		p.use(t, iamscim.SCIMUsageNone)
		p.hardDelete(t)
		p.seedTenant(t, p.otherProvider(t, iamscim.SCIMUsageNone), nil)
	}},
	{"deleted tenant of another provider", "132 156 400", "tenant usage", noTenant + " grants other", nil, "", func(t testing.TB, p *patient) {
		p.use(t, iamscim.SCIMUsageNone)
		p.hardDelete(t)
		other := p.seedTenant(t, p.otherProvider(t, iamscim.SCIMUsageNone), nil)
		name, err := scimtenant.ParseName(other.Name)
		must(t, err)
		_, err = p.clients.Tenants.Delete(t.Context(), name)
		must(t, err)
	}},

	{"attribute mapping invalid", "140", "mapping provider", "", []scimtest.Option{scimtest.WithBehavior(scimtest.ProviderCEL, "UNCHECKED")}, "", func(t testing.TB, p *patient) { p.maps(t, "user.userName") }},
	{"attribute mapping that yields no text", "140", "mapping provider", "", []scimtest.Option{scimtest.WithBehavior(scimtest.ProviderCEL, "UNCHECKED")}, "", func(t testing.TB, p *patient) { p.maps(t, "1 + 1") }},
	{"mappings inconsistent", "141", "mapping provider", "", nil, "", func(t testing.TB, p *patient) { p.maps(t, "assertion.oid") }},
	{"mappings differ in case", "141", "mapping provider", "", nil, "", func(t testing.TB, p *patient) { p.maps(t, "assertion.email") }},
	{"mappings unproven", "142", "mapping provider", "", nil, "", func(t testing.TB, p *patient) { p.maps(t, "assertion.employee") }},
	{"setting not confirmed", "143", "accept", "mapping", nil, "", func(_ testing.TB, p *patient) { p.req.Spec.Accept = nil }},

	{"token deleted", "150 154", "tokens store", noAccess + " old", nil, "", func(t testing.TB, p *patient) { p.deleteToken(t) }},
	{"token deleted a moment after it was made", "150 154", "tokens store moment", noAccess + " old", nil, "", func(t testing.TB, p *patient) {
		p.renewToken(t)
		p.deleteToken(t)
	}},
	{"two tokens for long", "151", "tokens age", "", nil, "", func(t testing.TB, p *patient) {
		p.rotateHalf(t)
		time.Sleep(25 * time.Hour)
	}},
	{"token old", "152", "age old", "", nil, "", func(_ testing.TB, _ *patient) { time.Sleep(91 * 24 * time.Hour) }},
	{"store empty", "153 155", "store", noAccess, nil, "", func(_ testing.TB, p *patient) { p.req.Spec.Store = &scimtoken.MemoryStore{} }},
	{"token replaced by hand", "154 155", "tokens store", noAccess + " old", nil, "", func(t testing.TB, p *patient) {
		p.deleteToken(t)
		p.addToken(t, "by-hand")
	}},
	{"token that the store doesn't know", "155", "tokens", "", nil, "", func(t testing.TB, p *patient) { p.addToken(t, "by-hand") }},
	{"tenant replaced by hand", "150 156 160 309", "tenant tokens store role idp", noTenant, nil, "", func(t testing.TB, p *patient) {
		p.hardDelete(t)
		p.seedTenant(t, p.Provider, nil)
	}},
	{"store can't be read", "157", "store", noAccess + " tokens", nil, "", func(_ testing.TB, p *patient) { p.req.Spec.Store = brokenStore{} }},

	{"role missing", "160", "role", noAccess, nil, "", func(t testing.TB, p *patient) { p.revoke(t) }},
	{"role missing, and the policy can't be read", "101 160", "role caller store tokens", noAccess + " grants", nil, "resourcemanager.organizations.getIamPolicy", func(t testing.TB, p *patient) { p.revoke(t) }},
	{"role missing, and no secret to try", "153 155 160", "role store", noAccess, nil, "", func(t testing.TB, p *patient) {
		p.revoke(t)
		p.req.Spec.Store = &scimtoken.MemoryStore{}
	}},
	{"role under a condition", "161", "role", noAccess, nil, "", func(t testing.TB, p *patient) {
		member := "serviceAccount:" + p.agentName(t)
		p.revoke(t)
		p.bind(t, func(policy *cloudresourcemanager.Policy) {
			policy.Bindings = append(policy.Bindings, &cloudresourcemanager.Binding{Role: scimtenant.SyncerRole, Members: []string{member}, Condition: &cloudresourcemanager.Expr{Title: "nights", Expression: "request.time.getHours() < 6"}})
		})
	}},
	{"role of a deleted account", "162", "role", noAccess, nil, "", func(t testing.TB, p *patient) {
		member := "deleted:serviceAccount:" + p.agentName(t) + "?uid=123456789"
		p.revoke(t)
		p.bind(t, func(policy *cloudresourcemanager.Policy) {
			policy.Bindings = append(policy.Bindings, &cloudresourcemanager.Binding{Role: scimtenant.SyncerRole, Members: []string{member}})
		})
	}},

	{"role missing, and a constraint", "160 163", "role", noAccess, []scimtest.Option{scimtest.WithRefusedMembers(func(member string) bool { return strings.Contains(member, "gcp-sa-iamscim") })}, "", func(t testing.TB, p *patient) { p.revoke(t) }},
	{"role missing, and the constraint can't be read", "160", "role caller", noAccess, nil, "orgpolicy.policy.get", func(t testing.TB, p *patient) { p.revoke(t) }},

	{"token rejected", "200", "access", "directory members ready", nil, "", func(t testing.TB, p *patient) { p.answer(t, 401) }},
	{"token expired", "200", "access age", "directory members ready", []scimtest.Option{scimtest.WithTokenLifetime(2 * time.Hour)}, "", func(testing.TB, *patient) { time.Sleep(90 * time.Minute) }},
	{"tenant unknown", "201", "access", "directory members ready", nil, "", func(t testing.TB, p *patient) { p.answer(t, 404) }},
	{"throttled", "202", "access", "directory members ready", nil, "", func(t testing.TB, p *patient) { p.answer(t, 429) }},
	{"throttled after the first request", "202", "access", "directory members ready", nil, "", func(t testing.TB, p *patient) {
		p.fail(t, scimtest.Fault{Path: "/v1alpha1/tenants/*/Users", Skip: 1, Status: 429, Times: 100})
	}},
	{"unreachable", "203", "access", "directory members ready", nil, "", func(t testing.TB, p *patient) {
		p.fail(t, scimtest.Fault{Path: "/v1alpha1/tenants/*/Users", Kind: scimtest.FaultClose, Times: 100})
	}},
	{"unreachable after the first request", "203", "access", "directory members ready", nil, "", func(t testing.TB, p *patient) {
		p.fail(t, scimtest.Fault{Path: "/v1alpha1/tenants/*/Groups", Status: 503, Times: 100})
	}},

	{"directory empty, and usage off", "210 400", "directory usage", "members grants", nil, "", func(t testing.TB, p *patient) {
		p.use(t, iamscim.SCIMUsageNone)
		p.dropUsers(t)
	}},
	{"directory empty, and usage on", "210 402", "directory usage", "members", nil, "", func(t testing.TB, p *patient) { p.dropUsers(t) }},
	{"somebody is missing", "211", "ready", "", nil, "", func(_ testing.TB, p *patient) { p.req.Spec.Ready.Users = []string{"eve@example.com"} }},
	{"a membership is missing", "211", "ready", "members", nil, "", func(_ testing.TB, p *patient) {
		p.req.Spec.Ready.Groups = map[string][]string{"engineering": {"grace@example.com"}}
	}},
	{"no memberships", "212", "members directory", "", nil, "", func(t testing.TB, p *patient) { p.leave(t) }},
	{"no memberships, many groups", "212", "members directory", "", nil, "", func(t testing.TB, p *patient) {
		p.leave(t)
		p.addGroups(t, 8)
	}},
	{"somebody is inactive", "213", "directory", "", nil, "", func(t testing.TB, p *patient) { p.retire(t, p.users(t)[0]) }},
	{"everybody is inactive", "214", "directory", "", nil, "", func(t testing.TB, p *patient) { p.retire(t, p.users(t)...) }},
	{"two e-mail addresses", "215", "directory", "", []scimtest.Option{scimtest.WithBehavior(scimtest.EmailRule, "ANY")}, "", func(t testing.TB, p *patient) {
		p.mails(t, scimclient.MultiValue{Value: "ada@example.com", Type: "work"}, scimclient.MultiValue{Value: "ada@home.example", Type: "home"})
	}},
	{"a display name that is too long", "216", "directory usage tenant", "", nil, "", func(t testing.TB, p *patient) { p.longNames(t) }},
	{"no groups", "217", "directory", "members", nil, "", func(t testing.TB, p *patient) { p.dropGroups(t) }},

	{"identity provider can't be asked", "300", "idp", "accept", nil, "", func(_ testing.TB, p *patient) {
		p.half.silent = errors.New("Graph: 403 Authorization_RequestDenied: Synchronization.Read.All is missing")
	}},
	issue(idp.IssueNoJob, "301"), issue(idp.IssueStopped, "302"), issue(idp.IssueQuarantined, "303"), issue(idp.IssueCredential, "304"),
	issue(idp.IssueFlag, "305"), issue(idp.IssueDeletions, "306"), issue(idp.IssueScope, "307"), issue(idp.IssueFailures, "308"), issue(idp.IssueUnread, "312"), issue("a newer one", "308"),
	{"nothing set up at the identity provider", "301", "idp", "", nil, "", func(_ testing.TB, p *patient) { p.now(func(s *idp.Status) { *s = idp.Status{} }) }},
	{"job doesn't run", "302", "idp", "", nil, "", func(t testing.TB, p *patient) { must(t, p.half.Stop(t.Context())) }},
	{"pushes somewhere else", "309", "idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.now(func(s *idp.Status) { s.BaseURI = "https://iamscim.googleapis.com/v1alpha1/tenants/another" })
	}},
	{"setting of the identity provider wrong", "310", "idp", "mapping accept", nil, "", func(_ testing.TB, p *patient) {
		p.now(func(s *idp.Status) { s.Settings[0].Value = "userPrincipalName" })
	}},
	{"last success long ago", "311", "idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.now(func(s *idp.Status) { s.LastSuccess = time.Now().Add(-4 * time.Hour) })
	}},
	{"set up by hand", "312", "idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.now(func(s *idp.Status) { *s = idp.Status{ByHand: true, Settings: s.Settings} })
	}},
	{"out of scope", "211 313", "ready idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.req.Spec.Ready.Users = []string{"eve@example.com"}
		p.half.why = func(string) (*idp.Attempt, error) {
			return &idp.Attempt{Step: idp.StepScope, Result: idp.ResultSkipped, Reason: "NotEffectivelyEntitled"}, nil
		}
	}},
	{"first cycle", "314", "idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.now(func(s *idp.Status) { s.FirstCycle, s.LastSuccess = time.Time{}, time.Time{} })
	}},
	{"push failed", "211 315", "ready idp", "", nil, "", func(_ testing.TB, p *patient) {
		p.req.Spec.Ready.Users = []string{"eve@example.com"}
		p.half.why = func(string) (*idp.Attempt, error) {
			return &idp.Attempt{Step: idp.StepExport, Result: idp.ResultFailure, Code: "SystemForCrossDomainIdentityManagementBadResponse", Action: "send one work address"}, nil
		}
	}},

	{"usage off", "400", "usage", "grants", nil, "", func(t testing.TB, p *patient) { p.use(t, iamscim.SCIMUsageNone) }},
	{"another provider uses SCIM", "400 403", "usage other", "grants", nil, "", func(t testing.TB, p *patient) {
		p.use(t, iamscim.SCIMUsageNone)
		p.otherProvider(t, iamscim.SCIMUsageGroups)
	}},
	{"extended attributes", "400 404", "usage provider", "grants", nil, "", func(t testing.TB, p *patient) {
		p.use(t, iamscim.SCIMUsageNone)
		p.attributes(t, provider.UpdateRequest{ExtendedAttributes: attributesClient()})
	}},
	{"extra attributes, for users", "404 405", "usage provider ready", "", nil, "", func(t testing.TB, p *patient) {
		p.req.Spec.Usage = iamscim.SCIMUsageUsersAndGroups
		p.use(t, iamscim.SCIMUsageNone)
		p.attributes(t, provider.UpdateRequest{ExtraAttributes: attributesClient()})
		p.use(t, iamscim.SCIMUsageGroups)
	}},
	{"usage differs", "405", "usage", "", nil, "", func(_ testing.TB, p *patient) { p.req.Spec.Usage = iamscim.SCIMUsageUsersAndGroups }},
	{"role bound a moment ago", "406", "role store tokens moment", noAccess, []scimtest.Option{scimtest.WithReplicationLag(time.Minute)}, "", func(t testing.TB, p *patient) {
		agent := p.agentName(t)
		p.revoke(t)
		time.Sleep(2 * time.Minute)
		must(t, p.clients.Organizations.GrantSyncer(t.Context(), p.Organization, agent))
	}},
	{"token made a moment ago", "406", "access tokens store moment", "directory members ready old", nil, "", func(t testing.TB, p *patient) {
		p.renewToken(t)
		p.answer(t, 401)
	}},
	{"token made a moment ago, and not listed", "150 406", "access tokens store moment", "directory members ready old", nil, "", func(t testing.TB, p *patient) {
		p.renewToken(t)
		p.fail(t, scimtest.Fault{Method: "GET", Path: "*/scimTenants/*/tokens", Body: []byte("{}"), Times: 1})
	}},
	{"group with a role of another product", "407", "grants", "", nil, "", func(t testing.TB, p *patient) {
		p.bind(t, func(policy *cloudresourcemanager.Policy) {
			group := []string{"principalSet://iam.googleapis.com/" + p.Pool + "/group/id-engineering"}
			policy.Bindings = append(policy.Bindings,
				&cloudresourcemanager.Binding{Role: "roles/storage.objectViewer", Members: group},
				&cloudresourcemanager.Binding{Role: "roles/discoveryengine.user", Members: group})
		})
	}},
}
