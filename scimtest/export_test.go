package scimtest

import (
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/cloud"
)

// Choices are the values of every behavior, the default first.
func Choices() map[Behavior][]string {
	choices := map[Behavior][]string{}
	for id, options := range behavior.Options {
		switch id { // these have options of their own
		case behavior.MemberFilter, behavior.EmailRule, behavior.LegacyPatch, behavior.PatchReply, behavior.QuotaModel, behavior.QuotaRetryAfter, behavior.ETags:
			continue
		}
		choices[Behavior(id)] = options
	}
	return choices
}

// Permission is what a route needs.
func Permission(want Route) string {
	for _, r := range cloud.Routes() {
		if r.Method == want.Method && r.Path == want.Path {
			return r.Permission
		}
	}
	return ""
}

// Enums are the values of the enumerations, by message and field.
func Enums() map[string]map[string][]string { return cloud.Enums() }
