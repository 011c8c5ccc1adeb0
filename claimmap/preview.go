package claimmap

import "errors"

// Meeting is what a token and a provisioned user make of one another.
type Meeting struct {
	Token       Attributes // by the provider's attribute mapping
	Provisioned Attributes // by the tenant's claim mapping

	// Meet says that both have the same google.subject: who signs in with the
	// token is the provisioned user, and is in its groups.
	Meet bool
}

// Preview evaluates a token and a provisioned user, and says whether they meet.
// It is a test of two samples; [Compare] is about all of them. The errors are
// those of [EvaluateAssertion] and [Mapping.EvaluateUser], joined; with an error
// for either google.subject they do not meet.
func Preview(providerMapping map[string]string, assertion map[string]any, m Mapping, user map[string]any) (Meeting, error) {
	token, tokenErr := EvaluateAssertion(providerMapping, assertion)
	provisioned, userErr := m.EvaluateUser(user)
	return Meeting{
		Token:       token,
		Provisioned: provisioned,
		Meet:        token.Subject != "" && token.Subject == provisioned.Subject,
	}, errors.Join(tokenErr, userErr)
}
