package scimtenant_test

import (
	"encoding/json"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/scimtenant"
)

// TestRequestsAreEncoded shows that a request that finishes a replacement can be
// stored, with its claim mapping, and read back.
func TestRequestsAreEncoded(t *testing.T) {
	t.Parallel()
	name, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/tenant-a")
	if err != nil {
		t.Fatal(err)
	}
	create := scimtenant.CreateRequest{Name: name, ClaimMapping: claimmap.Recommended(claimmap.Okta), Usage: iamscim.SCIMUsageGroups}
	replace := scimtenant.ReplaceRequest{ClaimMapping: claimmap.Recommended(claimmap.EntraID), Usage: iamscim.SCIMUsageGroups, AcceptNewBaseURI: true}
	text, err := json.Marshal([]any{create, replace})
	if err != nil {
		t.Fatal(err)
	}
	var gotCreate scimtenant.CreateRequest
	var gotReplace scimtenant.ReplaceRequest
	if err := json.Unmarshal(text, &[]any{&gotCreate, &gotReplace}); err != nil {
		t.Fatalf("json.Unmarshal(%s) = %v", text, err)
	}
	if gotCreate.Name != name || !gotCreate.ClaimMapping.Equal(create.ClaimMapping) || !gotReplace.ClaimMapping.Equal(replace.ClaimMapping) || !gotReplace.AcceptNewBaseURI {
		t.Errorf("%s is read back as %+v and %+v", text, gotCreate, gotReplace)
	}
}
