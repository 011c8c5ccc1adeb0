package idp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// decoder makes users, groups, memberships and leavers from rows. Its methods
// return every problem of a row.
type decoder struct {
	externalID string // the property of Microsoft Graph
}

func (f Files) decoder() decoder {
	if f.EntraExternalID == "" {
		return decoder{"id"}
	}
	return decoder{f.EntraExternalID}
}

func (d decoder) user(w *row, yield func(User) bool) []string {
	u, _, skip, problems := d.person(w, false)
	if problems == nil && !skip {
		yield(u)
	}
	return problems
}

func (d decoder) leaver(w *row, yield func(Leaver) bool) []string {
	u, gone, skip, problems := d.person(w, true)
	if problems == nil && !skip {
		yield(Leaver{User: u, Gone: gone})
	}
	return problems
}

// person decodes a user or a leaver. skip means that the row is neither.
func (d decoder) person(w *row, leaver bool) (u User, gone, skip bool, problems []string) {
	switch {
	case w.from == formatCSV || w.from == formatLines:
		u, gone, problems = flatUser(w, leaver)
	case w.from == formatArray:
		u, problems = oktaUser(w.text)
	case w.graph:
		u, skip, problems = d.graphUser(w.text)
	default:
		u, problems = scimUser(w.text)
	}
	if skip || problems != nil {
		return u, gone, skip, problems
	}
	if u.Key == "" {
		u.Key = u.UserName
	}
	if u.Key == "" {
		problems = append(problems, "has neither a key nor a userName")
	}
	values := []struct{ name, value string }{
		{"key", u.Key}, {"userName", u.UserName}, {"externalId", u.ExternalID}, {"displayName", u.DisplayName}, {"id", u.ID},
	}
	for _, email := range u.Emails {
		values = append(values, struct{ name, value string }{"email", email})
	}
	for name, value := range u.Attributes {
		values = append(values, struct{ name, value string }{name, value})
	}
	for _, v := range values {
		if text := valid(v.name, v.value); text != "" {
			problems = append(problems, text)
		}
	}
	return u, gone, false, problems
}

func (d decoder) group(w *row, yield func(Group) bool) []string {
	var g Group
	var problems []string
	skip := false
	switch {
	case w.from == formatCSV || w.from == formatLines:
		g, problems = flatGroup(w)
	case w.from == formatArray:
		g, problems = oktaGroup(w.text)
	case w.graph:
		g, skip, problems = graphGroup(w.text)
	default:
		g, problems = scimGroup(w.text)
	}
	if skip || problems != nil {
		return problems
	}
	if g.Key == "" {
		g.Key = g.DisplayName
	}
	if g.Key == "" {
		problems = append(problems, "has neither a key nor a displayName")
	}
	for _, v := range [][2]string{{"key", g.Key}, {"displayName", g.DisplayName}, {"externalId", g.ExternalID}, {"id", g.ID}} {
		if text := valid(v[0], v[1]); text != "" {
			problems = append(problems, text)
		}
	}
	if problems == nil {
		yield(g)
	}
	return problems
}

func (d decoder) membership(w *row, yield func(Membership) bool) []string {
	var list []Membership
	var problems []string
	switch {
	case w.from == formatCSV || w.from == formatLines:
		list, problems = flatMembership(w)
	case w.from == formatArray:
		list, problems = oktaMember(w)
	case w.graph:
		list, problems = graphMembers(w)
	default:
		list, problems = scimMembers(w.text)
	}
	for _, m := range list {
		switch {
		case m.Group == "":
			problems = append(problems, "a membership has no group")
		case m.User == "":
			problems = append(problems, "a membership has no user")
		default:
			for _, v := range [][2]string{{"group", m.Group}, {"user", m.User}} {
				if text := valid(v[0], v[1]); text != "" {
					problems = append(problems, text)
				}
			}
		}
		if len(problems) > 0 {
			return problems
		}
	}
	for _, m := range list {
		if !yield(m) {
			break
		}
	}
	return problems
}

// cellsOfJSON makes the cells of a line of JSON Lines.
func cellsOfJSON(text []byte) (map[string]string, []string) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, []string{"isn't a JSON object: " + clean(err)}
	}
	cells := make(map[string]string, len(object))
	var problems []string
	for name, value := range object {
		var s string
		var b bool
		switch {
		case !knownColumn(name):
			problems = append(problems, "an object has an unknown name: see the documentation of Files")
		case bytes.Equal(value, []byte("null")):
		case json.Unmarshal(value, &s) == nil:
			cells[name] = s
		case (name == "active" || name == "gone") && json.Unmarshal(value, &b) == nil:
			cells[name] = fmt.Sprint(b)
		default:
			problems = append(problems, name+" isn't a string")
		}
	}
	slices.Sort(problems)
	return cells, problems
}

// flat returns the cells of CSV or of JSON Lines.
func flat(w *row, kind string, columns ...string) (map[string]string, []string) {
	cells, problems := w.cells, []string(nil)
	if w.from == formatLines {
		cells, problems = cellsOfJSON(w.text)
	}
	for name := range cells {
		if slices.Contains(columns, name) || (kind == "user" || kind == "leaver") && KnownAttribute(name) {
			continue
		}
		problems = append(problems, fmt.Sprintf("a %s has no %s", kind, name))
	}
	slices.Sort(problems)
	return cells, problems
}

func flatUser(w *row, leaver bool) (u User, gone bool, problems []string) {
	kind, columns := "user", []string{"key", "userName", "externalId", "displayName", "email", "active", "id"}
	if leaver {
		kind, columns = "leaver", append(columns, "gone")
	}
	cells, problems := flat(w, kind, columns...)
	u = User{Key: cells["key"], UserName: cells["userName"], ExternalID: cells["externalId"], DisplayName: cells["displayName"], ID: cells["id"]}
	if email := cells["email"]; email != "" {
		u.Emails = []string{email}
	}
	for name, value := range cells {
		if KnownAttribute(name) {
			if u.Attributes == nil {
				u.Attributes = map[string]string{}
			}
			u.Attributes[name] = value
		}
	}
	active, text := boolean(cells, "active", true)
	u.Inactive = !active
	if text != "" {
		problems = append(problems, text)
	}
	if gone, text = boolean(cells, "gone", false); text != "" {
		problems = append(problems, text)
	}
	return u, gone, problems
}

func boolean(cells map[string]string, name string, absent bool) (bool, string) {
	switch strings.ToLower(strings.TrimSpace(cells[name])) {
	case "":
		return absent, ""
	case "true":
		return true, ""
	case "false":
		return false, ""
	}
	return absent, name + " is neither true nor false"
}

func flatGroup(w *row) (Group, []string) {
	cells, problems := flat(w, "group", "key", "displayName", "externalId", "id")
	return Group{Key: cells["key"], DisplayName: cells["displayName"], ExternalID: cells["externalId"], ID: cells["id"]}, problems
}

func flatMembership(w *row) ([]Membership, []string) {
	cells, problems := flat(w, "membership", "group", "user")
	return []Membership{{Group: cells["group"], User: cells["user"]}}, problems
}

// decode decodes JSON into v.
func decode(text []byte, v any) []string {
	if err := json.Unmarshal(text, v); err != nil {
		return []string{clean(err)}
	}
	return nil
}
