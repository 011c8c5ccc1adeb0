package provision

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// Spec says how a set-up is to be. Provider is required. Everything else can be
// left out.
type Spec struct {
	Provider provider.Name `json:"provider"`

	// TenantID is the ID of the SCIM tenant. By default it's that of the
	// tenant that the provider has, else "scim".
	TenantID string `json:"tenantId,omitempty"`

	// Mapping is the claim mapping. By default it's that of the tenant that
	// the provider has, else the one that fits the provider ([claimmap.Fit]).
	// A tenant with another mapping must be replaced.
	Mapping claimmap.Mapping `json:"mapping,omitzero"`

	// Usage is what the provider takes from SCIM in the end. The default is
	// SCIMUsageGroups.
	Usage iamscim.SCIMUsage `json:"usage,omitempty"`

	// Vendor is the identity provider product. By default it's read off the
	// provider.
	Vendor iamscim.Vendor `json:"vendor,omitempty"`

	// Accept are the IDs of settings of the identity provider that somebody
	// has confirmed or sees to ([claimmap.IDPSetting]). The mapping step names
	// those it asks for.
	Accept []string `json:"accept,omitempty"`

	// AcceptUnproven accepts a mapping although nobody can say that it names
	// the same people as the provider.
	AcceptUnproven bool `json:"acceptUnproven,omitempty"`

	// Adopt takes a token that the store doesn't know into the store, as the
	// one the identity provider uses. Without AdoptSecret nothing but the
	// identity provider can use it.
	Adopt       scimtoken.Name   `json:"adopt,omitzero"`
	AdoptSecret scimtoken.Secret `json:"-"`

	// ReplaceToken replaces a token that the store doesn't know by a new one.
	ReplaceToken scimtoken.Name `json:"replaceToken,omitzero"`

	// Ready says what proves that the directory has arrived.
	Ready Ready `json:"ready,omitzero"`

	// Store keeps the token. Without it no token is created.
	Store scimtoken.TokenStore `json:"-"`

	// IdentityProvider sets the identity provider up. Without it a person
	// does, and the plan says how.
	IdentityProvider idp.Provider `json:"-"`
}

// Ready is the evidence without which the provider isn't switched to SCIM. For
// SCIMUsageGroups, one of Users with Groups, Audit and EnableBeforeSync is
// required. For SCIMUsageUsersAndGroups, who is missing or inactive can't sign in:
// it requires Audit and BreakGlass, or EnableBeforeSync.
type Ready struct {
	// Users are user names that the directory must have, active.
	Users []string `json:"users,omitempty"`

	// Groups are display names that the directory must have, with the user
	// names of some members.
	Groups map[string][]string `json:"groups,omitempty"`

	// Audit is the result of an audit of the tenant. It counts if it's clean,
	// about this tenant and its claim mapping, and began at most MaxAge ago.
	Audit *audit.Result `json:"audit,omitempty"`

	// MaxAge is how old Audit may be. The default is an hour.
	MaxAge time.Duration `json:"maxAge,omitempty"`

	// BreakGlass are the people who repair what goes wrong.
	BreakGlass []BreakGlass `json:"breakGlass,omitempty"`

	// EnableBeforeSync switches the provider without evidence. Until the
	// directory has arrived, people are without their groups, or locked out.
	EnableBeforeSync bool `json:"enableBeforeSync,omitempty"`
}

// BreakGlass is a person who must be able to sign in, with a sample of the claims
// of the person's token.
type BreakGlass struct {
	UserName string         `json:"userName"`
	Claims   map[string]any `json:"claims"`
}

// defaultTenantID is the ID of a tenant that a plan creates.
const defaultTenantID = "scim"

// withDefaults fills in what doesn't depend on anything that is read.
func (s Spec) withDefaults() Spec {
	if s.Usage == "" {
		s.Usage = iamscim.SCIMUsageGroups
	}
	return s
}

// Validate returns every fault that can be seen without a request, as an
// [iamscim.ErrInvalidArgument].
func (s Spec) Validate() error {
	const op = "provision: spec"
	s = s.withDefaults()
	var l check.List
	if s.Provider.IsZero() {
		l.Add("Provider", "required")
	}
	if s.TenantID != "" {
		// The rules are the same under every provider.
		if _, err := scimtenant.ParseName("locations/global/workforcePools/any-pool/providers/any-provider/scimTenants/" + s.TenantID); err != nil {
			l.Add("TenantID", "must be 4 to 32 characters of a-z, 0-9 and -, is %q", s.TenantID)
		}
	}
	if err := s.Usage.Validate(); err != nil {
		l.AddError("Usage", err)
	} else if !s.Mapping.IsZero() {
		l.AddError("Mapping", s.Mapping.Validate(s.Usage))
	}
	known := claimmap.Settings()
	for i, id := range s.Accept {
		if !slices.ContainsFunc(known, func(k claimmap.IDPSetting) bool { return k.ID == id }) {
			l.Add(fmt.Sprintf("Accept[%d]", i), "%q isn't the ID of a setting", id)
		}
	}
	for field, name := range map[string]scimtoken.Name{"Adopt": s.Adopt, "ReplaceToken": s.ReplaceToken} {
		if !name.IsZero() && !s.Provider.IsZero() && name.Tenant().Provider() != s.Provider {
			l.Add(field, "is a token of another provider: %s", name)
		}
	}
	if !s.Adopt.IsZero() && s.Adopt == s.ReplaceToken {
		l.Add("ReplaceToken", "names the token that Adopt names")
	}
	if s.Adopt.IsZero() && !s.AdoptSecret.IsZero() {
		l.Add("AdoptSecret", "needs Adopt, which names the token")
	}
	for i, u := range s.Ready.Users {
		if strings.TrimSpace(u) == "" {
			l.Add(fmt.Sprintf("Ready.Users[%d]", i), "must not be empty")
		}
	}
	for group, members := range s.Ready.Groups {
		if strings.TrimSpace(group) == "" || slices.ContainsFunc(members, func(m string) bool { return strings.TrimSpace(m) == "" }) {
			l.Add("Ready.Groups", "must not have empty names")
		}
	}
	if s.Ready.MaxAge < 0 {
		l.Add("Ready.MaxAge", "must not be negative")
	}
	for i, b := range s.Ready.BreakGlass {
		if b.UserName == "" || len(b.Claims) == 0 {
			l.Add(fmt.Sprintf("Ready.BreakGlass[%d]", i), "must have a user name and claims")
		}
	}
	if s.Ready.EnableBeforeSync && (len(s.Ready.Users) > 0 || len(s.Ready.Groups) > 0) {
		l.Add("Ready.EnableBeforeSync", "asks for no evidence, and Ready names some: leave one out")
	}
	return l.Err(op, s.Provider.String())
}
