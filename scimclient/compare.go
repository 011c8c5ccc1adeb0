package scimclient

import (
	"encoding/json"
	"sort"
	"strings"
)

// differences returns the names of the attributes of the resource want that
// the resource have does not carry with the same value. Attributes that the service
// never returns do not count, nor those that say how the rest is written. What is the
// server's to set isn't sent.
func differences(want, have []byte) ([]string, error) {
	var w, h map[string]any
	if err := json.Unmarshal(want, &w); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(have, &h); err != nil {
		return nil, err
	}
	var names []string
	for name, value := range w {
		switch strings.ToLower(name) {
		case "schemas", "password", "members":
			continue
		}
		if !carries(lookup(h, name), value, name) {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names, nil
}

// carries reports whether have has all that want has; name is the attribute
// both are of. What is unassigned in want asks for nothing (RFC 7643 section
// 2.5), and the order of lists has no meaning.
func carries(have, want any, name string) bool {
	switch want := want.(type) {
	case nil:
		return true
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return len(want) == 0
		}
		for k, v := range want {
			if !serversOwn(name, k) && !carries(lookup(have, k), v, name+"."+k) {
				return false
			}
		}
		return true
	case []any:
		list, _ := have.([]any)
		for _, w := range want {
			found := false
			for _, h := range list {
				found = found || carries(h, w, name)
			}
			if !found {
				return false
			}
		}
		return true
	case bool:
		if have == nil && strings.HasSuffix(strings.ToLower(name), ".primary") {
			return !want
		}
	case string:
		if h, ok := have.(string); ok && !caseCounts(name) {
			return strings.EqualFold(h, want)
		}
	}
	return have == want
}

// serversOwn reports sub-attributes that servers fill in or leave out as they
// like: references are derived, and a manager's displayName is read-only (RFC
// 7643 section 8.7.1).
func serversOwn(attribute, sub string) bool {
	return sub == "$ref" || strings.EqualFold(sub, "displayName") && strings.HasSuffix(strings.ToLower(attribute), "manager")
}

// caseCounts is false for the two attributes that name a person and that RFC
// 7643 section 8.7.1 declares not to be caseExact.
func caseCounts(name string) bool {
	switch strings.ToLower(name) {
	case "username", "emails.value":
		return false
	}
	return true
}
