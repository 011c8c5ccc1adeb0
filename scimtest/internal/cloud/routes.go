package cloud

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// The paths of collections and resources.
const (
	poolsPath         = "v1/locations/{location}/workforcePools"
	poolPath          = poolsPath + "/{pool}"
	subjectPath       = poolPath + "/subjects/{subject}"
	providersPath     = poolPath + "/providers"
	providerPath      = providersPath + "/{provider}"
	keysPath          = providerPath + "/keys"
	keyPath           = keysPath + "/{key}"
	tenantsPath       = providerPath + "/scimTenants"
	tenantPath        = tenantsPath + "/{tenant}"
	tokensPath        = tenantPath + "/tokens"
	tokenPath         = tokensPath + "/{token}"
	organizationPath1 = "v1/organizations/{organization}"
	organizationPath3 = "v3/organizations/{organization}"
	secretsPath       = "v1/projects/{project}/secrets"
	secretPath        = secretsPath + "/{secret}"
	versionPath       = secretPath + "/versions/{version}"
	locationPath      = "v1alpha/projects/{project}/locations/{location}"
)

// The ids of their methods in the discovery documents, less the method.
const (
	poolsID         = "iam.locations.workforcePools"
	subjectsID      = poolsID + ".subjects"
	providersID     = poolsID + ".providers"
	keysID          = providersID + ".keys"
	tenantsID       = providersID + ".scimTenants"
	tokensID        = tenantsID + ".tokens"
	organizationsID = "cloudresourcemanager.organizations"
	consumerID      = "discoveryengine.projects.locations"
	secretsID       = "secretmanager.projects.secrets"
	versionsID      = secretsID + ".versions"
)

var paging = []string{"pageSize", "pageToken", "showDeleted"}

