package claimmap

import "errors"

// PreviewResult shows whether a token and a provisioned user map to the same
// google.subject.
type PreviewResult struct {
	Token       Attributes // by the provider's attribute mapping
	Provisioned Attributes // by the tenant's claim mapping

	// Match is true if both have the same google.subject. Who signs in with the
	// token is then the provisioned user, with its groups.
	Match bool
}

// Preview evaluates both mappings for one token and one provisioned user.
// [Compare] is about all of them. The errors are those of [EvaluateAssertion] and
// [Mapping.EvaluateUser], joined. With an error for either google.subject there
// is no match.
func Preview(providerMapping map[string]string, assertion map[string]any, m Mapping, user map[string]any) (PreviewResult, error) {
	token, tokenErr := EvaluateAssertion(providerMapping, assertion)
	provisioned, userErr := m.EvaluateUser(user)
	return PreviewResult{
		Token:       token,
		Provisioned: provisioned,
		Match:       token.Subject != "" && token.Subject == provisioned.Subject,
	}, errors.Join(tokenErr, userErr)
}
