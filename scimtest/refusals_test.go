package scimtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// control and scim are single requests; set makes a world with other answers.
func control(method, path, body string) func(*world) {
	return func(w *world) { w.send(method, "v1/"+path, orNil(body)).Body.Close() }
}

func scimRequest(method, path, body string) func(*world) {
	return func(w *world) { w.scim(method, path, body) }
}

func orNil(body string) any {
	if body == "" {
		return nil
	}
	return body
}

// steps are requests in turns.
func steps(requests ...func(*world)) func(*world) {
	return func(w *world) {
		for _, send := range requests {
			send(w)
		}
	}
}

func answer(b scimtest.Behavior, choice string) []scimtest.Option {
	return []scimtest.Option{scimtest.WithBehavior(b, choice)}
}

// providerBody is a provider whose field is something else.
func providerBody(field string) string {
	return `{"attributeMapping":{"google.subject":"assertion.sub"},"oidc":{"issuerUri":"https://idp.example","clientId":"c","webSsoConfig":{"responseType":"CODE","assertionClaimsBehavior":"ONLY_ID_TOKEN_CLAIMS"}},` + field + `}`
}

func tenantBody(rules string) string {
	return `{"claimMapping":{"google.subject":"user.externalId","google.group":"group.externalId"` + rules + `}}`
}

const (
	newProvider = poolName + "/providers?workforcePoolProviderId=okta"
	newTenant   = providerName + "/scimTenants?workforcePoolProviderScimTenantId=tenant-b"
	newPool     = "locations/global/workforcePools?workforcePoolId=other-pool"
	newToken    = tenantName + "/tokens?workforcePoolProviderScimTokenId=token-"
	policyPath  = "organizations/" + scimtest.DefaultOrganization
)

const (
	secretsPath = "projects/acme-prod/secrets"
	secretBody  = `{"replication":{"automatic":{}}}`
)

var (
	newSecret  = control("POST", secretsPath+"?secretId=s", secretBody)
	newVersion = control("POST", secretsPath+"/s:addVersion", `{"payload":{"data":"MTIz"}}`)
)

