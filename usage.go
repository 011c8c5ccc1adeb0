package iamscim

import "fmt"

// SCIMUsage says what a workforce pool provider takes from the data its
// SCIM tenant holds. It is the scimUsage field of
// [locations.workforcePools.providers], and it decides how a tenant's claim
// mapping is validated: only [SCIMUsageUsersAndGroups] evaluates keys other
// than google.subject and google.group.
//
// The zero value is no usage at all and is refused wherever one is required:
// say [SCIMUsageNone] to mean none.
//
// [locations.workforcePools.providers]: https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
type SCIMUsage string

const (
	// SCIMUsageNone leaves SCIM data unused. A provider that never had a
	// usage set is read back as this.
	SCIMUsageNone SCIMUsage = "SCIM_USAGE_UNSPECIFIED"

	// SCIMUsageGroups takes group memberships from SCIM and ignores the
	// provider's google.groups mapping (Gemini Enterprise).
	SCIMUsageGroups SCIMUsage = "ENABLED_FOR_GROUPS"

	// SCIMUsageUsersAndGroups takes user claims and group memberships from
	// SCIM (Looker, preview).
	SCIMUsageUsersAndGroups SCIMUsage = "ENABLED_FOR_USERS_GROUPS"
)

// Enabled reports whether SCIM data is used at all. A newer usage of the service,
// which this package doesn't know, counts as one that does.
func (u SCIMUsage) Enabled() bool { return u != SCIMUsageNone && u != "" }

// Validate returns nil for the three usages and an error that lists them for
// every other value, the zero value included.
func (u SCIMUsage) Validate() error {
	switch u {
	case SCIMUsageNone, SCIMUsageGroups, SCIMUsageUsersAndGroups:
		return nil
	case "":
		return fmt.Errorf("required: one of %s, %s, %s", SCIMUsageNone, SCIMUsageGroups, SCIMUsageUsersAndGroups)
	}
	return fmt.Errorf("%q is none of %s, %s, %s", string(u), SCIMUsageNone, SCIMUsageGroups, SCIMUsageUsersAndGroups)
}
