package scimtest_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// world is a seeded server with two users and two groups: u1 is in g1, nobody in g2.
type world struct {
	*api
	tenant *iam.WorkforcePoolProviderScimTenant
	token  string
	clock  *clock
}

func newWorld(t testing.TB, opts ...scimtest.Option) *world {
	t.Helper()
	at := newClock()
	a, tenant, token := seeded(t, append([]scimtest.Option{scimtest.WithSyncerGranted(), scimtest.WithClock(at.Now)}, opts...)...)
	for _, u := range []string{"u1", "u2"} {
		doc := fmt.Sprintf(`{"id":%q,"userName":%[1]q,"externalId":"x-%[1]s","active":true,"emails":[{"type":"work","value":"%[1]s@example.com"}]}`, u)
		if _, err := a.srv.AddUser(tenantName, []byte(doc)); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range [][2]string{{"g1", `[{"value":"u1"},{"value":"u2"}]`}, {"g2", `[]`}} {
		doc := fmt.Sprintf(`{"id":%q,"displayName":%[1]q,"externalId":"x-%[1]s","members":%s}`, g[0], g[1])
		if _, err := a.srv.AddGroup(tenantName, []byte(doc)); err != nil {
			t.Fatal(err)
		}
	}
	return &world{a, tenant, token.SecurityToken, at}
}

// scim sends a request to the tenant and returns the reply with its body.
func (w *world) scim(method, path, body string, headers ...string) (*http.Response, string) {
	w.t.Helper()
	var sent any
	if body != "" {
		sent = body
	}
	base := strings.TrimSuffix(strings.TrimPrefix(w.tenant.BaseUri, "http://127.0.0.1/"), "/")
	resp := w.send(method, base+path, sent, append([]string{"Authorization", "Bearer " + w.token}, headers...)...)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(raw)
}

// code is the status of a request to the tenant with its scimType, if there is one.
func (w *world) code(method, path, body string) string {
	w.t.Helper()
	resp, raw := w.scim(method, path, body)
	if m := regexp.MustCompile(`"scimType":"(\w+)"`).FindStringSubmatch(raw); m != nil {
		return fmt.Sprint(resp.StatusCode, " ", m[1])
	}
	return fmt.Sprint(resp.StatusCode)
}

// ids are those of the resources in a list.
func (w *world) ids(path string) string {
	w.t.Helper()
	resp, raw := w.scim("GET", path, "")
	if resp.StatusCode != http.StatusOK {
		return fmt.Sprint(resp.StatusCode)
	}
	var ids []string
	for _, m := range regexp.MustCompile(`"id":"([^"]*)"`).FindAllStringSubmatch(raw, -1) {
		ids = append(ids, m[1])
	}
	return strings.Join(ids, " ")
}

func (w *world) control(method, path string, body any) string {
	w.t.Helper()
	code, got := w.call(method, "v1/"+path, body)
	return strings.TrimSpace(fmt.Sprint(code, " ", statusOf(got)))
}

func filtered(collection, filter string) string {
	return "/" + collection + "?filter=" + url.QueryEscape(filter)
}

func patchBody(operations string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
}

// scimUser is a user that isn't there yet, with more attributes.
func scimUser(more string) string {
	return `{"userName":"new","externalId":"x-new","emails":[{"type":"work","value":"new@example.com"}]` + more + `}`
}

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

var usageGroups = map[string]any{"scimUsage": "ENABLED_FOR_GROUPS"}

// behaviorPlays show what each answer of each row does: a play's result differs for every answer.
var behaviorPlays = []struct {
	behavior scimtest.Behavior
	play     func(*world) string
	want     map[string]string // by answer
}{
	{scimtest.TokensUndelete, func(w *world) string {
		w.ok("DELETE", "v1/"+tokenName, nil)
		return w.control("POST", tokenName+":undelete", nil)
	}, map[string]string{"SERVED": "200", "NOT_FOUND": "404 NOT_FOUND"}},
	{scimtest.OperationMetadata, func(w *world) string {
		op := w.ok("PATCH", "v1/"+providerName+"?updateMask=displayName", `{}`)
		return fmt.Sprint(w.ok("GET", "v1/"+op["name"].(string), nil)["metadata"])
	}, map[string]string{"ABSENT": "<nil>", "PRESENT": "map[@type:type.googleapis.com/google.iam.admin.v1.WorkforcePoolOperationMetadata]"}},
	{scimtest.FreshResource, func(w *world) string {
		w.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
		w.ok("POST", "v1/"+providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-a", testTenant())
		return w.control("GET", tenantName, nil)
	}, map[string]string{"NOT_FOUND": "404 NOT_FOUND", "PERMISSION_DENIED": "403 PERMISSION_DENIED"}},
	{scimtest.FreshOperation, func(w *world) string {
		op := w.ok("PATCH", "v1/"+providerName+"?updateMask=displayName", `{}`)
		return w.control("GET", op["name"].(string), nil)
	}, map[string]string{"NOT_FOUND": "404 NOT_FOUND", "PERMISSION_DENIED": "403 PERMISSION_DENIED", "PENDING": "200"}},
	{scimtest.DeletedChange, func(w *world) string {
		w.ok("DELETE", "v1/"+tenantName, nil)
		return w.control("PATCH", tenantName, map[string]any{"displayName": "x"})
	}, map[string]string{"FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "NOT_FOUND": "404 NOT_FOUND"}},
	{scimtest.UndeleteActive, func(w *world) string { return w.control("POST", tenantName+":undelete", nil) },
		map[string]string{"FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "INVALID_ARGUMENT": "400 INVALID_ARGUMENT"}},
	{scimtest.BelowDeletedPool, func(w *world) string {
		w.ok("DELETE", "v1/"+poolName, nil)
		return w.control("GET", providerName, nil)
	}, map[string]string{"NOT_FOUND": "404 NOT_FOUND", "PERMISSION_DENIED": "403 PERMISSION_DENIED", "READABLE": "200"}},
	{scimtest.ProviderCEL, func(w *world) string {
		p := testProvider("okta")
		p.AttributeMapping["google.subject"] = "1 +"
		return w.control("POST", poolName+"/providers?workforcePoolProviderId=okta", p)
	}, map[string]string{"CHECKED": "400 INVALID_ARGUMENT", "UNCHECKED": "200"}},
	{scimtest.UsageConflict, func(w *world) string {
		p := testProvider("okta")
		p.ScimUsage = "ENABLED_FOR_GROUPS"
		p.ExtendedAttributesOauth2Client = testOAuthClient("AZURE_AD_GROUPS_ID")
		return w.control("POST", poolName+"/providers?workforcePoolProviderId=okta", p)
	}, map[string]string{"INVALID_ARGUMENT": "400 INVALID_ARGUMENT", "FAILED_PRECONDITION": "400 FAILED_PRECONDITION"}},
	{scimtest.SecondUsage, func(w *world) string {
		w.ok("PATCH", "v1/"+providerName+"?updateMask=scimUsage", usageGroups)
		p := testProvider("okta")
		p.ScimUsage = "ENABLED_FOR_GROUPS"
		return w.control("POST", poolName+"/providers?workforcePoolProviderId=okta", p)
	}, map[string]string{"FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "INVALID_ARGUMENT": "400 INVALID_ARGUMENT"}},
	{scimtest.ActiveSubject, func(w *world) string { return w.control("POST", poolName+"/subjects/x:undelete", nil) },
		map[string]string{"FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "INVALID_ARGUMENT": "400 INVALID_ARGUMENT"}},
	{scimtest.RevokeReply, func(w *world) string {
		return fmt.Sprint(len(w.ok("POST", "v1/"+poolName+"/subjects/x:revokeSessions", nil)), " fields")
	}, map[string]string{"OPERATION": "1 fields", "EMPTY": "0 fields"}},

	{scimtest.SecondTenant, func(w *world) string {
		return w.control("POST", providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-b", testTenant())
	}, map[string]string{"FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "ALREADY_EXISTS": "409 ALREADY_EXISTS"}},
	{scimtest.HardDeleteInUse, func(w *world) string {
		w.ok("PATCH", "v1/"+providerName+"?updateMask=scimUsage", usageGroups)
		return w.control("DELETE", tenantName+"?hardDelete=true", nil)
	}, map[string]string{"ALLOWED": "200", "FAILED_PRECONDITION": "400 FAILED_PRECONDITION"}},
	{scimtest.TenantUID, func(w *world) string {
		for form, pattern := range map[string]string{"digits": `^[0-9]{21}$`, "uuid": `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, "letters": `^[0-9a-f]{20}$`} {
			if regexp.MustCompile(pattern).MatchString(w.tenant.BaseUri[strings.LastIndexByte(w.tenant.BaseUri, '/')+1:]) {
				return form
			}
		}
		return w.tenant.BaseUri
	}, map[string]string{"LETTERS": "letters", "DIGITS": "digits", "UUID": "uuid"}},
	{scimtest.BaseURISlash, func(w *world) string {
		uri := w.ok("GET", "v1/"+tenantName, nil)["baseUri"].(string)
		return fmt.Sprint(strings.HasSuffix(uri, "/"), " ", w.code("GET", "/Users", ""))
	}, map[string]string{"NO": "false 200", "YES": "true 200"}},
	{scimtest.MissingGroupRule, func(w *world) string {
		w.ok("DELETE", "v1/"+tenantName+"?hardDelete=true", nil)
		return w.control("POST", providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-b", `{"claimMapping":{"google.subject":"user.externalId"}}`)
	}, map[string]string{"INVALID_ARGUMENT": "400 INVALID_ARGUMENT", "ALLOWED": "200"}},
	{scimtest.ClaimMappingChange, func(w *world) string {
		return w.control("PATCH", tenantName+"?updateMask=claimMapping", map[string]any{"claimMapping": map[string]any{"google.subject": "user.userName", "google.group": "group.externalId"}})
	}, map[string]string{"INVALID_ARGUMENT": "400 INVALID_ARGUMENT", "FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "IGNORED": "200"}},
	{scimtest.ThirdToken, func(w *world) string {
		w.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", nil)
		return w.control("POST", tenantName+"/tokens?workforcePoolProviderScimTokenId=token-c", nil)
	}, map[string]string{"FAILED_PRECONDITION": "400 FAILED_PRECONDITION", "RESOURCE_EXHAUSTED": "429 RESOURCE_EXHAUSTED", "INVALID_ARGUMENT": "400 INVALID_ARGUMENT"}},
	{scimtest.DeletedTokenCounts, func(w *world) string {
		w.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", nil)
		w.ok("DELETE", "v1/"+tokenName, nil)
		return w.control("POST", tenantName+"/tokens?workforcePoolProviderScimTokenId=token-c", nil)
	}, map[string]string{"NO": "200", "YES": "400 FAILED_PRECONDITION"}},
	{scimtest.TokenForm, func(w *world) string {
		return fmt.Sprint(len(w.ok("POST", "v1/"+tenantName+"/tokens?workforcePoolProviderScimTokenId=token-b", nil)["securityToken"].(string)))
	}, map[string]string{"SHORT": "69", "LONG": "940"}},

	{scimtest.PolicyGroupID, func(w *world) string {
		w.ok("PATCH", "v1/"+providerName+"?updateMask=scimUsage", usageGroups)
		got := w.ok("POST", project+"/collections/c/engines/e:checkFeaturePolicyMembers", map[string]any{"members": []any{
			map[string]any{"type": "GROUP", "id": "g1"}, map[string]any{"type": "GROUP", "id": "x-g1"}}})
		return strings.Join(regexp.MustCompile(`NOT_FOUND|VERIFIED`).FindAllString(fmt.Sprint(got), -1), " ")
	}, map[string]string{"MAPPED": "NOT_FOUND VERIFIED", "RESOURCE": "VERIFIED NOT_FOUND"}},

	{scimtest.DeletedToken, func(w *world) string {
		w.ok("DELETE", "v1/"+tokenName, nil)
		return w.code("GET", "/Users", "")
	}, map[string]string{"401": "401", "404": "404"}},
	{scimtest.DeniedBody, func(w *world) string {
		w.ok("POST", "v3/"+organization+":setIamPolicy", `{"policy":{}}`)
		resp, raw := w.scim("GET", "/Users", "")
		return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(raw)[:12])
	}, map[string]string{"GOOGLE": "403 {\n  \"error\":", "SCIM": `403 {"schemas":[`, "HTML": "403 <!doctype ht"}},
	{scimtest.UnknownTenant, func(w *world) string {
		w.tenant.BaseUri = "http://127.0.0.1/v1alpha1/tenants/none"
		return w.code("GET", "/Users", "")
	}, map[string]string{"404": "404", "401": "401"}},
	{scimtest.DeletedTenant, func(w *world) string {
		w.ok("DELETE", "v1/"+tenantName, nil)
		return w.code("GET", "/Users", "")
	}, map[string]string{"404": "404", "401": "401", "403": "403"}},

	{scimtest.Unsupported, func(w *world) string { return w.code("PUT", "/Groups/g1", `{}`) + " " + w.code("GET", "/Me", "") },
		map[string]string{"501": "501 501", "404": "404 404", "405": "405 405"}},
	{scimtest.ContentType, func(w *world) string {
		resp, _ := w.scim("GET", "/Users", "")
		missing, _ := w.scim("GET", "/Users/none", "")
		return resp.Header.Get("Content-Type") + " " + missing.Header.Get("Content-Type")
	}, map[string]string{"SCIM": "application/scim+json application/scim+json", "JSON": "application/json application/json"}},
	{scimtest.OldSchemas, func(w *world) string {
		return w.code("POST", "/Users", scimUser(`,"schemas":["urn:scim:schemas:core:2.0"]`))
	},
		map[string]string{"REFUSED": "400 invalidSyntax", "ACCEPTED": "201"}},
	{scimtest.ExtensionSchema, func(w *world) string {
		resp, raw := w.scim("POST", "/Users", scimUser(`,"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"`+enterprise+`":{"department":"d"}`))
		return fmt.Sprint(resp.StatusCode, " ", strings.Contains(raw, "department"))
	}, map[string]string{"ACCEPTED": "201 true", "REFUSED": "400 false", "IGNORED": "201 false"}},
	{scimtest.UnknownAttribute, func(w *world) string { return w.code("POST", "/Users", scimUser(`,"shoeSize":7`)) },
		map[string]string{"IGNORED": "201", "REFUSED": "400 invalidSyntax"}},
	{scimtest.TextBooleans, func(w *world) string {
		return w.code("POST", "/Users", scimUser(`,"roles":[{"primary":"True","value":"a"}]`)) + ", " + w.code("GET", filtered("Users", `active eq "True"`), "")
	}, map[string]string{"ACCEPTED": "201, 200", "REFUSED": "400 invalidValue, 400 invalidFilter"}},
	{scimtest.SingleForList, func(w *world) string {
		return w.code("POST", "/Users", `{"userName":"new","externalId":"x-new","emails":{"type":"work","value":"new@example.com"}}`)
	}, map[string]string{"REFUSED": "400 invalidValue", "ACCEPTED": "201"}},
	{scimtest.ErrorStatus, func(w *world) string {
		_, raw := w.scim("GET", "/Users/none", "")
		return regexp.MustCompile(`"status":[^,]*`).FindString(raw)
	}, map[string]string{"STRING": `"status":"404"`, "NUMBER": `"status":404`}},
	{scimtest.ErrorTypes, func(w *world) string {
		return w.code("POST", "/Users", `{"userName":"u1"}`) + ", " + w.code("POST", "/Groups", `{"displayName":"g1","externalId":"z"}`)
	}, map[string]string{"PRESENT": "400 invalidValue, 409 uniqueness", "ABSENT": "400 invalidValue, 409"}},
	{scimtest.ResourceID, func(w *world) string {
		_, raw := w.scim("POST", "/Users", scimUser(""))
		return fmt.Sprint(regexp.MustCompile(`"id":"[0-9]{21}"`).MatchString(raw), regexp.MustCompile(`"id":"[0-9a-f]{8}-[0-9a-f-]{27}"`).MatchString(raw))
	}, map[string]string{"UUID": "false true", "DIGITS": "true false"}},
	{scimtest.ETags, func(w *world) string {
		resp, raw := w.scim("GET", "/Users/u1", "")
		return resp.Header.Get("ETag") + " " + regexp.MustCompile(`"version":"[^,}]*"`).FindString(raw)
	}, map[string]string{"OFF": " ", "ON": `W/"1" "version":"W/\"1\""`}},
	{scimtest.Projection, func(w *world) string {
		_, raw := w.scim("GET", "/Users/u1?attributes=id", "")
		return fmt.Sprint(strings.Contains(raw, "userName"), " ", w.code("GET", "/Users/u1?attributes=id&excludedAttributes=name", ""))
	}, map[string]string{"WORKS": "false 400 invalidValue", "IGNORED": "true 200"}},

	{scimtest.CountParameter, func(w *world) string { return w.ids("/Users?count=1") + ", " + w.code("GET", "/Users?count=x", "") },
		map[string]string{"HONORED": "u1, 400 invalidValue", "IGNORED": "u1 u2, 200"}},
	{scimtest.ListOrder, func(w *world) string {
		if _, err := w.srv.AddUser(tenantName, []byte(`{"id":"a0","userName":"a0","externalId":"x-a0","emails":[{"type":"work","value":"a0@example.com"}]}`)); err != nil {
			w.t.Fatal(err)
		}
		return w.ids("/Users")
	}, map[string]string{"CREATION": "u1 u2 a0", "ID": "a0 u1 u2"}},
	{scimtest.OtherFilters, func(w *world) string {
		return w.code("GET", filtered("Users", `externalId eq "x-u1"`), "") + ", " + w.code("GET", filtered("Users", `userName eq "u1"`), "")
	}, map[string]string{"WORKS": "200, 200", "REFUSED": "400 invalidFilter, 200"}},
	{scimtest.FilterOperators, func(w *world) string { return w.code("GET", filtered("Users", `userName sw "u"`), "") },
		map[string]string{"400": "400 invalidFilter", "501": "501"}},
	{scimtest.MemberTerms, func(w *world) string {
		return w.code("GET", filtered("Groups", `members eq "u1" and id eq "g1"`), "") + ", " + w.ids(filtered("Groups", `id eq "g1" and members eq "u1"`))
	}, map[string]string{"ANY_ORDER": "200, g1", "ID_FIRST": "400 invalidFilter, g1"}},
	{scimtest.MemberFilter, func(w *world) string { return w.ids(filtered("Groups", `members eq "u1"`)) },
		map[string]string{"WORKS": "g1", "IGNORED": "g1 g2", "EMPTY": "", "REFUSED": "400"}},
	{scimtest.FilteredMembers, func(w *world) string {
		_, raw := w.scim("GET", filtered("Groups", `id eq "g1" and members eq "u1"`), "")
		return strings.Join(regexp.MustCompile(`"value":"(u.)"`).FindAllString(raw, -1), " ")
	}, map[string]string{"NONE": "", "MATCHED": `"value":"u1"`, "ALL": `"value":"u1" "value":"u2"`}},
	{scimtest.WrittenMembers, func(w *world) string {
		_, raw := w.scim("POST", "/Groups", `{"displayName":"g3","externalId":"x-g3","members":[{"value":"u1"}]}`)
		_, patched := w.scim("PATCH", "/Groups/g2", patchBody(`{"op":"add","path":"members","value":[{"value":"u2"}]}`))
		return fmt.Sprint(strings.Contains(raw, `"value":"u1"`), strings.Contains(patched, `"value":"u2"`))
	}, map[string]string{"NONE": "false false", "ALL": "true true"}},

	{scimtest.EmailRule, func(w *world) string { return w.code("POST", "/Users", `{"userName":"new","externalId":"x-new"}`) },
		map[string]string{"ONE_WORK": "400 invalidValue", "ANY": "201"}},
	{scimtest.MappedChange, func(w *world) string {
		resp, raw := w.scim("PATCH", "/Users/u1", patchBody(`{"op":"replace","path":"externalId","value":"other"}`))
		return fmt.Sprint(resp.StatusCode, " ", regexp.MustCompile(`"(scimType|externalId)":"[^"]*"`).FindString(raw))
	}, map[string]string{"MUTABILITY": `400 "scimType":"mutability"`, "INVALID_VALUE": `400 "scimType":"invalidValue"`, "IGNORED": `200 "externalId":"x-u1"`}},
	{scimtest.MissingMember, func(w *world) string {
		return w.code("PATCH", "/Groups/g2", patchBody(`{"op":"add","path":"members","value":[{"value":"nobody"}]}`))
	}, map[string]string{"400": "400 invalidValue", "404": "404", "IGNORED": "200"}},
	{scimtest.NestedGroups, func(w *world) string {
		return w.code("PATCH", "/Groups/g2", patchBody(`{"op":"add","path":"members","value":[{"value":"g1"}]}`))
	}, map[string]string{"ACCEPTED": "200", "REFUSED": "400 invalidValue"}},

	{scimtest.PatchReply, func(w *world) string {
		return w.code("PATCH", "/Users/u1", patchBody(`{"op":"add","path":"title","value":"x"}`))
	},
		map[string]string{"RESOURCE": "200", "NO_CONTENT": "204"}},
	{scimtest.EmptyPatch, func(w *world) string { return w.code("PATCH", "/Users/u1", patchBody("")) },
		map[string]string{"REFUSED": "400 invalidSyntax", "ACCEPTED": "200"}},
	{scimtest.UnknownPath, func(w *world) string {
		return w.code("PATCH", "/Users/u1", patchBody(`{"op":"add","path":"shoeSize","value":"7"}`))
	},
		map[string]string{"REFUSED": "400 invalidPath", "IGNORED": "200"}},
	{scimtest.NoTarget, func(w *world) string {
		resp, raw := w.scim("PATCH", "/Users/u1", patchBody(`{"op":"replace","path":"roles[primary eq \"True\"].value","value":"admin"}`))
		return fmt.Sprint(resp.StatusCode, " ", strings.Contains(raw, `"roles":[{"primary":true,"value":"admin"}]`))
	}, map[string]string{"REFUSED": "400 false", "CREATED": "200 true"}},
	{scimtest.LegacyPatch, func(w *world) string {
		return w.code("PATCH", "/Users/u1", patchBody(`{"op":"Replace","path":"active","value":"False"}`)) + ", " +
			w.code("PATCH", "/Groups/g1", patchBody(`{"op":"Remove","path":"members","value":[{"value":"u1"}]}`)) + ", " + w.ids(filtered("Groups", `id eq "g1" and members eq "u2"`))
	}, map[string]string{"WORKS": "200, 200, g1", "REFUSED": "400 invalidValue, 400 invalidSyntax, g1"}},

	{scimtest.QuotaModel, func(w *world) string {
		w.clock.Advance(-w.clock.Now().Sub(w.clock.Now().Truncate(time.Minute)))
		codes := w.code("GET", "/Users", "") + " " + w.code("GET", "/Users", "")
		w.clock.Advance(30 * time.Second)
		return codes + " " + w.code("GET", "/Users", "")
	}, map[string]string{"BUCKET": "200 429 200", "WINDOW": "200 200 429"}},
	{scimtest.SecretProject, func(w *world) string {
		_, secret := w.call("POST", "v1/"+secretsPath+"?secretId=s", secretBody)
		return fmt.Sprint(secret["name"])
	}, map[string]string{"NUMBER": "projects/103782533848/secrets/s", "AS_SENT": "projects/acme-prod/secrets/s"}},
	{scimtest.QuotaRetryAfter, func(w *world) string {
		for range 3 {
			if resp, _ := w.scim("GET", "/Users", ""); resp.StatusCode == 429 {
				return resp.Header.Get("Retry-After")
			}
		}
		return "no 429"
	}, map[string]string{"NONE": "", "SECONDS": "30", "DATE": "Sun, 01 Nov 2026 10:00:31 GMT"}},
	{scimtest.QuotaCount, func(w *world) string {
		return w.code("GET", "/Users/none", "") + " " + w.code("GET", "/Users/none", "")
	},
		map[string]string{"YES": "404 429", "NO": "404 404"}},
}

// TestBehaviors plays every answer of every row that has more than one.
func TestBehaviors(t *testing.T) {
	t.Parallel()
	covered := map[scimtest.Behavior][]string{}
	for _, tt := range behaviorPlays {
		for answer, want := range tt.want {
			covered[tt.behavior] = append(covered[tt.behavior], answer)
			t.Run(string(tt.behavior)+" "+answer, func(t *testing.T) {
				t.Parallel()
				opts := []scimtest.Option{scimtest.WithBehavior(tt.behavior, answer)}
				switch name := string(tt.behavior); {
				case strings.HasPrefix(name, "Fresh"):
					opts = append(opts, scimtest.WithReplicationLag(time.Second))
				case strings.HasPrefix(name, "Quota"):
					opts = append(opts, scimtest.WithQuota(2))
				}
				if got := tt.play(newWorld(t, opts...)); got != want {
					t.Errorf("%s = %s: got %q, want %q", tt.behavior, answer, got, want)
				}
			})
		}
		if answers := slices.Sorted(maps.Values(tt.want)); len(slices.Compact(answers)) != len(tt.want) {
			t.Errorf("%s: two answers have the same effect in this test: %q", tt.behavior, tt.want)
		}
		slices.Sort(covered[tt.behavior])
	}
	choices := scimtest.Choices()
	delete(choices, scimtest.InactiveMembers) // TestSignIn
	for _, answers := range choices {
		slices.Sort(answers)
	}
	if diff := cmp.Diff(choices, covered); diff != "" {
		t.Errorf("answers and the rows of this test (-want +got):\n%s", diff)
	}
}

// TestShuffledBehaviors: a seed always draws the same answers, seeds draw every answer of an unknown
// row and none of another, and a later WithBehavior wins.
func TestShuffledBehaviors(t *testing.T) {
	t.Parallel()
	draw := func(opts ...scimtest.Option) map[scimtest.Behavior]string { return scimtest.New(opts...).Behaviors() }
	usual := draw()
	if diff := cmp.Diff(draw(scimtest.WithShuffledBehaviors(7)), draw(scimtest.WithShuffledBehaviors(7))); diff != "" {
		t.Errorf("two draws of one seed (-first +second):\n%s", diff)
	}
	drawn := map[scimtest.Behavior]map[string]bool{}
	for seed := range uint64(100) {
		for b, answer := range draw(scimtest.WithShuffledBehaviors(seed)) {
			if drawn[b] == nil {
				drawn[b] = map[string]bool{}
			}
			drawn[b][answer] = true
		}
	}
	for b, answers := range scimtest.Choices() {
		want := len(answers)
		if scimtest.MarkOf(b) != "U" {
			want = 1
		}
		if len(drawn[b]) != want || !drawn[b][usual[b]] {
			t.Errorf("%s: 100 seeds draw %v of %q", b, drawn[b], answers)
		}
	}
	got := draw(scimtest.WithShuffledBehaviors(1), scimtest.WithBehavior(scimtest.MemberFilter, "EMPTY"))
	if got[scimtest.MemberFilter] != "EMPTY" {
		t.Errorf("MemberFilter = %s, want the later option's EMPTY", got[scimtest.MemberFilter])
	}
}

func testOAuthClient(attributes string) *iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client {
	return &iam.GoogleIamAdminV1WorkforcePoolProviderExtraAttributesOAuth2Client{
		IssuerUri: "https://idp.example", ClientId: "c", AttributesType: attributes,
		ClientSecret: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecret{
			Value: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcClientSecretValue{PlainText: "hunter2"},
		},
	}
}
