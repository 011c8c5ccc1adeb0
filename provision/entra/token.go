package entra

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/internal/retry"
)

type oauth2RetrieveError = oauth2.RetrieveError

func status(e *oauth2RetrieveError) int {
	if e.Response == nil {
		return 0
	}
	return e.Response.StatusCode
}

// token returns the access token to send.
func (c *Client) token(ctx context.Context) (*oauth2.Token, error) {
	token, err := retry.Token(ctx, c.retry.AttemptTimeout, c.source)
	if err != nil {
		return nil, err
	}
	return token, paste.CheckToken(token.AccessToken)
}

// claims are those of an access token that say beforehand what Graph would refuse.
// Microsoft's tokens for Graph are JWTs today, which nobody promises: what can't be
// read isn't checked. Nothing is trusted because of a claim.
type claims struct {
	Tenant string   `json:"tid"`
	App    string   `json:"appid"`
	Roles  []string `json:"roles"` // application permissions
	Scopes string   `json:"scp"`   // delegated permissions
}

func claimsOf(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &c) != nil {
		return claims{}, false
	}
	return c, true
}

// has returns the permissions of a token.
func (c claims) has() []string { return append(strings.Fields(c.Scopes), c.Roles...) }

// precheck refuses, before anything is sent to Graph, a token of another directory,
// and one without a needed permission. It reports all that are missing.
func (r *run) precheck(ctx context.Context, needs ...need) error {
	token, err := r.token(ctx)
	if err != nil {
		return nil // the first request says so, after as many attempts as it takes
	}
	got, ok := claimsOf(token.AccessToken)
	if !ok {
		return nil
	}
	if want := r.cfg.TenantID; guid.MatchString(want) && guid.MatchString(got.Tenant) && !strings.EqualFold(want, got.Tenant) {
		return r.state("", "nothing was sent: sign in to the directory of TenantID", "the access token is for the directory %s, and TenantID is %s", got.Tenant, want)
	}
	permissions := got.has()
	if len(permissions) == 0 {
		return nil // nobody promises that a token lists them
	}
	e := &iamscim.Error{Op: "entra: " + r.op, Kind: iamscim.ErrPermissionDenied}
	for _, n := range needs {
		if !n.met(permissions) {
			e.Violations = append(e.Violations, iamscim.Violation{Field: n.least(len(got.Roles) > 0), Rule: "needed to " + n.purpose})
		}
	}
	if e.Violations == nil {
		return nil
	}
	e.Remedy = "nothing was changed: " + r.consent(got.App)
	return e
}

// signInRemedy is what to do about an error of the login service, which begins with
// a number: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
func signInRemedy(text, login string) string {
	for _, known := range []struct{ code, remedy string }{
		{"AADSTS7000215", "the client secret is wrong: use the secret's value, not its ID"},
		{"AADSTS7000222", "the client secret has expired: make a new one"},
		{"AADSTS700016", "the directory has no such application: check ClientID and TenantID"},
		{"AADSTS90002", "there is no such directory at " + login + ": check TenantID and Cloud"},
		{"AADSTS900023", "TenantID is not a directory"},
		{"AADSTS900382", "the application belongs to another cloud: check Cloud"},
	} {
		if strings.Contains(text, known.code+":") {
			return known.remedy
		}
	}
	return ""
}
