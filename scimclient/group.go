package scimclient

import (
	"bytes"
	"errors"
	"log/slog"
)

// Group is a group resource (RFC 7643 section 4.2). Like a [User], it keeps what has
// no field.
//
// Google's service returns groups without their members, so that an empty Members
// says nothing. Use [Groups.IsMember] or [Groups.GroupsOf].
type Group struct {
	Schemas     []string `json:"schemas,omitempty"`
	ID          string   `json:"id,omitempty"`
	ExternalID  string   `json:"externalId,omitempty"`
	DisplayName string   `json:"displayName,omitempty"` // unique in a tenant
	Members     []Member `json:"members,omitempty"`
	Meta        *Meta    `json:"meta,omitempty"`

	doc *document
}

// Member is a member of a group (RFC 7643 section 4.2).
type Member struct {
	Value   string `json:"value,omitempty"` // id of the user or group
	Ref     string `json:"$ref,omitempty"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"` // "User" or "Group"
}

// groupFields is Group without methods.
type groupFields Group

// UnmarshalJSON replaces g by the resource in data and keeps what has no
// field.
func (g *Group) UnmarshalJSON(data []byte) error {
	if g == nil {
		return errors.New("scimclient: the group is nil")
	}
	if string(bytes.TrimSpace(data)) == "null" {
		return nil // by convention
	}
	got, err := decodeGroup(bytes.Clone(data))
	if err != nil {
		return err
	}
	*g = *got
	return nil
}

// MarshalJSON returns g with everything that it was read with, except what was
// changed since.
func (g Group) MarshalJSON() ([]byte, error) {
	f := groupFields(g)
	return g.doc.encode(&f, new(groupFields))
}

// Extra is [User.Extra] for groups.
func (g *Group) Extra(name string, v any) (bool, error) {
	return g.document().extra(groupFields{}, name, v)
}

// document returns what g was read from, nil if it's nil or was never read.
func (g *Group) document() *document {
	if g == nil {
		return nil
	}
	return g.doc
}

// Altered is [User.Altered] for groups.
func (g *Group) Altered() []string { return g.document().alteredAttributes() }

// Unread is [User.Unread] for groups.
func (g *Group) Unread() []string { return g.document().unreadAttributes() }

// SetExtra is [User.SetExtra] for groups.
func (g *Group) SetExtra(name string, v any) error {
	if g == nil {
		return errors.New("scimclient: the group is nil")
	}
	doc, err := g.document().with(groupFields{}, name, v)
	if err != nil {
		return err
	}
	g.doc = doc
	if v != nil {
		g.Schemas = withSchema(g.Schemas, name, SchemaGroup)
	}
	return nil
}

// Version is [User.Version] for groups.
func (g *Group) Version() string {
	if g == nil {
		return ""
	}
	return g.doc.version(g.Meta)
}

// LogValue shows the id alone.
func (g Group) LogValue() slog.Value { return slog.StringValue("Group " + g.ID) }
