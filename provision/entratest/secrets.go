package entratest

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/provision/entratest/internal/mapping"
	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// pair is a synchronization secret.
// https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationsecretkeystringvaluepair
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// masked stands for a secret in replies.
const masked = "*"

// keys are those of synchronizationSecret that the fake accepts.
var keys = []string{
	"BaseAddress", "SecretToken", "SyncNotificationSettings", "SyncAll", "SkipOutOfScopeDeletions",
	"Domain", "UserName", "Password", "ConsumerKey", "ConsumerSecret", "ClientIdentifier", "ClientSecret", "ApplicationTemplateIdentifier", "Server",
	"Oauth2ClientId", "Oauth2ClientSecret", "Oauth2TokenExchangeUri", "Oauth2AuthorizationUri", "AuthenticationType", "CompanyId", "TestReferences",
}

func value(list []pair, key string) string {
	for _, p := range list {
		if p.Key == key {
			return p.Value
		}
	}
	return ""
}

func getSecrets(c *call) *reply {
	list := make([]pair, 0, len(c.sp.secrets))
	for _, p := range c.sp.secrets {
		if !shown[strings.ToLower(p.Key)] && p.Value != "" {
			p.Value = masked
		}
		list = append(list, p)
	}
	return ok(object{"@odata.context": c.context("Collection(microsoft.graph.synchronizationSecretKeyStringValuePair)"), "value": list})
}

func putSecrets(c *call) *reply {
	var body struct {
		Value []pair `json:"value"`
	}
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	if refused := c.checkPairs(body.Value); refused != nil {
		return refused
	}
	c.sp.secrets = body.Value
	return noContent()
}

func (c *call) checkPairs(list []pair) *reply {
	seen := map[string]bool{}
	for _, p := range list {
		if !slices.Contains(keys, p.Key) || seen[p.Key] {
			return c.badRequest(ruleSecretsPut, "The key '%s' isn't known, or is there twice.", clip(p.Key))
		}
		seen[p.Key] = true
		if p.Key == "SyncNotificationSettings" && p.Value != "" {
			if _, err := readSettings(p.Value); err != nil {
				return c.badRequest(ruleSecretsPut, "SyncNotificationSettings isn't a JSON text: %v", err)
			}
		}
	}
	return nil
}

// settings are SyncNotificationSettings, a JSON text in a string.
type settings struct {
	Enabled                bool
	Recipients             string
	DeleteThresholdEnabled bool
	DeleteThresholdValue   int
}

func readSettings(text string) (s settings, err error) {
	err = json.Unmarshal([]byte(text), &s)
	return s, err
}

// validateCredentials is the button "Test connection": it asks the SCIM service for somebody who
// can't exist.
func validateCredentials(c *call) *reply {
	var body struct {
		TemplateID string `json:"templateId"`
		Saved      bool   `json:"useSavedCredentials"`
		Pairs      []pair `json:"credentials"`
	}
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	c.mu.Lock()
	pairs := slices.Clone(c.sp.secrets)
	c.mu.Unlock()
	if !body.Saved {
		if refused := c.checkPairs(body.Pairs); refused != nil {
			return refused
		}
		pairs = body.Pairs
	}
	if c.job == nil && body.TemplateID != templateSCIM {
		return c.badRequest(ruleValidate, "A templateId is needed before there is a job.")
	}
	user, group := "userName", "displayName"
	if c.job != nil {
		c.mu.Lock()
		user, group = firstMatching(c.job.schema.Users), firstMatching(c.job.schema.Group)
		c.mu.Unlock()
	}
	target, err := c.target(pairs)
	if err == nil {
		err = target.Test(c.r.Context(), user, group)
	}
	if err == nil {
		return noContent()
	}
	failed := &push.Error{Code: push.CodeIncompatible, Reason: err.Error()}
	errors.As(err, &failed)
	return c.refuse(ruleValidate, http.StatusBadRequest, "CredentialValidationUnavailable",
		"You appear to have entered invalid credentials. Please confirm you are using the correct information for an administrative account. Error code: %s. Details: %s",
		credentialCode, failed.Reason)
}

// firstMatching is the attribute that objects are matched by, "" if there is none.
func firstMatching(o *mapping.Objects) string {
	if o == nil {
		return ""
	}
	for _, a := range o.Matching() {
		return a.Target
	}
	return ""
}

// credentialCode is what the portal shows for credentials of a SCIM service that don't work.
const credentialCode = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable"

// target is the SCIM service that secrets name.
func (s *Server) target(list []pair) (*push.Target, error) {
	return push.NewTarget(value(list, "BaseAddress"), value(list, "SecretToken"), s.cfg.scim, s.cfg.scimTimeout)
}
