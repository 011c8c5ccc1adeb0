package idp

import (
	"encoding/json"
	"strings"
)

// graphObject is a directory object of Microsoft Graph.
type graphObject struct {
	Type    string          `json:"@odata.type"`
	Removed json.RawMessage `json:"@removed"` // in a delta query
	ID      string          `json:"id"`
}

// is reports whether the object is of a kind ("user") or doesn't say.
func (o graphObject) is(kind string) bool {
	return o.Removed == nil && (o.Type == "" || strings.EqualFold(o.Type, "#microsoft.graph."+kind))
}

// graphUser decodes a user. Attributes that provisioning jobs map freely are left
// out: https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
func (d decoder) graphUser(text []byte) (u User, skip bool, problems []string) {
	var g struct {
		graphObject
		UserPrincipalName string `json:"userPrincipalName"`
		Mail              string `json:"mail"`
		MailNickname      string `json:"mailNickname"`
		DisplayName       string `json:"displayName"`
		AccountEnabled    *bool  `json:"accountEnabled"`
	}
	if problems := decode(text, &g); problems != nil {
		return u, false, problems
	}
	if !g.is("user") {
		return u, true, nil
	}
	if g.AccountEnabled == nil {
		problems = append(problems, "has no accountEnabled: add it to $select")
	}
	if g.UserPrincipalName == "" {
		problems = append(problems, "has no userPrincipalName")
	}
	u = User{Key: g.ID, UserName: EntraUserName(g.UserPrincipalName), DisplayName: g.DisplayName, Inactive: g.AccountEnabled != nil && !*g.AccountEnabled}
	if g.Mail != "" {
		u.Emails = []string{g.Mail}
	}
	switch d.externalID {
	case "id":
		u.ExternalID = g.ID
	case "mailNickname":
		u.ExternalID = g.MailNickname
		if g.MailNickname == "" {
			problems = append(problems, "has no mailNickname: add it to $select")
		}
	}
	return u, false, problems
}

// graphGroup decodes a group. Entra ID maps externalId to the object ID.
func graphGroup(text []byte) (g Group, skip bool, problems []string) {
	var o struct {
		graphObject
		DisplayName string `json:"displayName"`
	}
	problems = decode(text, &o)
	return Group{Key: o.ID, DisplayName: o.DisplayName, ExternalID: o.ID}, !o.is("group"), problems
}

// graphMembers decodes a group with its members, or one member of the group that
// the file is named after. Only users count: provisioning doesn't read nested
// groups.
func graphMembers(w *row) ([]Membership, []string) {
	var o struct {
		graphObject
		Members []graphObject `json:"members"`
		Delta   []graphObject `json:"members@delta"`
		Next    string        `json:"members@odata.nextLink"`
	}
	if problems := decode(w.text, &o); problems != nil {
		return nil, problems
	}
	if o.Next != "" {
		return nil, []string{"has only the first members ($expand returns 20): export /groups/ID/members"}
	}
	if o.Removed != nil {
		return nil, nil
	}
	if o.Members == nil && o.Delta == nil {
		if strings.EqualFold(o.Type, "#microsoft.graph.group") || !o.is("user") {
			return nil, nil
		}
		return []Membership{{Group: w.group, User: o.ID}}, nil
	}
	var list []Membership
	for _, m := range append(o.Members, o.Delta...) {
		if m.is("user") {
			list = append(list, Membership{Group: o.ID, User: m.ID})
		}
	}
	return list, nil
}

// EntraUserName returns what Microsoft Entra ID pushes for a userPrincipalName. A
// guest has the name of the home directory again: ada_home.example#EXT#@tenant.example
// is pushed as ada@home.example.
//
// See https://learn.microsoft.com/entra/identity/app-provisioning/how-provisioning-works.
func EntraUserName(userPrincipalName string) string {
	home, _, guest := strings.Cut(userPrincipalName, "#EXT#")
	// A domain has no underscore, and a name may have some.
	if i := strings.LastIndexByte(home, '_'); guest && i > 0 {
		return home[:i] + "@" + home[i+1:]
	}
	return home
}
