package iamscim

// Vendor is an identity provider product, with the values of the vendorType field
// of [locations.workforcePools.providers]. A newer value of the service passes
// through unchanged.
//
// [locations.workforcePools.providers]: https://docs.cloud.google.com/iam/docs/reference/rest/v1/locations.workforcePools.providers
type Vendor string

// The vendors the API knows.
const (
	VendorUnspecified  Vendor = "" // the API's VENDOR_TYPE_UNSPECIFIED
	VendorEntraID      Vendor = "ENTRA_ID"
	VendorOkta         Vendor = "OKTA"
	VendorPingFederate Vendor = "PING_FEDERATE"
	VendorADFS         Vendor = "ADFS"
	VendorKeycloak     Vendor = "KEYCLOAK"
	VendorForgeRock    Vendor = "FORGE_ROCK"
	VendorJumpCloud    Vendor = "JUMP_CLOUD"
	VendorOneLogin     Vendor = "ONE_LOGIN"
	VendorGeneric      Vendor = "GENERIC" // another product
)

// productNames are the vendors' names as people write them.
var productNames = map[Vendor]string{
	VendorUnspecified: "unknown", "VENDOR_TYPE_UNSPECIFIED": "unknown",
	VendorEntraID: "Microsoft Entra ID", VendorOkta: "Okta", VendorPingFederate: "PingFederate", VendorADFS: "AD FS",
	VendorKeycloak: "Keycloak", VendorForgeRock: "ForgeRock", VendorJumpCloud: "JumpCloud", VendorOneLogin: "OneLogin",
	VendorGeneric: "generic",
}

// String returns the product's name as people write it, "unknown" for
// [VendorUnspecified] and the value itself for a newer one.
func (v Vendor) String() string {
	if name, ok := productNames[v]; ok {
		return name
	}
	return string(v)
}
