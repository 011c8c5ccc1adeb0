package cloud

import (
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
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
