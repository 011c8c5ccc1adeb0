package cloud

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// scimPrefix is in front of a tenant's UID in its base URI.
const scimPrefix = "/v1alpha1/tenants/"

// scim answers a request to the SCIM service: it finds the tenant, the token
// and the service agent's role, and leaves the rest to the tenant's directory.
func (s *Cloud) scim(r *http.Request, body []byte) *wire.Reply {
	uid, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), scimPrefix), "/")
	if !strings.HasPrefix(r.URL.EscapedPath(), scimPrefix) {
		return errorReply(refuse("NOT_FOUND", "Method not found."), false)
	}
	path := "/" + rest
	d, refusal := s.admit(r, uid, path)
	if refusal != nil {
		return refusal
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return errorReply(refuse("INVALID_ARGUMENT", "Invalid path: it does not decode."), false)
	}
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath = decoded, path
	inner.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	return d.Serve(inner)
}

// admit is the directory the request may use, or what it is answered instead.
func (s *Cloud) admit(r *http.Request, uid, path string) (*directory.Service, *wire.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Cloud: s, r: r, now: s.cfg.Now()}
	s.st.purge(c.now)
	tenant := c.tenantByUID(uid)
	if tenant == nil || tenant.at(c.now) == nil {
		return nil, tenantRefusal(c.cfg.Choices.Of(behavior.UnknownTenant))
	}
	if !c.serving(tenant.name) {
		return nil, tenantRefusal(c.cfg.Choices.Of(behavior.DeletedTenant))
	}
	if !c.authenticates(r.Header["Authorization"], tenant.name) {
		return nil, unauthenticated()
	}
	organization := "organizations/" + c.organizationOf(tenant.name)
	if !c.st.policy(organization).grants(c, syncerRole, "serviceAccount:"+tenant.newest().ServiceAgent) {
		return nil, errorReply(denied(scimPermission(r.Method, path), organization), false)
	}
	return c.st.directories[tenant.name], nil
}

// serving reports whether reads see the tenant and all it is in as active.
func (c *call) serving(tenant string) bool {
	provider := parentName(tenant)
	return isActive(c, tenants, tenant) && isActive(c, providers, provider) && isActive(c, pools, parentName(provider))
}

func isActive[T any](c *call, k *kind[T], name string) bool {
	_, v, err := find(c, k, name)
	return err == nil && k.state(v) == active
}

// authenticates reports whether the header holds the value of an active token
// of the tenant: "Bearer", one space, the value, and nothing else.
func (c *call) authenticates(authorization []string, tenant string) bool {
	if len(authorization) != 1 {
		return false
	}
	scheme, value, ok := strings.Cut(authorization[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	name, ok := c.st.secrets[hashSecret(value)]
	return ok && parentName(name) == tenant && isActive(c, tokens, name)
}

// unauthenticated is the one refusal of the SCIM service that is not JSON, as
// Google documents.
func unauthenticated() *wire.Reply {
	return &wire.Reply{
		Code:   http.StatusUnauthorized,
		Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}, "Www-Authenticate": {"Bearer"}},
		Body:   []byte("<!doctype html>\n<title>401 Unauthorized</title>\n<p>The bearer token is missing or not valid.\n"),
	}
}

// tenantRefusal is the answer for a tenant that cannot be used.
func tenantRefusal(choice string) *wire.Reply {
	switch choice {
	case "401":
		return unauthenticated()
	case "403":
		return errorReply(refuse("PERMISSION_DENIED", "The caller does not have permission"), false)
	}
	return errorReply(notFound(), false)
}

// scimPermission is what a request needs: roles/iam.scimSyncer has them all.
func scimPermission(method, path string) string {
	collection, id, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	noun := "Users"
	if collection == "Groups" {
		noun = "Groups"
	}
	verb := map[string]string{http.MethodPost: "create", http.MethodPut: "put", http.MethodPatch: "patch", http.MethodDelete: "delete"}[method]
	switch {
	case verb != "":
	case id == "":
		verb = "list"
	default:
		verb = "get"
	}
	return fmt.Sprintf("iam.googleapis.com/workforcePoolProviderScim%s.%s", noun, verb)
}

// openDirectory makes the users and groups of a new tenant.
func (c *call) openDirectory(tenant *record[iam.WorkforcePoolProviderScimTenant]) {
	s, uid := c.Cloud, tenant.uid
	c.st.directories[tenant.name] = directory.New(directory.Config{
		Mapping: tenant.newest().ClaimMapping,
		Now:     s.cfg.Now,
		BaseURI: func(r *http.Request) string {
			return strings.TrimSuffix((&call{Cloud: s, r: r}).baseURI(uid), "/")
		},
		Quota:   s.cfg.Quota,
		Choices: s.cfg.Choices,
	})
}
