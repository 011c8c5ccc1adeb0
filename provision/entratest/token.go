package entratest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// accessToken is one that was issued.
type accessToken struct {
	app     string
	expires time.Time // by the clock, which Advance doesn't move
}

// maxTokens bounds the tokens that are remembered.
const maxTokens = 1000

// tokenLife is what Entra ID usually states, in seconds.
const tokenLife = 3599

// ownedBy is the permission that counts for the apps only that the caller owns.
const ownedBy = "Application.ReadWrite.OwnedBy"

// need lists alternatives; each is what is needed together. The nil need is none.
type need [][]string

// wider are the permissions that include another one.
var wider = map[string][]string{
	"Application.Read.All":     {"Application.ReadWrite.All", "Directory.Read.All"},
	"Synchronization.Read.All": {"Synchronization.ReadWrite.All"},
	"User.Read.All":            {"User.ReadWrite.All", "Directory.Read.All"},
	"GroupMember.Read.All":     {"Group.Read.All", "Directory.Read.All"},
	"ProvisioningLog.Read.All": {"AuditLog.Read.All"},
}

// permissions are all that the methods know.
var permissions = []string{
	ownedBy, "Application.ReadWrite.All", "Application.Read.All", "Directory.Read.All",
	"Synchronization.ReadWrite.All", "Synchronization.Read.All", "AppRoleAssignment.ReadWrite.All",
	"User.Read.All", "User.ReadWrite.All", "GroupMember.Read.All", "Group.Read.All",
	"ProvisioningLog.Read.All", "AuditLog.Read.All",
}

// Revoke takes application permissions from every app registration, at once. A method that needs one
// is 403 then. What includes another permission must be revoked too: Application.ReadWrite.All
// includes Application.Read.All.
func (s *Server) Revoke(names ...string) error { return s.setRevoked(true, names) }

// RevokeAllBut takes all application permissions but these.
func (s *Server) RevokeAllBut(names ...string) error {
	if err := s.setRevoked(true, permissions); err != nil {
		return err
	}
	return s.setRevoked(false, names)
}

// Grant gives application permissions back.
func (s *Server) Grant(names ...string) error { return s.setRevoked(false, names) }

func (s *Server) setRevoked(revoked bool, names []string) error {
	if err := s.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[string]bool{}
	for _, p := range permissions {
		known[p] = true
	}
	for _, name := range names {
		if !known[name] {
			return fmt.Errorf("entratest: no method needs the permission %q", name)
		}
	}
	for _, name := range names {
		s.revoked[name] = revoked
	}
	return nil
}

// has reports whether a permission is granted, itself or by a wider one.
func (s *Server) has(name string) bool {
	if !s.revoked[name] {
		return true
	}
	for _, w := range wider[name] {
		if !s.revoked[w] {
			return true
		}
	}
	return false
}

// allowed reports whether the caller has what a method needs.
func (c *call) allowed(n need) bool {
	if n == nil {
		return true
	}
	for _, together := range n {
		all := true
		for _, p := range together {
			all = all && c.has(p) && (p != ownedBy || c.sp == nil || c.sp.owner == c.app)
		}
		if all {
			return true
		}
	}
	return false
}

// token answers the token endpoint with client credentials.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (c *call) token(tenant string) *reply {
	refuse := func(status int, code string, number int, format string, args ...any) *reply {
		return &reply{status: status, rule: ruleTokenErrors, body: map[string]any{
			"error": code, "error_codes": []int{number}, "timestamp": c.now.Format("2006-01-02 15:04:05Z"),
			"error_description": fmt.Sprintf("AADSTS%d: ", number) + fmt.Sprintf(format, args...),
			"trace_id":          c.id, "correlation_id": c.id,
		}}
	}
	form, err := url.ParseQuery(string(c.body))
	if err != nil || c.r.Method != http.MethodPost {
		return refuse(http.StatusBadRequest, "invalid_request", 900144, "The request must be a POST with a form.")
	}
	id, secret, basic := c.r.BasicAuth()
	if basic {
		// RFC 6749 section 2.3.1: both are form-encoded.
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	switch {
	case tenant != c.cfg.tenant:
		return refuse(http.StatusBadRequest, "invalid_request", 90002, "Tenant '%s' not found.", clip(tenant))
	case form.Get("grant_type") != "client_credentials":
		return refuse(http.StatusBadRequest, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '%s'.", clip(form.Get("grant_type")))
	case !strings.HasSuffix(form.Get("scope"), "/.default"):
		return refuse(http.StatusBadRequest, "invalid_scope", 1002012, "The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.", clip(form.Get("scope")))
	}
	for _, known := range c.cfg.clients {
		if known.id != id {
			continue
		}
		if known.secret != secret {
			return refuse(http.StatusUnauthorized, "invalid_client", 7000215, "Invalid client secret provided for app '%s'.", clip(id))
		}
		return c.issue(id)
	}
	return refuse(http.StatusBadRequest, "unauthorized_client", 700016, "Application with identifier '%s' was not found in the directory '%s'.", clip(id), c.cfg.tenant)
}

func (c *call) issue(app string) *reply {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tokens) >= maxTokens {
		clear(c.tokens)
	}
	value := c.jwt(app)
	c.tokens[value] = accessToken{app, c.cfg.clock().Add(tokenLife * time.Second)}
	return ok(map[string]any{"token_type": "Bearer", "expires_in": tokenLife, "ext_expires_in": tokenLife, "access_token": value})
}

// jwt is an access token with the claims that real ones have today: the directory, the app and its
// application permissions. Nobody has signed it.
func (c *call) jwt(app string) string {
	roles := []string{}
	for _, p := range permissions {
		if !c.revoked[p] {
			roles = append(roles, p)
		}
	}
	part := func(o object) string { return base64.RawURLEncoding.EncodeToString([]byte(text(o))) }
	return part(object{"typ": "JWT", "alg": "none"}) + "." +
		part(object{"tid": c.cfg.tenant, "appid": app, "roles": roles, "uti": c.newID()}) + ".fake-signature"
}

// authenticate finds the app that calls.
func (c *call) authenticate() *reply {
	value, bearer := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	c.mu.Lock()
	defer c.mu.Unlock()
	token, known := c.tokens[value]
	switch {
	case !bearer:
		return c.refuse(ruleTokens, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token is empty.")
	case !known:
		return c.refuse(ruleTokens, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
	case c.cfg.clock().After(token.expires):
		return c.refuse(ruleTokens, http.StatusUnauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
	}
	c.app = token.app
	return nil
}
