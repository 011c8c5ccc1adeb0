package iamscim_test

import (
	"testing"

	"github.com/iamscim/iamscim"
)

func TestVendorString(t *testing.T) {
	t.Parallel()
	want := map[iamscim.Vendor]string{
		iamscim.VendorUnspecified: "unknown", "VENDOR_TYPE_UNSPECIFIED": "unknown", iamscim.VendorEntraID: "Microsoft Entra ID",
		iamscim.VendorOkta: "Okta", iamscim.VendorOneLogin: "OneLogin", iamscim.VendorGeneric: "generic", "NEWER": "NEWER",
	}
	for vendor, name := range want {
		if got := vendor.String(); got != name {
			t.Errorf("Vendor(%q).String() = %q, want %q", string(vendor), got, name)
		}
	}
}
