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
)

// scimPrefix is in front of a tenant's UID in its base URI.
const scimPrefix = "/v1alpha1/tenants/"

// scim answers a request to the SCIM service: it finds the tenant, the token
// and the service agent's role, and leaves the rest to the tenant's directory.
func (s *Cloud) scim(r *http.Request, body []byte) *wire.Reply {
	uid, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), scimPrefix), "/")
	if !strings.HasPrefix(r.URL.EscapedPath(), scimPrefix) {
		return errorReply(refuse(behavior.Paths, "NOT_FOUND", "Method not found."), false)
	}
	path := "/" + rest
	d, refusal := s.admit(r, uid, path)
	if refusal != nil {
		return refusal
	}
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return errorReply(refuse(behavior.Paths, "INVALID_ARGUMENT", "Invalid path: it does not decode."), false)
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
		return nil, c.unusable(behavior.UnknownTenant)
	}
	if !c.serving(tenant.name) {
		return nil, c.unusable(behavior.DeletedTenant)
	}
	token, ok := c.st.secrets[bearer(r.Header["Authorization"])]
	if !ok || parentName(token) != tenant.name {
		return nil, unauthenticated(behavior.Unauthenticated)
	}
	if !isActive(c, tokens, token) {
		if c.st.tokens[token].deleted.IsZero() {
			return nil, unauthenticated(behavior.FreshResource)
		}
		return nil, c.unusable(behavior.DeletedToken)
	}
	if life := c.cfg.TokenLifetime; life > 0 && !c.now.Before(c.st.tokens[token].created.Add(life)) {
		return nil, unauthenticated(behavior.ExpiredToken)
	}
	organization := "organizations/" + c.organizationOf(tenant.name)
	if !c.st.policy(organization).grants(c, syncerRole, "serviceAccount:"+tenant.newest().ServiceAgent) {
		return nil, c.deniedReply(denied(behavior.SyncerRole, scimPermission(r.Method, path), organization))
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

// bearer is the hash of the token in the header: "Bearer", one space, the token, and nothing else.
func bearer(authorization []string) secretHash {
	if len(authorization) != 1 {
		return secretHash{}
	}
	scheme, value, ok := strings.Cut(authorization[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return secretHash{}
	}
	return hashSecret(value)
}

// unauthenticated is the one refusal of the SCIM service that isn't JSON, as Google documents.
func unauthenticated(rule behavior.ID) *wire.Reply {
	reply := htmlReply(rule, http.StatusUnauthorized, "The bearer token is missing or not valid.")
	reply.Header.Set("Www-Authenticate", "Bearer")
	return reply
}

func htmlReply(rule behavior.ID, code int, text string) *wire.Reply {
	return &wire.Reply{
		Code:   code,
		Header: http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		Body:   fmt.Appendf(nil, "<!doctype html>\n<title>%d %s</title>\n<p>%s\n", code, http.StatusText(code), text),
		Rule:   rule,
		Reason: text,
	}
}

// unusable is the answer for a tenant or a token that can't be used, as a row chooses.
func (c *call) unusable(rule behavior.ID) *wire.Reply {
	switch c.cfg.Choices.Of(rule) {
	case "401":
		return unauthenticated(rule)
	case "403":
		return c.deniedReply(refuse(rule, "PERMISSION_DENIED", "The caller does not have permission"))
	}
	return errorReply(notFound(rule), false)
}

// deniedReply is a 403 of the SCIM service.
func (c *call) deniedReply(e *wire.Refusal) *wire.Reply {
	switch c.cfg.Choices.Of(behavior.DeniedBody) {
	case "SCIM":
		return directory.Refusal(e.Rule, e.Code, e.Message)
	case "HTML":
		return htmlReply(e.Rule, e.Code, e.Message)
	}
	return errorReply(e, false)
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
