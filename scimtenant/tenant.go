package scimtenant

import (
	"net/url"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/agent"
	"github.com/iamscim/iamscim/internal/gapi"
)

// Tenant is a SCIM tenant: the directory into which an identity provider
// pushes users and groups. A workforce pool has at most one, soft-deleted ones
// included.
//
// https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers.scimTenants
type Tenant struct {
	Name        Name
	DisplayName string // at most 32 characters
	Description string // at most 256 characters
	State       iamscim.State

	// ClaimMapping maps google.subject, google.group and further keys to CEL
	// over the SCIM resources. It is immutable. [Tenant.Mapping] checks it.
	ClaimMapping map[string]string

	// BaseURI is the root of the tenant's SCIM service (RFC 7644 section
	// 1.3), https://iamscim.googleapis.com/v1alpha1/tenants/UID.
	BaseURI string

	// ServiceAgent is the service account that the tenant's tokens act as.
	// It needs roles/iam.scimSyncer on the organization. "" where the service
	// does not say; [ServiceAgentEmail] computes it.
	ServiceAgent string

	// PurgeTime is when a deleted tenant is purged, about 30 days after the
	// deletion; zero while it is active.
	PurgeTime time.Time
}

// UID returns the tenant's UID, the last element of its base URI, or "" if
// there is no base URI.
func (t *Tenant) UID() string {
	if t == nil {
		return ""
	}
	u, err := url.Parse(t.BaseURI)
	if err != nil {
		return ""
	}
	path := strings.TrimRight(u.Path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// Mapping parses the tenant's claim mapping. It fails for a mapping that this
// module does not know to be supported, which the service may have accepted
// all the same.
func (t *Tenant) Mapping() (claimmap.Mapping, error) {
	if t == nil {
		return claimmap.Mapping{}, gapi.Required("scimtenant: mapping", "tenant")
	}
	return claimmap.New(t.ClaimMapping)
}

// ServiceAgentEmail returns the address of a tenant's service agent,
// o-ORGANIZATION-UID@gcp-sa-iamscim.iam.gserviceaccount.com. Other universes than
// googleapis.com have other domains: prefer [Tenant.ServiceAgent] where it is set.
func ServiceAgentEmail(organization, uid string) string { return agent.Email(organization, uid) }

// fromAPI makes a Tenant of the service's shape.
func fromAPI(t *iam.WorkforcePoolProviderScimTenant) (*Tenant, error) {
	name, err := ParseName(t.Name)
	if err != nil {
		return nil, err
	}
	purge, err := gapi.Time(t.PurgeTime)
	if err != nil {
		return nil, err
	}
	return &Tenant{
		Name: name, DisplayName: t.DisplayName, Description: t.Description,
		State: iamscim.State(t.State), ClaimMapping: t.ClaimMapping,
		BaseURI: t.BaseUri, ServiceAgent: t.ServiceAgent, PurgeTime: purge,
	}, nil
}
