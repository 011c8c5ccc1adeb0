// Package scimtest is an in-memory Google Cloud for tests: the parts of IAM
// and Resource Manager that workforce pools, their providers, SCIM tenants and
// SCIM tokens need, and the tenants' SCIM service itself.
package scimtest
