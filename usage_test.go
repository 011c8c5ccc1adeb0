package iamscim_test

import (
	"testing"

	"github.com/iamscim/iamscim"
)

func TestSCIMUsage(t *testing.T) {
	t.Parallel()
	const all = "SCIM_USAGE_UNSPECIFIED, ENABLED_FOR_GROUPS, ENABLED_FOR_USERS_GROUPS"
	tests := []struct {
		usage   iamscim.SCIMUsage
		enabled bool
		want    string // of the error; "" for a valid usage
	}{
		{iamscim.SCIMUsageNone, false, ""},
		{iamscim.SCIMUsageGroups, true, ""},
		{iamscim.SCIMUsageUsersAndGroups, true, ""},
		{"", false, "required: one of " + all},
		{"enabled-for-groups", true, `"enabled-for-groups" is none of ` + all},
		{"ENABLED_FOR_ROLES", true, `"ENABLED_FOR_ROLES" is none of ` + all},
	}
	for _, tt := range tests {
		if got := tt.usage.Enabled(); got != tt.enabled {
			t.Errorf("%q.Enabled() = %v, want %v", tt.usage, got, tt.enabled)
		}
		err := tt.usage.Validate()
		if (err == nil) != (tt.want == "") || err != nil && err.Error() != tt.want {
			t.Errorf("%q.Validate() = %v, want %q", tt.usage, err, tt.want)
		}
	}
}
