package scimclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
)

// Users is the /Users endpoint of a tenant, a field of [Client].
type Users struct{ s endpoint[User] }

func newUsers(c *Client) *Users {
	return &Users{endpoint[User]{
		c: c, kind: "User", path: "/Users", name: "userName",
		head:   func(u *User) head { return head{u.ID, u.UserName, u.ExternalID, u.doc} },
		decode: decodeUser,
	}}
}

// endpoint returns what u is about. That of a zero Users has no client.
func (u *Users) endpoint() *endpoint[User] {
	if u == nil {
		return new(Users).endpoint()
	}
	if u.s.kind == "" {
		return &endpoint[User]{kind: "User"}
	}
	return &u.s
}

// Create creates a user and returns it as the server made it, with its id. It
// doesn't send ID, Meta and Groups. UserName is required. If the server made other
// values than were sent, [User.Altered] names them.
//
//	POST /Users
//
// RFC 7644 section 3.3. If the reply is lost, the client looks for the user by
// UserName, and takes it for the one if it has everything that was sent. If that
// settles nothing, the error is [iamscim.ErrOutcomeUnknown]. If a value is taken,
// the error is [ErrConflict], and its Conflict says by which user.
func (u *Users) Create(ctx context.Context, user *User) (*User, error) {
	if user == nil {
		return nil, invalid("Users.Create", "User", "the user is nil")
	}
	v := *user
	v.ID = ""
	body, err := v.body()
	if err != nil {
		return nil, invalid("Users.Create", "User", "%w", err)
	}
	return u.endpoint().create(ctx, v.UserName, body, user.Password)
}

// Get returns the user with the id.
//
//	GET /Users/ID
//
// RFC 7644 section 3.4.1.
func (u *Users) Get(ctx context.Context, id string, opts ...ReadOption) (*User, error) {
	return u.endpoint().get(ctx, "Users.Get", id, 0, opts)
}

// Find returns the user with the userName, in any case of letters, or
// [ErrNotFound].
//
//	GET /Users?filter=userName eq "..."
//	GET /Users?count=1
//
// RFC 7644 section 3.4.2.2. The second request is sent once for each client: it
// verifies the first "not found" with a user that Find must find. If it doesn't, the
// server may not know the filter, and the error is [ErrUnproven].
func (u *Users) Find(ctx context.Context, userName string, opts ...ReadOption) (*User, error) {
	return u.endpoint().find(ctx, "Users.Find", userName, opts)
}

// List returns the users that filter selects. The zero Filter selects all.
//
//	GET /Users?filter=...&startIndex=1&count=100
//	GET /ServiceProviderConfig
//
// RFC 7644 section 3.4.2. Google's service returns at most 100 users, and there is
// no way to the others. If users may be missing, the last element is
// [ErrTruncated]. Lists of servers that page by startIndex are read to the end. The
// second request is sent once for each client, after a page that isn't full: see
// Other servers in the package comment.
//
// List sends nothing before the first use. Each use lists anew. An error is the last
// element.
func (u *Users) List(ctx context.Context, filter Filter, opts ...ReadOption) iter.Seq2[*User, error] {
	return u.endpoint().list(ctx, "Users.List", filter, opts)
}

// Replace replaces the user that has user.ID, and returns it as the server made it.
// It doesn't send Meta and Groups. Empty fields are cleared. A user that was read
// with [Attributes] is refused: [ErrPartial].
//
//	PUT /Users/ID
//
// RFC 7644 section 3.5.1. To change a user, get it, modify it, and replace it. Use
// [IfMatch] if the server has versions.
func (u *Users) Replace(ctx context.Context, user *User, opts ...WriteOption) (*User, error) {
	if user == nil {
		return nil, invalid("Users.Replace", "User", "the user is nil")
	}
	if user.doc != nil && user.doc.partial {
		return nil, &Error{
			Op: "scimclient: Users.Replace", Resource: u.endpoint().resource(user.ID), Kind: ErrPartial,
			Remedy: "get it without Attributes and ExcludedAttributes, or use Patch",
		}
	}
	body, err := user.body()
	if err != nil {
		return nil, invalid("Users.Replace", u.endpoint().resource(user.ID), "%w", err)
	}
	return u.endpoint().replace(ctx, user.ID, body, user.Password, opts)
}

// Patch changes single attributes of the user with the id. Servers answer by 204, or
// by 200 with the user. Get the user to see it.
//
//	PATCH /Users/ID
//
// RFC 7644 section 3.5.2.
func (u *Users) Patch(ctx context.Context, id string, patch *Patch, opts ...WriteOption) error {
	return u.endpoint().patch(ctx, "Users.Patch", id, patch, opts)
}

// Deactivate sets active to false. Identity providers do so to end a person's access
// before they delete the user. Sessions may last until they expire.
//
//	PATCH /Users/ID
func (u *Users) Deactivate(ctx context.Context, id string, opts ...WriteOption) error {
	return u.endpoint().patch(ctx, "Users.Deactivate", id, new(Patch).Deactivate(), opts)
}

// Delete deletes the user with the id. If the user is already gone, the error is
// [ErrNotFound], unless an earlier attempt of this call may have deleted it.
//
//	DELETE /Users/ID
//
// RFC 7644 section 3.6.
func (u *Users) Delete(ctx context.Context, id string, opts ...WriteOption) error {
	return u.endpoint().delete(ctx, id, opts)
}

// body is the JSON to create or replace a user with. u is changed.
func (u User) body() ([]byte, error) {
	u.Meta, u.Groups = nil, nil
	var err error
	if u.doc, err = u.doc.withoutUnread("meta", "groups"); err != nil {
		return nil, err
	}
	if len(u.Schemas) == 0 {
		u.Schemas = []string{SchemaUser}
	}
	if u.Enterprise != nil {
		u.Schemas = withSchema(u.Schemas, SchemaEnterpriseUser, SchemaUser)
	}
	body, err := u.MarshalJSON()
	if err != nil || u.Password.IsZero() {
		return body, err
	}
	password, err := json.Marshal(u.Password.Reveal())
	if err != nil {
		return nil, errors.New("the password cannot be encoded")
	}
	body = bytes.TrimSuffix(body, []byte("}"))
	return append(append(append(body, `,"password":`...), password...), '}'), nil
}
