package scimtest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// A Behavior names something Google's public documents leave open, for which
// the fake had to choose. The package comment has the table of them.
type Behavior string

// The open questions, and what [WithBehavior] accepts for each. The first
// value is the fake's choice.
const (
	// SecondTenant is the refusal of a second SCIM tenant in a pool:
	// FAILED_PRECONDITION or ALREADY_EXISTS.
	SecondTenant Behavior = "SecondTenant"
	// ThirdToken is the refusal of a third SCIM token in a tenant:
	// FAILED_PRECONDITION, RESOURCE_EXHAUSTED or INVALID_ARGUMENT.
	ThirdToken Behavior = "ThirdToken"
	// DeletedTokenCounts says whether a soft-deleted token is one of the two:
	// NO or YES.
	DeletedTokenCounts Behavior = "DeletedTokenCounts"
	// ClaimMappingChange is the answer to an update that names another claim
	// mapping: INVALID_ARGUMENT, FAILED_PRECONDITION, or IGNORED (200, and
	// nothing changed).
	ClaimMappingChange Behavior = "ClaimMappingChange"
	// MissingGroupRule is the answer to a claim mapping without google.group:
	// INVALID_ARGUMENT or ALLOWED.
	MissingGroupRule Behavior = "MissingGroupRule"
	// SecondUsage is the refusal of scimUsage on a second provider of a pool:
	// FAILED_PRECONDITION or INVALID_ARGUMENT.
	SecondUsage Behavior = "SecondUsage"
	// HardDeleteInUse is the answer to a hard delete of a tenant whose
	// provider still has a scimUsage: ALLOWED or FAILED_PRECONDITION.
	HardDeleteInUse Behavior = "HardDeleteInUse"
	// DeletedChange is the refusal of an update or a second delete of a
	// soft-deleted resource: FAILED_PRECONDITION or NOT_FOUND.
	DeletedChange Behavior = "DeletedChange"
	// FreshResource is the answer to a read of a resource that has not
	// replicated yet: NOT_FOUND or PERMISSION_DENIED.
	FreshResource Behavior = "FreshResource"
	// FreshOperation is the answer to a GET of an operation that has not
	// replicated yet: NOT_FOUND, PERMISSION_DENIED, or PENDING (200, not done).
	FreshOperation Behavior = "FreshOperation"
	// TokensUndelete says whether tokens.undelete, which is gone from the
	// newest discovery document, is still there: SERVED or NOT_FOUND.
	TokensUndelete Behavior = "TokensUndelete"
	// RevokeReply is the reply to subjects.revokeSessions: OPERATION (as in the
	// discovery document) or EMPTY (as in the how-to page).
	RevokeReply Behavior = "RevokeReply"
	// BaseURISlash says whether a tenant's baseUri ends with a slash: NO (as
	// in the how-to pages) or YES (as in the field's comment).
	BaseURISlash Behavior = "BaseURISlash"
	// UnknownTenant is the SCIM service's answer for a tenant that does not
	// exist: 404 or 401.
	UnknownTenant Behavior = "UnknownTenant"
	// DeletedTenant is the SCIM service's answer for a soft-deleted tenant:
	// 404, 401 or 403.
	DeletedTenant Behavior = "DeletedTenant"
)

// WithBehavior chooses another answer to an open question: a code that should
// work against the real service is tested with each. The values are listed at
// the [Behavior].
func WithBehavior(b Behavior, value string) Option {
	return func(c *config) error {
		allowed, ok := behavior.Options[behavior.ID(b)]
		if !ok {
			return fmt.Errorf("scimtest: WithBehavior(%q): no such behavior", b)
		}
		if !slices.Contains(allowed, value) {
			return fmt.Errorf("scimtest: WithBehavior(%s, %q): must be one of %s", b, value, strings.Join(allowed, ", "))
		}
		c.Choices[behavior.ID(b)] = value
		return nil
	}
}
