package iamscim

// ListOptions narrow or widen a listing of providers, tenants or tokens. The
// zero value lists active resources only.
type ListOptions struct {
	// ShowDeleted includes soft-deleted resources.
	ShowDeleted bool
}
