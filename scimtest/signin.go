package scimtest

import (
	"errors"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// An Identity is who an assertion signs in as.
type Identity struct {
	// Subject is google.subject.
	Subject string
	// Groups are the values of google.groups. If the provider has a scimUsage, they are the mapped
	// values of the SCIM user's direct groups instead.
	Groups []string
	// Attributes are the mapped attributes by key, "google.subject" included and groups left out. With
	// ENABLED_FOR_USERS_GROUPS they are those of the claim mapping.
	Attributes map[string]string
}

// A SignInError says why an assertion would not sign in. Google's documented texts are in Reason.
type SignInError struct {
	Reason string
	// Rule is the row of BEHAVIORS.md that refused it.
	Rule string
}

func (e *SignInError) Error() string { return "scimtest: sign-in: " + e.Reason }

// SignIn reports as whom an assertion would sign in now at a provider, by its resource name, and in
// which groups. If it would not sign in, the error is a [*SignInError].
//
// Assertion holds the claims of an OIDC token, or "subject" and "attributes" (lists of strings by
// name) of a SAML response. The fake doesn't check who issued it. CEL expressions are evaluated.
func (s *Server) SignIn(provider string, assertion map[string]any) (*Identity, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	id, err := s.cloud.SignIn(provider, assertion)
	if e, ok := errors.AsType[*wire.Refusal](err); ok {
		return nil, &SignInError{Reason: e.Message, Rule: string(e.Rule)}
	}
	if err != nil {
		return nil, err
	}
	return &Identity{Subject: id.Subject, Groups: id.Groups, Attributes: id.Attributes}, nil
}