// routes is the control plane, in the order of the API's reference. A test
// holds it against the discovery document.
var routes = []*route{
	newRoute("POST", poolsPath, poolsID+".create", "iam.workforcePools.create", []string{"workforcePoolId"}, createPool),
	newRoute("GET", poolPath, poolsID+".get", "iam.workforcePools.get", nil, pools.get),
	newRoute("GET", poolsPath, poolsID+".list", "iam.workforcePools.list", append([]string{"parent"}, paging...), listPools),
	newRoute("PATCH", poolPath, poolsID+".patch", "iam.workforcePools.update", []string{"updateMask"}, patchPool),
	newRoute("DELETE", poolPath, poolsID+".delete", "iam.workforcePools.delete", nil, pools.delete),
	newRoute("POST", poolPath+":undelete", poolsID+".undelete", "iam.workforcePools.undelete", nil, pools.undelete),
	newRoute("POST", poolPath+":getIamPolicy", poolsID+".getIamPolicy", "iam.workforcePools.getIamPolicy", nil, getIAMPolicy),
	newRoute("POST", poolPath+":setIamPolicy", poolsID+".setIamPolicy", "iam.workforcePools.setIamPolicy", nil, setIAMPolicy),
	newRoute("POST", poolPath+":testIamPermissions", poolsID+".testIamPermissions", "", nil, testIAMPermissions),
	newRoute("GET", poolPath+"/operations/{operation}", poolsID+".operations.get", "iam.workforcePools.get", nil, getOperation),
	newRoute("POST", providersPath, providersID+".create", "iam.workforcePoolProviders.create", []string{"workforcePoolProviderId"}, createProvider),
	newRoute("GET", providerPath, providersID+".get", "iam.workforcePoolProviders.get", nil, providers.get),
	newRoute("GET", providersPath, providersID+".list", "iam.workforcePoolProviders.list", paging, listProviders),
	newRoute("PATCH", providerPath, providersID+".patch", "iam.workforcePoolProviders.update", []string{"updateMask"}, patchProvider),
	newRoute("DELETE", providerPath, providersID+".delete", "iam.workforcePoolProviders.delete", nil, providers.delete),
	newRoute("POST", providerPath+":undelete", providersID+".undelete", "iam.workforcePoolProviders.undelete", nil, undeleteProvider),
	newRoute("GET", providerPath+"/operations/{operation}", providersID+".operations.get", "iam.workforcePoolProviders.get", nil, getOperation),
	newRoute("POST", keysPath, keysID+".create", "iam.workforcePoolProviderKeys.create", []string{"workforcePoolProviderKeyId"}, createKey),
	newRoute("GET", keyPath, keysID+".get", "iam.workforcePoolProviderKeys.get", nil, keys.get),
	newRoute("GET", keysPath, keysID+".list", "iam.workforcePoolProviderKeys.list", paging, listKeys),
	newRoute("DELETE", keyPath, keysID+".delete", "iam.workforcePoolProviderKeys.delete", nil, keys.delete),
	newRoute("POST", keyPath+":undelete", keysID+".undelete", "iam.workforcePoolProviderKeys.undelete", nil, keys.undelete),
	newRoute("GET", keyPath+"/operations/{operation}", keysID+".operations.get", "iam.workforcePoolProviderKeys.get", nil, getOperation),
	newRoute("POST", tenantsPath, tenantsID+".create", "iam.workforcePoolProviderScimTenants.create", []string{"workforcePoolProviderScimTenantId"}, createTenant),
	newRoute("GET", tenantPath, tenantsID+".get", "iam.workforcePoolProviderScimTenants.get", nil, tenants.get),
	newRoute("GET", tenantsPath, tenantsID+".list", "iam.workforcePoolProviderScimTenants.list", paging, listTenants),
	newRoute("PATCH", tenantPath, tenantsID+".patch", "iam.workforcePoolProviderScimTenants.update", []string{"updateMask"}, patchTenant),
	newRoute("DELETE", tenantPath, tenantsID+".delete", "iam.workforcePoolProviderScimTenants.delete", []string{"hardDelete"}, deleteTenant),
	newRoute("POST", tenantPath+":undelete", tenantsID+".undelete", "iam.workforcePoolProviderScimTenants.undelete", nil, tenants.undelete),
	newRoute("POST", tenantPath+":getIamPolicy", tenantsID+".getIamPolicy", "iam.workforcePoolProviderScimTenants.getIamPolicy", nil, getIAMPolicy),
	newRoute("POST", tenantPath+":setIamPolicy", tenantsID+".setIamPolicy", "iam.workforcePoolProviderScimTenants.setIamPolicy", nil, setIAMPolicy),
	newRoute("POST", tenantPath+":testIamPermissions", tenantsID+".testIamPermissions", "", nil, testIAMPermissions),
	newRoute("POST", tokensPath, tokensID+".create", "iam.workforcePoolProviderScimTokens.create", []string{"workforcePoolProviderScimTokenId"}, createToken),
	newRoute("GET", tokenPath, tokensID+".get", "iam.workforcePoolProviderScimTokens.get", nil, tokens.get),
	newRoute("GET", tokensPath, tokensID+".list", "iam.workforcePoolProviderScimTokens.list", paging, listTokens),
	newRoute("PATCH", tokenPath, tokensID+".patch", "iam.workforcePoolProviderScimTokens.update", []string{"updateMask"}, patchToken),
	newRoute("DELETE", tokenPath, tokensID+".delete", "iam.workforcePoolProviderScimTokens.delete", nil, tokens.delete),
	newRoute("POST", tokenPath+":undelete", tokensID+".undelete", "iam.workforcePoolProviderScimTokens.undelete", nil, undeleteToken),
	newRoute("DELETE", subjectPath, subjectsID+".delete", "iam.workforcePoolSubjects.delete", nil, deleteSubject),
	newRoute("POST", subjectPath+":undelete", subjectsID+".undelete", "iam.workforcePoolSubjects.undelete", nil, undeleteSubject),
	newRoute("POST", subjectPath+":revokeSessions", subjectsID+".revokeSessions", "iam.workforcePoolSubjects.revokeSessions", nil, revokeSessions),
	newRoute("GET", subjectPath+"/operations/{operation}", subjectsID+".operations.get", "iam.workforcePools.get", nil, getOperation),

	// Resource Manager: gcloud calls v1, the Go client v3.
	newRoute("POST", "v1/organizations:search", organizationsID+".search", "", nil, searchOrganizationsV1),
	newRoute("GET", "v3/organizations:search", organizationsID+".search", "", []string{"query", "pageSize", "pageToken"}, searchOrganizationsV3),
	newRoute("GET", organizationPath1, organizationsID+".get", "resourcemanager.organizations.get", nil, getOrganizationV1),
	newRoute("POST", organizationPath1+":getIamPolicy", organizationsID+".getIamPolicy", "resourcemanager.organizations.getIamPolicy", nil, getIAMPolicy),
	newRoute("POST", organizationPath1+":setIamPolicy", organizationsID+".setIamPolicy", "resourcemanager.organizations.setIamPolicy", nil, setIAMPolicy),
	newRoute("POST", organizationPath1+":testIamPermissions", organizationsID+".testIamPermissions", "", nil, testIAMPermissions),
	newRoute("POST", organizationPath1+":getEffectiveOrgPolicy", organizationsID+".getEffectiveOrgPolicy", "orgpolicy.policy.get", nil, getEffectiveOrgPolicy),
	newRoute("GET", organizationPath3, organizationsID+".get", "resourcemanager.organizations.get", nil, getOrganizationV3),
	newRoute("POST", organizationPath3+":getIamPolicy", organizationsID+".getIamPolicy", "resourcemanager.organizations.getIamPolicy", nil, getIAMPolicy),
	newRoute("POST", organizationPath3+":setIamPolicy", organizationsID+".setIamPolicy", "resourcemanager.organizations.setIamPolicy", nil, setIAMPolicy),
	newRoute("POST", organizationPath3+":testIamPermissions", organizationsID+".testIamPermissions", "", nil, testIAMPermissions),

	// Secret Manager, where tokens are stored.
	newRoute("POST", secretsPath, secretsID+".create", "secretmanager.secrets.create", []string{"secretId"}, createSecret),
	newRoute("GET", secretPath, secretsID+".get", "secretmanager.secrets.get", nil, getSecret),
	newRoute("PATCH", secretPath, secretsID+".patch", "secretmanager.secrets.update", []string{"updateMask"}, patchSecret),
	newRoute("POST", secretPath+":addVersion", secretsID+".addVersion", "secretmanager.versions.add", nil, addVersion),
	newRoute("GET", versionPath+":access", versionsID+".access", "secretmanager.versions.access", nil, accessVersion),
	newRoute("GET", versionPath, versionsID+".get", "secretmanager.versions.get", nil, getVersion),
	newRoute("GET", secretPath+"/versions", versionsID+".list", "secretmanager.versions.list", []string{"filter", "pageSize", "pageToken"}, listVersions),
	newRoute("POST", versionPath+":enable", versionsID+".enable", "secretmanager.versions.enable", nil, enableVersion),
	newRoute("POST", versionPath+":disable", versionsID+".disable", "secretmanager.versions.disable", nil, disableVersion),
	newRoute("POST", versionPath+":destroy", versionsID+".destroy", "secretmanager.versions.destroy", nil, destroyVersion),

	// The consumer of the directory.
	newRoute("GET", locationPath+":completeExternalIdentities", consumerID+".completeExternalIdentities", "", []string{"prefixQuery", "useScimIdentities", "entityTypeFilter", "maxSuggestions"}, completeExternalIdentities),
	newRoute("GET", locationPath+"/aclConfig", consumerID+".getAclConfig", "", nil, getACLConfig),
	newRoute("POST", locationPath+"/collections/{collection}/engines/{engine}:checkFeaturePolicyMembers", consumerID+".collections.engines.checkFeaturePolicyMembers", "", nil, checkFeaturePolicyMembers),
}

