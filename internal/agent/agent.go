// Package agent is the grammar of the address of a SCIM tenant's service agent:
//
//	o-ORGANIZATION-UID@gcp-sa-iamscim.iam.gserviceaccount.com
//
// ORGANIZATION is the organization's number and UID the tenant's UID, the last
// element of its base URI. In another universe than googleapis.com the domain
// goes on differently after gcp-sa-iamscim (inferred), so the tenant's
// serviceAgent field wins over an address that is computed.
package agent

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Form is the address as it stands in messages.
const Form = "o-ORGANIZATION-UID@" + domain

const (
	project = "gcp-sa-iamscim" // holds the service agents of all tenants
	domain  = project + ".iam.gserviceaccount.com"
)

// Email returns the address of a tenant's service agent in the universe
// googleapis.com.
func Email(organization, uid string) string {
	return "o-" + organization + "-" + uid + "@" + domain
}

// The UID's form isn't documented. It has to fit into the local part of an
// address.
var form = regexp.MustCompile(`^o-([0-9]+)-([A-Za-z0-9_-]+)@` + project + `((?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?){2,})$`)

// Parse takes an address apart. It accepts the domains of other universes.
func Parse(email string) (organization, uid string, err error) {
	if email == "" {
		return "", "", errors.New("required, as in Tenant.ServiceAgent")
	}
	parts := form.FindStringSubmatch(email)
	// A service account's address has at most 64 characters before the @ and
	// 255 after it (RFC 5321 section 4.5.3.1).
	local, host, _ := strings.Cut(email, "@")
	if parts == nil || len(local) > 64 || len(host) > 255 || strings.Contains(host, ".gserviceaccount.com.") {
		return "", "", fmt.Errorf("must look like %s, is %s", Form, clip(email))
	}
	return parts[1], parts[2], nil
}

// clip quotes a value for a message and cuts it.
func clip(s string) string {
	const maxShown = 100
	if len(s) > maxShown {
		return fmt.Sprintf("%q… (%d bytes)", s[:maxShown], len(s))
	}
	return fmt.Sprintf("%q", s)
}
