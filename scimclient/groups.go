package scimclient

import (
	"context"
	"iter"

	"github.com/iamscim/iamscim"
)

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
