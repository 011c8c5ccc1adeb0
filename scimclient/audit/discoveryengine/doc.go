// Package discoveryengine asks Gemini Enterprise what it knows of a tenant's
// directory. It's a witness for package audit:
//
//	w, err := discoveryengine.New("projects/my-project/locations/global/collections/default_collection/engines/my-engine", googleClient)
//	...
//	result, err := audit.Run(ctx, client, roster, audit.Options{Mapping: mapping, Witness: w})
//
// The package sends two calls of the Discovery Engine API v1alpha as plain REST.
// The generated client of this API would add 22 MB to a program.
//
// Nothing here was tried against the live service. The calls are known from the
// API's discovery document of November 2026. Which permissions they need isn't
// documented.
//
// # Errors
//
// Errors wrap a sentinel of package iamscim where one fits, as
// [iamscim.ErrPermissionDenied]. The text doesn't have names.
//
// # Retries
//
// Calls are repeated under an [iamscim.RetryPolicy]. Neither call changes
// anything.
//
// # Concurrency
//
// A Client is safe for concurrent use.
package discoveryengine
