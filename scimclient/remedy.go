package scimclient

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/agent"
	"github.com/iamscim/iamscim/internal/fold"
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

// maxSubject is the most bytes of google.subject:
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
const maxSubject = 127

// brokenRule says which documented rule of the service a request breaks that was
// answered by 400. Where it breaks none that is known, it says which attributes the
// service names. It has no value of the request or of detail, which may be names.
func (r request) brokenRule(detail string) string {
	var sent struct {
		UserName   string `json:"userName"`
		ExternalID string `json:"externalId"`
		Emails     []struct {
			Value string `json:"value"`
			Type  string `json:"type"`
		} `json:"emails"`
		Operations []struct {
			Path string `json:"path"`
		} `json:"Operations"`
	}
	ofUser := r.method == http.MethodPost || r.method == http.MethodPut
	if ofUser && strings.HasPrefix(r.path, "/Users") && json.Unmarshal(r.body, &sent) == nil {
		const emails = "emails: exactly one, of type work"
		if len(sent.Emails) != 1 || !strings.EqualFold(sent.Emails[0].Type, TypeWork) {
			return emails
		}
		for _, a := range []struct{ name, value string }{{"userName", sent.UserName}, {"externalId", sent.ExternalID}, {"emails.value", sent.Emails[0].Value}} {
			if len(a.value) > maxSubject {
				return fmt.Sprintf("%s: at most %d bytes if google.subject is mapped from it", a.name, maxSubject)
			}
		}
	}
	if names := attributesIn(detail); names != nil {
		return "the service names " + strings.Join(names, ", ")
	}
	return ""
}

// attributesIn returns the names of attributes that are words of a text, in its
// order.
func attributesIn(text string) []string {
	var found []string
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '$' }) {
		if name := attributes()[fold.Key(word)]; name != "" && !seen[name] {
			seen[name] = true
			found = append(found, name)
		}
	}
	return found
}

// attributes has the names of the attributes of users and groups, by their folded
// names.
var attributes = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, t := range []reflect.Type{reflect.TypeFor[User](), reflect.TypeFor[Group]()} {
		for i := range t.NumField() {
			if name := jsonName(t.Field(i)); !strings.Contains(name, ":") {
				all[fold.Key(name)] = name
			}
		}
	}
	return all
})