// Routes lists every control-plane method, in the order of the API's reference.
func Routes() []Route {
	list := make([]Route, len(routes))
	for i, r := range routes {
		list[i] = r.Route
	}
	return list
}

// newRoute takes a line of the table apart once.
func newRoute(method, path, id, permission string, query []string, h handler) *route {
	r := &route{Route: Route{method, path, id, permission}, query: query, handler: h}
	r.segments = strings.Split(path, "/")
	last := len(r.segments) - 1
	r.segments[last], r.verb, _ = strings.Cut(r.segments[last], ":")
	return r
}

// match compares a route with the segments of an escaped path and returns the
// decoded variables. An id with a slash or a dot segment in it, however
// escaped, is kept for the caller to refuse.
func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	vars := make(map[string]string)
	for i, want := range r.segments {
		got := segments[i]
		last := i == len(segments)-1
		if last && r.verb != "" {
			id, ok := strings.CutSuffix(got, ":"+r.verb)
			if !ok {
				return nil, false
			}
			got = id
		}
		if !strings.HasPrefix(want, "{") {
			if got != want {
				return nil, false
			}
			continue
		}
		id, err := url.PathUnescape(got)
		if err != nil || id == "" {
			return nil, false
		}
		vars[want[1:len(want)-1]] = id
	}
	return vars, true
}

