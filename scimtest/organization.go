package scimtest

import (
	"slices"
	"strings"
)

const organizationCreated = "2020-01-01T00:00:00.000Z"

// checkOrganization refuses a parent that is no organization of this server.
// A caller is not told whether it exists elsewhere.
func (s *Server) checkOrganization(parent, field string) *statusError {
	number, ok := strings.CutPrefix(parent, "organizations/")
	if !ok || number == "" || strings.Trim(number, "0123456789") != "" {
		return invalidField(field, "Invalid parent %q: must be organizations/{org-id}.", clipName(parent))
	}
	if !slices.Contains(s.cfg.organizations, number) {
		return denied("iam.workforcePools.create", parent)
	}
	return nil
}

// organization is the number in the path.
func (c *call) organization() (string, error) {
	number := c.vars["organization"]
	if !slices.Contains(c.cfg.organizations, number) {
		return "", denied(c.route.permission, "organizations/"+clipName(number))
	}
	return number, nil
}

func getOrganizationV1(c *call) (any, error) {
	number, err := c.organization()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"name":           "organizations/" + number,
		"displayName":    "example.com",
		"creationTime":   organizationCreated,
		"lifecycleState": active,
		"owner":          map[string]any{"directoryCustomerId": "C" + number[:min(8, len(number))]},
	}, nil
}

func getOrganizationV3(c *call) (any, error) {
	number, err := c.organization()
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"name":                "organizations/" + number,
		"displayName":         "example.com",
		"directoryCustomerId": "C" + number[:min(8, len(number))],
		"state":               active,
		"createTime":          organizationCreated,
		"updateTime":          organizationCreated,
		"etag":                `W/"` + number + `"`,
	}, nil
}
