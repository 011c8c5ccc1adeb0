package cloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

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

const (
	maxCustomClaims = 50
	maxClaimRule    = 256
)

// openKeys take expressions beyond the table (Looker): the fake does not
// evaluate them and only checks their form, which is inferred.
var openKeys = []string{"google.display_name", "google.profile_photo", "google.email", "google.posix_username"}

func checkClaimMapping(check *fieldChecks, field string, mapping map[string]string, groupOptional bool) {
	if len(mapping) == 0 {
		check.add(field, "claim_mapping is required.")
		return
	}
	if mapping["google.subject"] == "" {
		check.add(field, "claim_mapping must map google.subject.")
	}
	if _, ok := mapping["google.group"]; !ok && !groupOptional {
		check.add(field, "claim_mapping must map google.group.")
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
		case customAttribute.MatchString(key) && len(key) <= 100:
			custom++
		default:
			check.add(field, fmt.Sprintf("Invalid claim mapping key: %s.", wire.Clip(key)))
			continue
		}
		switch {
		case strings.TrimSpace(expression) == "":
			check.add(field, fmt.Sprintf("The expression for %s is empty.", wire.Clip(key)))
		case utf8.RuneCountInString(expression) > maxClaimRule:
			check.add(field, fmt.Sprintf("The expression for %s must be less than or equal to %d characters.", wire.Clip(key), maxClaimRule))
		case !balanced(expression):
			check.add(field, fmt.Sprintf("The expression for %s does not parse.", wire.Clip(key)))
		}
	}
	if custom > maxCustomClaims {
		check.add(field, fmt.Sprintf("At most %d custom attributes can be mapped, got %d.", maxCustomClaims, custom))
	}
}

func checkClosedRule(check *fieldChecks, field, key, expression string) {
	for _, s := range SupportedExpressions() {
		if s.Key == key && s.Expression == expression {
			return
		}
	}
	check.add(field, fmt.Sprintf("Unsupported expression for %s: %s.", key, wire.Clip(expression)))
}

// balanced reports whether brackets and quotes close in order.
func balanced(s string) bool {
	var open []byte
	closes := map[byte]byte{'(': ')', '[': ']', '{': '}'}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '\'', '"':
			end := i + 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(s) {
				return false
			}
			i = end
		case '(', '[', '{':
			open = append(open, closes[c])
		case ')', ']', '}':
			if len(open) == 0 || open[len(open)-1] != c {
				return false
			}
			open = open[:len(open)-1]
		}
	}
	return len(open) == 0
}