// findRoute finds the method for an HTTP verb and an escaped path.
func findRoute(method, escapedPath string) (*route, map[string]string) {
	path, ok := strings.CutPrefix(escapedPath, "/")
	if !ok {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for _, r := range routes {
		if r.Method != method {
			continue
		}
		if vars, ok := r.match(segments); ok {
			return r, vars
		}
	}
	return nil, nil
}

// StartsOperation reports whether a request is a write that replies with an operation.
func StartsOperation(r *http.Request) bool {
	route, _ := findRoute(r.Method, r.URL.EscapedPath())
	return route != nil && route.operation()
}

func (r *route) operation() bool {
	return r.Method != http.MethodGet && strings.HasPrefix(r.ID, "iam.") &&
		!strings.Contains(r.ID, ".scimTenants.") && !strings.Contains(strings.ToLower(r.verb), "iam")
}

// AnyOperation reports whether a method that replies with an operation can match a verb and a
// pattern as a fault has them.
func AnyOperation(method, pattern string) bool {
	return slices.ContainsFunc(routes, func(r *route) bool {
		return r.operation() && (method == "" || method == r.Method) && r.canMatch(pattern)
	})
}

// canMatch reports whether some path of the route matches a pattern for the whole path, or for its
// end if it doesn't begin with a slash.
func (r *route) canMatch(pattern string) bool {
	if pattern == "" {
		return true
	}
	whole, isWhole := strings.CutPrefix(pattern, "/")
	segments, wanted := strings.Split(r.Path, "/"), strings.Split(whole, "/")
	if len(wanted) > len(segments) || isWhole && len(wanted) != len(segments) {
		return false
	}
	for i, template := range segments[len(segments)-len(wanted):] {
		id, verb, _ := strings.Cut(strings.Replace(template, "{location}", "global", 1), ":")
		wantID, wantVerb, hasVerb := strings.Cut(wanted[i], ":")
		if strings.HasPrefix(id, "{") {
			// IDs are lower-case letters, digits and hyphens, other than those of subjects.
			if id != "{subject}" && strings.ToLower(wantID) != wantID {
				return false
			}
		} else {
			if ok, err := path.Match(wantID, id); !ok || err != nil {
				return false
			}
		}
		// "*" stands for an id with its verb too.
		if ok, err := path.Match(wantVerb, verb); hasVerb && (!ok || err != nil) || !hasVerb && verb != "" && !strings.HasSuffix(wantID, "*") {
			return false
		}
	}
	return true
}

// IsSCIM reports whether a request is for the SCIM service.
func IsSCIM(r *http.Request) bool { return strings.HasPrefix(r.URL.EscapedPath(), "/v1alpha1/") }
