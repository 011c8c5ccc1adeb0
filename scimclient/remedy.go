package scimclient

import (
	"fmt"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/agent"
)

const remedyThrottled = "the tenant's quota is 3,000 requests per minute for everybody who uses it: try later, or give this client less of it with WithRate"

// remedy is what to do about a failure that says nothing more by itself.
func (c *Client) remedy(kind error) string {
	switch kind {
	case ErrTokenRejected:
		return "check that the token is whole, belongs to this tenant and is not deleted; a token just created may need a minute (WaitToken waits for it)"
	case ErrNotSyncer:
		return c.remedyNotSyncer()
	case ErrTenantUnknown:
		return "check the base URI against the baseUri of the SCIM tenant, and that the tenant is not deleted"
	case ErrThrottled:
		return remedyThrottled
	case ErrUnreachable:
		return fmt.Sprintf("check that %s can be reached from here, also through the proxy if there is one", c.base.Host)
	case iamscim.ErrUnavailable:
		return "the service failed, which may pass: try later"
	case ErrUnsupported:
		return "if the server should have this, check the base URI with CheckAccess"
	case iamscim.ErrRedirected:
		return "redirects are not followed, as they would carry the token elsewhere: check the base URI and the proxy"
	case iamscim.ErrBadReply:
		return "check that the base URI is that of a SCIM service and that no proxy answers in its place"
	}
	return ""
}

// remedyNotSyncer names the member and the role to bind, as exactly as is
// known.
func (c *Client) remedyNotSyncer() string {
	const wait = "; a new binding takes some minutes; if there is one, check that the token hasn't expired"
	organization, _, err := agent.Parse(c.serviceAgent)
	if err != nil {
		return "bind roles/iam.scimSyncer on the organization to the tenant's service agent; with WithServiceAgent this text is the command" + wait
	}
	return fmt.Sprintf("run gcloud organizations add-iam-policy-binding %s --member=serviceAccount:%s --role=roles/iam.scimSyncer", organization, c.serviceAgent) + wait
}
