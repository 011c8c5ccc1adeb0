package scimclient

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"log/slog"

	"github.com/iamscim/iamscim"
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

// Groups is the /Groups endpoint of a tenant, a field of [Client]. It has no
// Replace, because the service has no PUT for groups.
type Groups struct{ s endpoint[Group] }

func newGroups(c *Client) *Groups {
	return &Groups{s: endpoint[Group]{
		c: c, kind: "Group", path: "/Groups", name: "displayName",
		head:   func(g *Group) head { return head{g.ID, g.DisplayName, g.ExternalID, g.doc} },
		decode: decodeGroup,
	}}
}

// endpoint returns what g is about. That of a zero Groups has no client.
func (g *Groups) endpoint() *endpoint[Group] {
	if g == nil {
		return new(Groups).endpoint()
	}
	if g.s.kind == "" {
		return &endpoint[Group]{kind: "Group"}
	}
	return &g.s
}

// Create creates a group and returns it as the server made it, with its id. It
// doesn't send ID and Meta. DisplayName is required, and unique in a tenant.
//
//	POST /Groups
//
// RFC 7644 section 3.3. Lost replies and conflicts are as for [Users.Create].
func (g *Groups) Create(ctx context.Context, group *Group) (*Group, error) {
	if group == nil {
		return nil, invalid("Groups.Create", "Group", "the group is nil")
	}
	v := *group
	v.ID, v.Meta = "", nil
	var err error
	if v.doc, err = v.doc.withoutUnread("id", "meta"); err != nil {
		return nil, invalid("Groups.Create", "Group", "%w", err)
	}
	if len(v.Schemas) == 0 {
		v.Schemas = []string{SchemaGroup}
	}
	body, err := v.MarshalJSON()
	if err != nil {
		return nil, invalid("Groups.Create", "Group", "%w", err)
	}
	return g.endpoint().create(ctx, v.DisplayName, body, iamscim.Secret{})
}

// Get returns the group with the id. Google's service returns it without its
// members: see [Group].
//
//	GET /Groups/ID
//
// RFC 7644 section 3.4.1.
func (g *Groups) Get(ctx context.Context, id string, opts ...ReadOption) (*Group, error) {
	return g.endpoint().get(ctx, "Groups.Get", id, 0, opts)
}

// Find returns the group with the displayName, in any case of letters, or
// [ErrNotFound]. On servers where display names aren't unique, the error may be
// [ErrNotUnique]. The rest is as for [Users.Find].
//
//	GET /Groups?filter=displayName eq "..."
//
// RFC 7644 section 3.4.2.2.
func (g *Groups) Find(ctx context.Context, displayName string, opts ...ReadOption) (*Group, error) {
	return g.endpoint().find(ctx, "Groups.Find", displayName, opts)
}

// List returns the groups that filter selects, as [Users.List] does users.
//
//	GET /Groups?filter=...&startIndex=1&count=100
//
// RFC 7644 section 3.4.2.
func (g *Groups) List(ctx context.Context, filter Filter, opts ...ReadOption) iter.Seq2[*Group, error] {
	return g.endpoint().list(ctx, "Groups.List", filter, opts)
}

// Patch changes single attributes of the group with the id. Use AddMembers and
// RemoveMembers for members.
//
//	PATCH /Groups/ID
//
// RFC 7644 section 3.5.2.
func (g *Groups) Patch(ctx context.Context, id string, patch *Patch, opts ...WriteOption) error {
	return g.endpoint().patch(ctx, "Groups.Patch", id, patch, opts)
}

// Delete deletes the group with the id, as [Users.Delete] does a user.
//
//	DELETE /Groups/ID
//
// RFC 7644 section 3.6.
func (g *Groups) Delete(ctx context.Context, id string, opts ...WriteOption) error {
	return g.endpoint().delete(ctx, id, opts)
}
