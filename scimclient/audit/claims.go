package audit

import (
	"fmt"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
)

// Claims is a sample of sign-in tokens. The audit compares the google.subject
// that the provider makes of each with the google.subject that the tenant makes
// of the user's row.
type Claims struct {
	// AttributeMapping is the provider's attribute mapping.
	AttributeMapping map[string]string

	// Assertions are decoded tokens by the user's key in the roster. Each is
	// the JSON of an ID token, or SAML attributes as the API describes them.
	Assertions map[string]map[string]any
}

// checkClaims compares a user's token with the user's subject.
func (x *index) checkClaims(u idp.User, subject string, rowErr error) {
	if x.claims == nil {
		return
	}
	assertion, ok := x.claims.Assertions[u.Key]
	if !ok {
		return
	}
	f := Finding{User: u.Key, Attribute: "google.subject", Expected: subject}
	signedIn, err := claimmap.EvaluateAssertion(x.claims.AttributeMapping, assertion)
	switch {
	case err != nil:
		f.Detail = fmt.Sprintf("the token gives none: %v", err)
	case rowErr != nil:
		f.Detail = "the row of the roster gives none"
		f.Found = signedIn.Subject
	case signedIn.Subject == subject:
		return
	default:
		f.Found = signedIn.Subject
	}
	x.findings(newFinding(SubjectDiffers, f))
}
