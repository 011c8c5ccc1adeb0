package cloud

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// SupportedExpression is one expression that a claim mapping may have for a
// key, and the page that says so.
type SupportedExpression struct {
	Key        string // "google.subject"
	Expression string // "user.emails[0].value.lowerAscii()"
	Source     string
}

const (
	scimPage  = "https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim"
	entraPage = "https://docs.cloud.google.com/iam/docs/configure-scim-ms-entra"
	oktaPage  = "https://docs.cloud.google.com/iam/docs/configure-scim-okta"
)

// SupportedExpressions lists what the fake accepts for google.subject and
// google.group, for which the documented set is closed. Only this spelling is
// accepted. It is the fake's own reading of the pages, kept apart from
// package claimmap's so that a test can hold one against the other.
func SupportedExpressions() []SupportedExpression {
	return []SupportedExpression{
		{"google.subject", "user.externalId", scimPage},
		{"google.subject", "user.externalId.lowerAscii()", scimPage},
		{"google.subject", "user.userName", scimPage},
		{"google.subject", "user.userName.lowerAscii()", scimPage},
		{"google.subject", "user.emails[0].value", scimPage},
		{"google.subject", "user.emails[0].value.lowerAscii()", entraPage},
		{"google.group", "group.externalId", entraPage},
		{"google.group", "group.externalId.lowerAscii()", scimPage},
		{"google.group", "group.displayName", oktaPage},
		{"google.group", "group.displayName.lowerAscii()", scimPage},
	}
}

const maxClaimRule = 256 // characters

// openKeys take expressions beyond the table (Looker).
var openKeys = []string{"google.display_name", "google.profile_photo", "google.email", "google.posix_username"}

func checkClaimMapping(check *fieldChecks, field string, mapping map[string]string, groupOptional bool) {
	if len(mapping) == 0 {
		check.add(behavior.ClaimMapping, field, "claim_mapping is required.")
		return
	}
	if mapping["google.subject"] == "" {
		check.add(behavior.ClaimMapping, field, "claim_mapping must map google.subject.")
	}
	if _, ok := mapping["google.group"]; !ok && !groupOptional {
		check.add(behavior.MissingGroupRule, field, "claim_mapping must map google.group.")
	}
	custom := 0
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		expression := mapping[key]
		switch {
		case key == "google.subject" || key == "google.group":
			if expression != "" || key == "google.group" {
				checkClosedRule(check, field, key, expression)
			}
			continue
		case slices.Contains(openKeys, key):
		case customAttribute.MatchString(key) && len(key) <= maxKey:
			custom++
		default:
			check.add(behavior.OpenRules, field, "Invalid claim mapping key: %s.", wire.Clip(key))
			continue
		}
		switch {
		case strings.TrimSpace(expression) == "":
			check.add(behavior.OpenRuleForm, field, "The expression for %s is empty.", wire.Clip(key))
		case utf8.RuneCountInString(expression) > maxClaimRule:
			check.add(behavior.OpenRules, field, "The expression for %s must be less than or equal to %d characters.", wire.Clip(key), maxClaimRule)
		default:
			if err := textCEL(claimEnv(), expression, false); err != nil {
				check.add(behavior.OpenRuleForm, field, "The expression for %s is not valid: %v", wire.Clip(key), err)
			}
		}
	}
	if custom > maxCustom {
		check.add(behavior.OpenRules, field, "At most %d custom attributes can be mapped, got %d.", maxCustom, custom)
	}
}

func checkClosedRule(check *fieldChecks, field, key, expression string) {
	for _, s := range SupportedExpressions() {
		if s.Key == key && s.Expression == expression {
			return
		}
	}
	check.add(behavior.ClaimMapping, field, "Unsupported expression for %s: %s.", key, wire.Clip(expression))
}