// refusals has a request for every row that refuses one.
var refusals = []struct {
	rule behavior.ID
	opts []scimtest.Option
	play func(*world) // its last request is refused
}{
	{"Methods", nil, control("GET", "nothing", "")},
	{"PathSegments", nil, control("GET", "locations/global/workforcePools/%2e%2e", "")},
	{"Query", nil, control("GET", poolName+"?foo=1", "")},
	{"Alt", nil, control("GET", poolName+"?alt=media", "")},
	{"BodyJSON", nil, control("PATCH", tenantName, "{")},
	{"BodyFields", nil, control("PATCH", tenantName, `{"foo":1}`)},
	{"BodySize", nil, control("PATCH", tenantName, `{"displayName":"`+strings.Repeat("x", 1<<20)+`"}`)},
	{"BodyType", nil, func(w *world) {
		w.send("PATCH", "v1/"+tenantName, "{}", "Content-Type", "text/plain").Body.Close()
	}},
	{"MissingSecret", nil, control("GET", secretsPath+"/none", "")},
	{"SecretNames", nil, control("POST", secretsPath+"?secretId=a.b", secretBody)},
	{"SecretReplication", nil, control("POST", secretsPath+"?secretId=s", `{}`)},
	{"SecretAnnotations", nil, steps(newSecret, control("PATCH", secretsPath+"/s?updateMask=annotations", `{"annotations":{"-":"x"}}`))},
	{"SecretETag", nil, steps(newSecret, control("PATCH", secretsPath+"/s?updateMask=labels", `{"etag":"\"0\""}`))},
	{"VersionStates", nil, steps(newSecret, newVersion, control("POST", secretsPath+"/s/versions/1:disable", `{}`), control("GET", secretsPath+"/s/versions/latest:access", ""))},
	{"VersionDestroyed", nil, steps(newSecret, newVersion, control("POST", secretsPath+"/s/versions/1:destroy", `{}`), control("POST", secretsPath+"/s/versions/1:enable", `{}`))},
	{"VersionFilter", nil, steps(newSecret, control("GET", secretsPath+"/s/versions?filter=name:1", ""))},
	{"PayloadSize", nil, steps(newSecret, control("POST", secretsPath+"/s:addVersion", `{"payload":{"data":"`+strings.Repeat("AAAA", 64<<10/3+1)+`"}}`))},
	{"PayloadChecksum", nil, steps(newSecret, control("POST", secretsPath+"/s:addVersion", `{"payload":{"data":"MTIz","dataCrc32c":"1"}}`))},
	{"PageSize", nil, control("GET", poolName+"/providers?pageSize=-1", "")},
	{"PageToken", nil, control("GET", poolName+"/providers?pageToken=x", "")},
	{"UpdateMask", nil, control("PATCH", providerName, "{}")},
	{"MaskPaths", nil, control("PATCH", providerName+"?updateMask=foo", "{}")},
	{"QuotaProject", []scimtest.Option{scimtest.WithDeniedPermissions("serviceusage.services.use")}, func(w *world) {
		w.send("GET", "v1/"+poolName, nil, "X-Goog-User-Project", "p").Body.Close()
	}},
	{"Permissions", []scimtest.Option{scimtest.WithDeniedPermissions("iam.workforcePools.get")}, control("GET", poolName, "")},
	{"NotFound", nil, control("GET", poolName+"/providers/none", "")},
	{"Location", nil, control("POST", "locations/us/workforcePools?workforcePoolId=other-pool", "{}")},
	{"FreshResource", []scimtest.Option{scimtest.WithReplicationLag(time.Hour)}, steps(control("POST", newToken+"b", "{}"), control("GET", tenantName+"/tokens/token-b", ""))},
	{"FreshOperation", []scimtest.Option{scimtest.WithReplicationLag(time.Hour)}, func(w *world) {
		op := w.ok("PATCH", "v1/"+providerName+"?updateMask=displayName", `{}`)
		control("GET", op["name"].(string), "")(w)
	}},
	{"NameTaken", nil, control("POST", newToken+"a", "{}")},
	{"DeletedChange", nil, steps(control("DELETE", tenantName, ""), control("PATCH", tenantName, "{}"))},
	{"UndeleteActive", nil, control("POST", tenantName+":undelete", "")},
	{"BelowDeletedPool", nil, steps(control("DELETE", poolName, ""), control("GET", providerName, ""))},
	{"ResourceIDs", nil, control("POST", newToken+"_", "{}")},
	{"PoolFields", nil, control("POST", newPool, `{"parent":"`+organization+`","displayName":"`+strings.Repeat("x", 33)+`"}`)},
	{"PoolParent", nil, control("POST", newPool, "{}")},
	{"SessionDuration", nil, control("POST", newPool, `{"parent":"`+organization+`","sessionDuration":"1s"}`)},
	{"PoolImmutable", nil, control("PATCH", poolName+"?updateMask=parent", `{"parent":"organizations/1"}`)},
	{"ProviderFields", nil, control("POST", newProvider, providerBody(`"displayName":"`+strings.Repeat("x", 33)+`"`))},
	{"MappingKeys", nil, control("PATCH", providerName+"?updateMask=attributeMapping", `{}`)},
	{"ProviderCEL", nil, control("POST", newProvider, providerBody(`"attributeCondition":"1"`))},
	{"OIDCFields", nil, control("PATCH", providerName+"?updateMask=oidc.clientId", `{}`)},
	{"SAMLFields", nil, control("POST", newProvider, `{"attributeMapping":{"google.subject":"assertion.sub"},"saml":{}}`)},
	{"ProviderType", nil, control("POST", newProvider, `{"attributeMapping":{"google.subject":"assertion.sub"}}`)},
	{"OAuthClient", nil, control("POST", newProvider, providerBody(`"extraAttributesOauth2Client":{}`))},
	{"UsageConflict", nil, func(w *world) {
		p := testProvider("okta")
		p.ScimUsage, p.ExtendedAttributesOauth2Client = "ENABLED_FOR_GROUPS", testOAuthClient("AZURE_AD_GROUPS_ID")
		w.call("POST", "v1/"+newProvider, p)
	}},
	{"SecondUsage", nil, steps(control("PATCH", providerName+"?updateMask=scimUsage", `{"scimUsage":"ENABLED_FOR_GROUPS"}`), control("POST", newProvider, providerBody(`"scimUsage":"ENABLED_FOR_GROUPS"`)))},
	{"KeyFields", nil, control("POST", providerName+"/keys?workforcePoolProviderKeyId=key-a", "{}")},
	{"DeletedSubject", nil, steps(control("DELETE", poolName+"/subjects/x", ""), control("DELETE", poolName+"/subjects/x", ""))},
	{"ActiveSubject", nil, control("POST", poolName+"/subjects/x:undelete", "")},
	{"SecondTenant", nil, control("POST", newTenant, tenantBody(""))},
	{"HardDeleteInUse", answer(scimtest.HardDeleteInUse, "FAILED_PRECONDITION"), steps(control("PATCH", providerName+"?updateMask=scimUsage", `{"scimUsage":"ENABLED_FOR_GROUPS"}`), control("DELETE", tenantName+"?hardDelete=true", ""))},
	{"TenantFields", nil, control("PATCH", tenantName, `{"description":"`+strings.Repeat("x", 257)+`"}`)},
	{"ClaimMapping", nil, control("POST", newTenant, `{}`)},
	{"MissingGroupRule", nil, control("POST", newTenant, `{"claimMapping":{"google.subject":"user.externalId"}}`)},
	{"OpenRules", nil, control("POST", newTenant, tenantBody(`,"google.groups":"x"`))},
	{"OpenRuleForm", nil, control("POST", newTenant, tenantBody(`,"google.email":"user."`))},
	{"ClaimMappingChange", nil, control("PATCH", tenantName, tenantBody(`,"google.email":"user.userName"`))},
	{"ThirdToken", nil, steps(control("POST", newToken+"b", "{}"), control("POST", newToken+"c", "{}"))},
	{"TokensUndelete", answer(scimtest.TokensUndelete, "NOT_FOUND"), control("POST", tokenName+":undelete", "")},
	{"TokenFields", nil, control("PATCH", tokenName, `{"displayName":"`+strings.Repeat("x", 33)+`"}`)},
	{"PolicyETag", nil, control("POST", policyPath+":setIamPolicy", `{"policy":{"etag":"BwVe6AAAAAA="}}`)},
	{"PolicyVersion", nil, control("POST", policyPath+":setIamPolicy", `{"policy":{"version":2}}`)},
	{"PolicySize", nil, control("POST", policyPath+":setIamPolicy", `{"policy":{"bindings":[{"role":"roles/x","members":["user:a@x"`+strings.Repeat(`,"user:a@x"`, 1500)+`]}]}}`)},
	{"PolicyMembers", nil, control("POST", policyPath+":setIamPolicy", `{"policy":{"bindings":[{"role":"x"}]}}`)},
	{"PolicyMask", nil, control("POST", policyPath+":setIamPolicy", `{}`)},
	{"RefusedMembers", []scimtest.Option{scimtest.WithRefusedMembers(func(m string) bool { return m == "user:a@x" })}, control("POST", policyPath+":setIamPolicy", `{"policy":{"bindings":[{"role":"roles/x","members":["user:a@x"]}]}}`)},
	{"EffectivePolicy", nil, control("POST", strings.Replace(policyPath, "v3/", "v1/", 1)+":getEffectiveOrgPolicy", `{"constraint":"constraints/compute.x"}`)},
	{"WildPermissions", nil, control("POST", policyPath+":testIamPermissions", `{"permissions":["*"]}`)},
	{"Organizations", nil, control("GET", "organizations/1", "")},

	{"OrganizationList", nil, func(w *world) { w.send("GET", "v3/organizations:search?query=x", nil).Body.Close() }},
	{"ConsumerSearch", nil, func(w *world) { w.send("GET", project+":completeExternalIdentities", nil).Body.Close() }},
	{"PolicyMembersCheck", nil, func(w *world) {
		w.send("POST", project+"/collections/c/engines/e:checkFeaturePolicyMembers", `{}`).Body.Close()
	}},

	{"Unauthenticated", nil, func(w *world) { w.token = "x"; w.scim("GET", "/Users", "") }},
	{"DeletedToken", nil, steps(control("DELETE", tokenName, ""), scimRequest("GET", "/Users", ""))},
	{"ExpiredToken", []scimtest.Option{scimtest.WithTokenLifetime(time.Hour)}, func(w *world) { w.clock.Advance(time.Hour); w.scim("GET", "/Users", "") }},
	{"SyncerRole", nil, steps(control("POST", policyPath+":setIamPolicy", `{"policy":{}}`), scimRequest("GET", "/Users", ""))},
	{"UnknownTenant", nil, func(w *world) {
		w.tenant.BaseUri = "http://127.0.0.1/v1alpha1/tenants/none"
		w.scim("GET", "/Users", "")
	}},
	{"DeletedTenant", nil, steps(control("DELETE", tenantName, ""), scimRequest("GET", "/Users", ""))},
	{"Unsupported", nil, scimRequest("GET", "/Me", "")},
	{"HTTPMethods", nil, scimRequest("DELETE", "/Users", "")},
	{"Paths", nil, scimRequest("GET", "/Nothing", "")},
	{"DiscoveryFilter", nil, scimRequest("GET", "/Schemas?filter=x", "")},
	{"RequestType", nil, func(w *world) { w.scim("POST", "/Users", "{}", "Content-Type", "text/plain") }},
	{"RequestSize", nil, scimRequest("POST", "/Users", `{"userName":"`+strings.Repeat("x", 4<<20)+`"}`)},
	{"RequestJSON", nil, scimRequest("POST", "/Users", "{")},
	{"Schemas", nil, scimRequest("POST", "/Users", scimUser(`,"schemas":["x"]`))},
	{"OldSchemas", nil, scimRequest("POST", "/Users", scimUser(`,"schemas":["urn:scim:schemas:core:1.0"]`))},
	{"ExtensionSchema", answer(scimtest.ExtensionSchema, "REFUSED"), scimRequest("POST", "/Users", scimUser(`,"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"`+enterprise+`":{}`))},
	{"UnknownAttribute", answer(scimtest.UnknownAttribute, "REFUSED"), scimRequest("POST", "/Users", scimUser(`,"shoeSize":7`))},
	{"ValueTypes", nil, scimRequest("POST", "/Users", scimUser(`,"title":7`))},
	{"References", nil, scimRequest("POST", "/Users", scimUser(`,"profileUrl":"not a URI"`))},
	{"TextBooleans", answer(scimtest.TextBooleans, "REFUSED"), scimRequest("POST", "/Users", scimUser(`,"active":"True"`))},
	{"SingleForList", nil, scimRequest("POST", "/Users", scimUser(`,"roles":{"value":"x"}`))},
	{"ValueCount", nil, scimRequest("POST", "/Users", scimUser(`,"roles":[{}`+strings.Repeat(",{}", 1000)+`]`))},
	{"OnePrimary", nil, scimRequest("POST", "/Users", scimUser(`,"roles":[{"primary":true,"value":"a"},{"primary":true,"value":"b"}]`))},
	{"UnknownID", nil, scimRequest("GET", "/Users/none", "")},
	{"ETags", answer(scimtest.ETags, "ON"), func(w *world) { w.scim("DELETE", "/Users/u1", "", "If-Match", `W/"9"`) }},
	{"Projection", nil, scimRequest("GET", "/Users?attributes=id&excludedAttributes=name", "")},
	{"CountParameter", nil, scimRequest("GET", "/Users?count=x", "")},
	{"OtherFilters", answer(scimtest.OtherFilters, "REFUSED"), scimRequest("GET", filtered("Users", `title eq "x"`), "")},
	{"FilterOperators", nil, scimRequest("GET", filtered("Users", `title pr`), "")},
	{"FilterSyntax", nil, scimRequest("GET", filtered("Users", `title`), "")},
	{"MemberTerms", answer(scimtest.MemberTerms, "ID_FIRST"), scimRequest("GET", filtered("Groups", `members eq "u1" and id eq "g1"`), "")},
	{"MemberFilter", answer(scimtest.MemberFilter, "REFUSED"), scimRequest("GET", filtered("Groups", `members eq "u1"`), "")},
	{"Unique", nil, scimRequest("POST", "/Groups", `{"displayName":"G1","externalId":"z"}`)},
	{"MappedRequired", nil, scimRequest("POST", "/Groups", `{"displayName":"g3"}`)},
	{"Required", nil, scimRequest("POST", "/Groups", `{"externalId":"z"}`)},
	{"EmailRule", nil, scimRequest("POST", "/Users", `{"userName":"u3","externalId":"z"}`)},
	{"SubjectLength", nil, scimRequest("POST", "/Users", `{"userName":"u3","externalId":"`+strings.Repeat("x", 128)+`","emails":[{"type":"work","value":"z@x"}]}`)},
	{"MappedChange", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"replace","path":"externalId","value":"z"}`))},
	{"MissingMember", nil, scimRequest("PATCH", "/Groups/g1", patchBody(`{"op":"add","path":"members","value":[{"value":"none"}]}`))},
	{"NestedGroups", nil, scimRequest("PATCH", "/Groups/g1", patchBody(`{"op":"add","path":"members","value":[{"value":"g1"}]}`))},
	{"MemberForm", nil, scimRequest("PATCH", "/Groups/g1", patchBody(`{"op":"add","path":"members","value":["u1"]}`))},
	{"PatchForm", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"move","path":"title"}`))},
	{"EmptyPatch", nil, scimRequest("PATCH", "/Users/u1", patchBody(""))},
	{"PatchPaths", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"remove","path":"title["}`))},
	{"UnknownPath", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"remove","path":"shoeSize"}`))},
	{"ReadOnly", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"remove","path":"id"}`))},
	{"NoTarget", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"replace","path":"roles[value eq \"x\"].type","value":"y"}`))},
	{"MemberChange", nil, scimRequest("PATCH", "/Groups/g1", patchBody(`{"op":"replace","path":"members.display","value":"x"}`))},
	{"LegacyPatch", answer(scimtest.LegacyPatch, "REFUSED"), scimRequest("PATCH", "/Groups/g1", patchBody(`{"op":"remove","path":"members","value":[{"value":"u1"}]}`))},
	{"RequiredGone", nil, scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"remove","path":"userName"}`))},
	{"Quota", []scimtest.Option{scimtest.WithQuota(1)}, steps(scimRequest("GET", "/Users", ""), scimRequest("GET", "/Users", ""))},
}

// TestRefusals walks all refusals: each carries the row that decided it, in Requests and in the
// reply.
func TestRefusals(t *testing.T) {
	t.Parallel()
	walked := map[string]bool{}
	for _, tt := range refusals {
		walked[string(tt.rule)] = true
		t.Run(string(tt.rule), func(t *testing.T) {
			t.Parallel()
			row, ok := behavior.Find(tt.rule)
			if !ok {
				t.Fatalf("no row is %s", tt.rule)
			}
			w := newWorld(t, tt.opts...)
			tt.play(w)
			requests := w.srv.Requests()
			last := requests[len(requests)-1]
			if last.Status < 400 || last.Rule != string(row.ID) || last.Reason == "" {
				t.Errorf("%s %s = %d by row %q (%s), want a refusal by %s", last.Method, last.Path, last.Status, last.Rule, last.Reason, row.ID)
			}
			for _, r := range requests[:len(requests)-1] {
				if r.Status >= 400 || r.Rule != "" {
					t.Errorf("%s %s = %d by row %q, want success", r.Method, r.Path, r.Status, r.Rule)
				}
			}
		})
	}
	used := map[string]bool{}
	for _, dir := range []string{"internal/cloud", "internal/directory"} {
		for rule := range rulesOf(t, dir) {
			used[rule] = true
		}
	}
	if diff := cmp.Diff(used, walked); diff != "" {
		t.Errorf("rows that refuse and the rows of this test (-refuse +test):\n%s", diff)
	}
}

// rulesOf are the rows that the code of a room refuses by. Each refusal names its row, or passes on
// the one it was given.
func rulesOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	makers := []string{"refuse", "badRequest", "invalidField", "notFound", "alreadyExists", "denied", "openRefusal", "unreadable", "unusable", "unauthenticated", "htmlReply", "add", "text"}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("files of %s: %q, %v", dir, files, err)
	}
	fset := token.NewFileSet()
	rules := map[string]bool{}
	name := func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.SelectorExpr:
			if x, ok := e.X.(*ast.Ident); ok && x.Name == "behavior" {
				rules[e.Sel.Name] = true
				return
			}
			if e.Sel.Name == "Rule" || e.Sel.Name == "rule" {
				return
			}
		case *ast.Ident:
			if e.Name == "rule" {
				return
			}
		case *ast.BasicLit:
			if e.Value == `""` { // a failure of the fake itself, or of nobody's rule
				return
			}
		}
		t.Errorf("%s: this refusal doesn't name its row", fset.Position(e.Pos()))
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				called := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					if called = f.Name; called == "add" {
						called = "" // another function
					}
				case *ast.SelectorExpr:
					called = f.Sel.Name
					if x, ok := f.X.(*ast.Ident); called == "add" || called == "text" {
						if !ok || x.Name != "check" {
							called = ""
						}
					}
				}
				if slices.Contains(makers, called) && len(n.Args) > 0 {
					name(n.Args[0])
				}
			case *ast.CompositeLit: // one violation of several
				if of, ok := n.Type.(*ast.Ident); ok && of.Name == "violation" {
					name(n.Elts[len(n.Elts)-1])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "Rule" || key.Name == "rule") {
					name(n.Value)
				}
			}
			return true
		})
	}
	return rules
}
