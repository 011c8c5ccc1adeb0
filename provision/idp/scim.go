package idp

import (
	"encoding/json"
	"strings"
)

// scimUser decodes a user resource (RFC 7643 section 4.1). Its id is the key: it
// names the user in members.
func scimUser(text []byte) (User, []string) {
	var s struct {
		ID          string `json:"id"`
		ExternalID  string `json:"externalId"`
		UserName    string `json:"userName"`
		DisplayName string `json:"displayName"`
		Active      *bool  `json:"active"`
		Emails      []struct {
			Value string `json:"value"`
		} `json:"emails"`
	}
	var all map[string]json.RawMessage
	if problems := append(decode(text, &s), decode(text, &all)...); problems != nil {
		return User{}, problems[:1]
	}
	u := User{Key: s.ID, UserName: s.UserName, ExternalID: s.ExternalID, DisplayName: s.DisplayName, Inactive: s.Active != nil && !*s.Active}
	for _, email := range s.Emails {
		u.Emails = append(u.Emails, email.Value)
	}
	for _, path := range attributes {
		outer, inner, nested := strings.Cut(path, ".")
		if name, ok := strings.CutPrefix(path, enterprise); ok {
			outer, inner, nested = strings.TrimSuffix(enterprise, ":"), name, true
		}
		value, ok := all[outer]
		if nested && ok {
			var object map[string]json.RawMessage
			if json.Unmarshal(value, &object) != nil {
				return u, []string{outer + " isn't an object"}
			}
			value, ok = object[inner]
		}
		var s string
		switch {
		case !ok:
			continue
		case json.Unmarshal(value, &s) != nil:
			return u, []string{path + " isn't a string"}
		case s == "":
			continue
		}
		if u.Attributes == nil {
			u.Attributes = map[string]string{}
		}
		u.Attributes[path] = s
	}
	return u, nil
}

// scimGroup decodes a group resource (RFC 7643 section 4.2).
func scimGroup(text []byte) (Group, []string) {
	var s struct {
		ID          string `json:"id"`
		ExternalID  string `json:"externalId"`
		DisplayName string `json:"displayName"`
	}
	problems := decode(text, &s)
	return Group{Key: s.ID, DisplayName: s.DisplayName, ExternalID: s.ExternalID}, problems
}

// scimMembers decodes the members of a group resource. Members that are groups
// are left out.
func scimMembers(text []byte) ([]Membership, []string) {
	var s struct {
		ID      string `json:"id"`
		Members []struct {
			Value string `json:"value"`
			Type  string `json:"type"`
		} `json:"members"`
	}
	if problems := decode(text, &s); problems != nil {
		return nil, problems
	}
	var list []Membership
	for _, m := range s.Members {
		if !strings.EqualFold(m.Type, "Group") {
			list = append(list, Membership{Group: s.ID, User: m.Value})
		}
	}
	return list, nil
}
