package cloud

import (
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	cloudresourcemanager "google.golang.org/api/cloudresourcemanager/v1"
)

const organizationCreated = "2020-01-01T00:00:00.000Z"

// checkOrganization refuses a parent that is no organization of this server.
// A caller is not told whether it exists elsewhere.
func (s *Cloud) checkOrganization(parent, field string) *wire.Refusal {
	number, ok := strings.CutPrefix(parent, "organizations/")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return invalidField(behavior.PoolParent, field, "Invalid parent %q: must be organizations/{org-id}.", wire.Clip(parent))
	}
	if !slices.Contains(s.cfg.Organizations, number) {
		return denied(behavior.PoolParent, "iam.workforcePools.create", parent)
	}
	return nil
}

// organization is the number in the path.
func (c *call) organization() (string, error) {
	number := c.vars["organization"]
	if !slices.Contains(c.cfg.Organizations, number) {
		return "", denied(behavior.Organizations, c.route.Permission, "organizations/"+wire.Clip(number))
	}
	return number, nil
}

func getOrganizationV1(c *call) (any, error) {
	number, err := c.organization()
	if err != nil {
		return nil, err
	}
	return organizationV1(number), nil
}

func getOrganizationV3(c *call) (any, error) {
	number, err := c.organization()
	if err != nil {
		return nil, err
	}
	return organizationV3(number), nil
}

// organizationDomain is the domain of every organization.
const organizationDomain = "example.com"

func customerID(number string) string { return "C" + number[:min(8, len(number))] }

func organizationV1(number string) map[string]any {
	return map[string]any{
		"name":           "organizations/" + number,
		"displayName":    organizationDomain,
		"creationTime":   organizationCreated,
		"lifecycleState": active,
		"owner":          map[string]any{"directoryCustomerId": customerID(number)},
	}
}

func organizationV3(number string) map[string]any {
	return map[string]any{
		"name":                "organizations/" + number,
		"displayName":         organizationDomain,
		"directoryCustomerId": customerID(number),
		"state":               active,
		"createTime":          organizationCreated,
		"updateTime":          organizationCreated,
		"etag":                `W/"` + number + `"`,
	}
}

func searchOrganizationsV1(c *call) (any, error) {
	request, bad := decode[cloudresourcemanager.SearchOrganizationsRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	return c.searchOrganizations(request.Filter, organizationV1)
}

func searchOrganizationsV3(c *call) (any, error) {
	return c.searchOrganizations(c.param("query"), organizationV3)
}

// searchOrganizations lists the organizations that the caller may get and that the query names:
// "domain:example.com" or "directoryCustomerId:C12345678", in any case.
func (c *call) searchOrganizations(query string, show func(string) map[string]any) (any, error) {
	field, value, ok := strings.Cut(strings.ToLower(strings.TrimSpace(query)), ":")
	if query != "" && (!ok || !slices.Contains([]string{"domain", "directorycustomerid", "owner.directorycustomerid"}, field)) {
		return nil, invalidField(behavior.OrganizationList, "query", "Invalid query %q: must be domain:DOMAIN or directoryCustomerId:ID.", wire.Clip(query))
	}
	var found []any
	for _, number := range c.cfg.Organizations {
		domain := field != "domain" || value == organizationDomain
		customer := !strings.HasSuffix(field, "customerid") || value == strings.ToLower(customerID(number))
		if domain && customer && !c.cfg.Denied["resourcemanager.organizations.get"] {
			found = append(found, show(number))
		}
	}
	if found == nil {
		return map[string]any{}, nil
	}
	return map[string]any{"organizations": found}, nil
}
