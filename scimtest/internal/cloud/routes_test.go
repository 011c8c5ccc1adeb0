package cloud

import (
	"net/http/httptest"
	"testing"
)

// TestStartsOperation: writes of pools, providers, keys and subjects reply with an
// operation. Those of tenants, tokens and policies don't.
func TestStartsOperation(t *testing.T) {
	t.Parallel()
	const pool = "/v1/locations/global/workforcePools/p"
	for _, tt := range []struct {
		method, path string
		want         bool
	}{
		{"PATCH", pool + "/providers/x", true},
		{"POST", pool + "/providers", true},
		{"POST", pool + "/providers/x:undelete", true},
		{"DELETE", pool + "/providers/x", true},
		{"DELETE", pool + "/subjects/ada", true},
		{"GET", pool + "/providers/x", false},
		{"POST", pool + ":testIamPermissions", false},
		{"POST", pool + "/providers/x/scimTenants", false},
		{"PATCH", pool + "/providers/x/scimTenants/t", false},
		{"DELETE", pool + "/providers/x/scimTenants/t", false},
		{"POST", pool + "/providers/x/scimTenants/t:undelete", false},
		{"POST", pool + "/providers/x/scimTenants/t:setIamPolicy", false},
		{"POST", pool + "/providers/x/scimTenants/t/tokens", false},
		{"DELETE", pool + "/providers/x/scimTenants/t/tokens/k", false},
		{"POST", "/v3/organizations/1:setIamPolicy", false},
		{"POST", "/nowhere", false},
	} {
		if got := StartsOperation(httptest.NewRequest(tt.method, tt.path, nil)); got != tt.want {
			t.Errorf("StartsOperation(%s %s) = %t, want %t", tt.method, tt.path, got, tt.want)
		}
	}
}
