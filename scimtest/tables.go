package scimtest

import (
	"github.com/iamscim/iamscim/scimtest/internal/cloud"
)

// A Route is one method of the control plane that the fake answers.
type Route struct {
	// Method is the HTTP verb.
	Method string
	// Path is the template, as "v1/locations/{location}/workforcePools/{pool}:undelete".
	Path string
	// ID is the method's id in the API's discovery document, as
	// "iam.locations.workforcePools.undelete".
	ID string
}

// Routes lists every control-plane method the fake answers, in the order of
// the API's reference. The SCIM service has no such table: see
// https://datatracker.ietf.org/doc/html/rfc7644#section-3.2.
func Routes() []Route {
	var list []Route
	for _, r := range cloud.Routes() {
		list = append(list, Route{Method: r.Method, Path: r.Path, ID: r.ID})
	}
	return list
}

// SupportedExpression is one expression that a claim mapping may have for a
// key, and the page that says so.
type SupportedExpression struct {
	Key        string // "google.subject"
	Expression string // "user.emails[0].value.lowerAscii()"
	Source     string
}

// SupportedExpressions lists what the fake accepts for google.subject and
// google.group, for which the documented set is closed. Only this spelling is
// accepted. It is the fake's own reading of the pages, kept apart from
// package claimmap's so that a test can hold one against the other.
func SupportedExpressions() []SupportedExpression {
	var list []SupportedExpression
	for _, e := range cloud.SupportedExpressions() {
		list = append(list, SupportedExpression(e))
	}
	return list
}
