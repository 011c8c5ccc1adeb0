package cloud

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// tokens are SCIM tokens. Their writes reply with the token itself.
var tokens = &kind[iam.WorkforcePoolProviderScimToken]{
	id:        resname.Token,
	listName:  "workforcePoolProviderScimTokens",
	field:     "workforce_pool_provider_scim_token",
	usualPage: 2, maxPage: 100,
	table: func(s *state) table[iam.WorkforcePoolProviderScimToken] { return s.tokens },
	mark:  func(v *iam.WorkforcePoolProviderScimToken, state, _ string) { v.State = state },
	state: func(v *iam.WorkforcePoolProviderScimToken) string { return v.State },
	show: func(_ *call, _ *record[iam.WorkforcePoolProviderScimToken], v *iam.WorkforcePoolProviderScimToken) any {
		return v
	},
	permission: "iam.workforcePoolProviderScimTokens",
}

// maxTokens is how many a tenant can have.
const maxTokens = 2

func createToken(c *call) (any, error) {
	parent := parentName(c.name())
	if _, err := findActive(c, tenants, parent); err != nil {
		return nil, err
	}
	id, bad := c.checkID(resname.Token, "workforcePoolProviderScimTokenId")
	if bad != nil {
		return nil, bad
	}
	v, bad := decode[iam.WorkforcePoolProviderScimToken](c.body, tokens.field)
	if bad != nil {
		return nil, bad
	}
	v.Name = resname.Join(parent, resname.Token, id)
	secret := newSecret(c)
	if err := c.addToken(v, secret); err != nil {
		return nil, err
	}
	shown := clone(v)
	shown.SecurityToken = secret
	return shown, nil
}

// newSecret is the value of a new token. What a real one looks like isn't documented.
func newSecret(c *call) string {
	if c.cfg.Choices.Is(behavior.TokenForm, "LONG") {
		var parts []string
		for range 24 {
			parts = append(parts, c.cfg.NewID()+"-_~+/=")
		}
		return "fake-" + strings.Join(parts, ".")
	}
	return "fake-" + c.cfg.NewID() + c.cfg.NewID()
}

// addToken checks and stores a token. Of its value only a hash is kept.
func (c *call) addToken(v *iam.WorkforcePoolProviderScimToken, secret string) error {
	v.SecurityToken = ""
	if bad := checkToken(v); bad != nil {
		return bad
	}
	if _, taken := c.st.tokens[v.Name]; taken {
		return alreadyExists(behavior.NameTaken)
	}
	if err := c.checkTokenCount(v.Name); err != nil {
		return err
	}
	if _, _, err := create(c, tokens, v.Name, "", v); err != nil {
		return err
	}
	c.st.secrets[hashSecret(secret)] = v.Name
	return nil
}

func checkToken(v *iam.WorkforcePoolProviderScimToken) *wire.Refusal {
	var check fieldChecks
	check.text(behavior.TokenFields, "workforce_pool_provider_scim_token.display_name", "display name", v.DisplayName, maxDisplayName)
	return check.refusal()
}

// checkTokenCount leaves room for one more token beside the others.
func (c *call) checkTokenCount(name string) error {
	tenant, count := parentName(name), 0
	for _, other := range c.st.tokens.children(tenant + "/tokens/") {
		if other.name != name && (other.deleted.IsZero() || c.cfg.Choices.Of(behavior.DeletedTokenCounts) == "YES") {
			count++
		}
	}
	if count < maxTokens {
		return nil
	}
	text := fmt.Sprintf("The SCIM tenant %s already has %d SCIM tokens; delete one of them.", tenant, count)
	return c.openRefusal(behavior.ThirdToken, "workforce_pool_provider_scim_token", text)
}

func listTokens(c *call) (any, error) {
	parent := parentName(c.name())
	if _, _, err := find(c, tenants, parent); err != nil {
		return nil, err
	}
	return tokens.listOf(c, c.st.tokens.children(parent+"/tokens/"), everything)
}

var tokenMask = maskRule{
	message: reflect.TypeFor[iam.WorkforcePoolProviderScimToken](),
	output:  []string{"state", "securityToken"},
}

func patchToken(c *call) (any, error) {
	r, err := findActive(c, tokens, c.name())
	if err != nil {
		return nil, err
	}
	v, _, bad := merge(c, tokens, r, tokenMask, false)
	if bad != nil {
		return nil, bad
	}
	if bad := checkToken(v); bad != nil {
		return nil, bad
	}
	return write(c, tokens, r, v), nil
}

// undeleteToken serves a method that the API's reference and gcloud have and
// the newest discovery document has not.
func undeleteToken(c *call) (any, error) {
	if c.cfg.Choices.Of(behavior.TokensUndelete) == "NOT_FOUND" {
		return nil, refuse(behavior.TokensUndelete, "NOT_FOUND", "Method not found.")
	}
	if r, ok := c.st.tokens[c.name()]; ok && !r.deleted.IsZero() {
		if err := c.checkTokenCount(r.name); err != nil {
			return nil, err
		}
	}
	return tokens.undelete(c)
}
