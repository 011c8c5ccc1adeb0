package scimtenant

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/agent"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/resname"
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

	// ServiceAgent is the service account as which the tenant's tokens act.
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
func (t *Tenant) Mapping() (claimmap.Mapping, error) { return claimmap.New(t.ClaimMapping) }

// ServiceAgentEmail returns the address of a tenant's service agent,
// o-ORGANIZATION-UID@gcp-sa-iamscim.iam.gserviceaccount.com. Other universes than
// googleapis.com have other domains: prefer [Tenant.ServiceAgent] where it is set.
func ServiceAgentEmail(organization, uid string) string { return agent.Email(organization, uid) }

// CreateRequest describes a tenant to be created. Name, ClaimMapping and Usage
// are required.
type CreateRequest struct {
	Name        Name
	DisplayName string // at most 32 characters
	Description string // at most 256 characters

	// ClaimMapping cannot be changed once the tenant exists. Before it is
	// sent it is validated for Usage; compare it with the provider's
	// attribute mapping first ([claimmap.Compare]).
	ClaimMapping claimmap.Mapping

	// Usage is what the provider will take from the tenant: it decides which
	// keys of the mapping count. It is not sent, and it does not switch the
	// provider: provider.Client.SetSCIMUsage does, once the directory has
	// arrived.
	Usage iamscim.SCIMUsage
}

// UpdateRequest says what to change about a tenant: a nil field is left as it
// is, a pointer to "" clears. There is no field for the claim mapping, which
// is immutable.
type UpdateRequest struct {
	Name        Name
	DisplayName *string
	Description *string
}

func (r CreateRequest) validate(op string) error {
	l := r.faults()
	return l.Err(op, r.Name.String())
}

func (r CreateRequest) faults() (l check.List) {
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if resname.Reserved(r.Name.ID()) {
		l.Add("Name", "ids that begin with gcp- are reserved")
	}
	l.Text("DisplayName", r.DisplayName, check.DisplayName)
	l.Text("Description", r.Description, check.Description)
	usage := r.Usage
	if err := usage.Validate(); err != nil {
		l.AddError("Usage", err)
		// Every fault at once: the mapping is still checked for what any
		// usage requires.
		usage = iamscim.SCIMUsageGroups
	}
	l.AddError("ClaimMapping", r.ClaimMapping.Validate(usage))
	return l
}

func (r UpdateRequest) validate(op string) error {
	var l check.List
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if r.DisplayName == nil && r.Description == nil {
		return &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrNothingToUpdate}
	}
	if r.DisplayName != nil {
		l.Text("DisplayName", *r.DisplayName, check.DisplayName)
	}
	if r.Description != nil {
		l.Text("Description", *r.Description, check.Description)
	}
	return l.Err(op, r.Name.String())
}

// toAPI returns the body of the PATCH and its mask.
func (r UpdateRequest) toAPI() (*iam.WorkforcePoolProviderScimTenant, string) {
	t := &iam.WorkforcePoolProviderScimTenant{}
	var mask []string
	if r.DisplayName != nil {
		t.DisplayName = *r.DisplayName
		t.ForceSendFields = append(t.ForceSendFields, "DisplayName")
		mask = append(mask, "displayName")
	}
	if r.Description != nil {
		t.Description = *r.Description
		t.ForceSendFields = append(t.ForceSendFields, "Description")
		mask = append(mask, "description")
	}
	return t, strings.Join(mask, ",")
}

// difference names the fields in which the tenant got differs from the
// request, "" if it is what was asked for.
func (r CreateRequest) difference(got *Tenant) string {
	var names []string
	if got.State != iamscim.StateActive {
		names = append(names, fmt.Sprintf("State (%s)", got.State))
	}
	if got.DisplayName != r.DisplayName {
		names = append(names, "DisplayName")
	}
	if got.Description != r.Description {
		names = append(names, "Description")
	}
	if want := r.ClaimMapping.Map(); !maps.Equal(got.ClaimMapping, want) {
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if got.ClaimMapping[key] != want[key] {
				names = append(names, fmt.Sprintf("ClaimMapping (%s is %q, not %q)", key, got.ClaimMapping[key], want[key]))
			}
		}
		for _, key := range slices.Sorted(maps.Keys(got.ClaimMapping)) {
			if _, asked := want[key]; !asked {
				names = append(names, fmt.Sprintf("ClaimMapping (%s is %q, not asked for)", key, got.ClaimMapping[key]))
			}
		}
	}
	return strings.Join(names, ", ")
}

// applied reports whether the tenant got has everything the update sets.
func (r UpdateRequest) applied(got *Tenant) bool {
	return (r.DisplayName == nil || *r.DisplayName == got.DisplayName) &&
		(r.Description == nil || *r.Description == got.Description)
}

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
