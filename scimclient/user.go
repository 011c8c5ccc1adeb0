package scimclient

import (
	"bytes"
	"errors"
	"log/slog"

	"github.com/iamscim/iamscim"
)

// The schemas of RFC 7643 that resources of this package follow.
const (
	SchemaUser           = "urn:ietf:params:scim:schemas:core:2.0:User"
	SchemaGroup          = "urn:ietf:params:scim:schemas:core:2.0:Group"
	SchemaEnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// User is a user resource (RFC 7643 section 4.1) with the enterprise extension
// (section 4.3). An empty field is an unassigned attribute, which is equal to null
// and to an empty list (section 2.5).
//
// A user from a server keeps the attributes that this type has no field for: at the
// top level, in extensions, in complex attributes and in the elements of lists.
// [Users.Replace] sends them back, so that get, modify, replace loses nothing. If
// you edit an element in place, its unknown attributes are kept. If you also remove
// elements, the client matches the rest by Value, then by Type, then by position.
// [User.Extra] and [User.SetExtra] read and write what has no field.
//
// Google's service accepts less than RFC 7643 has: no password, no groups, and
// exactly one e-mail address, of type "work". The value that google.subject is
// mapped from can't be empty, and can't be changed.
type User struct {
	Schemas           []string        `json:"schemas,omitempty"`
	ID                string          `json:"id,omitempty"`
	ExternalID        string          `json:"externalId,omitempty"`
	UserName          string          `json:"userName,omitempty"`
	Name              *Name           `json:"name,omitempty"`
	DisplayName       string          `json:"displayName,omitempty"`
	NickName          string          `json:"nickName,omitempty"`
	ProfileURL        string          `json:"profileUrl,omitempty"`
	Title             string          `json:"title,omitempty"`
	UserType          string          `json:"userType,omitempty"`
	PreferredLanguage string          `json:"preferredLanguage,omitempty"`
	Locale            string          `json:"locale,omitempty"`
	Timezone          string          `json:"timezone,omitempty"`
	Active            *bool           `json:"active,omitempty"` // new(false) is sent; nil is not
	Emails            []MultiValue    `json:"emails,omitempty"`
	PhoneNumbers      []MultiValue    `json:"phoneNumbers,omitempty"`
	IMs               []MultiValue    `json:"ims,omitempty"`
	Photos            []MultiValue    `json:"photos,omitempty"`
	Addresses         []Address       `json:"addresses,omitempty"`
	Groups            []GroupRef      `json:"groups,omitempty"` // read-only, and never filled by the service
	Entitlements      []MultiValue    `json:"entitlements,omitempty"`
	Roles             []MultiValue    `json:"roles,omitempty"`
	X509Certificates  []MultiValue    `json:"x509Certificates,omitempty"` // Value is base64 of DER
	Enterprise        *EnterpriseUser `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,omitempty"`
	Meta              *Meta           `json:"meta,omitempty"`

	// Password is sent by Create and Replace. Google's service doesn't accept it.
	// It's never filled, kept or printed.
	Password iamscim.Secret `json:"-"`

	doc *document
}

// Name is the components of a user's name (RFC 7643 section 4.1.1).
type Name struct {
	Formatted       string `json:"formatted,omitempty"`
	FamilyName      string `json:"familyName,omitempty"`
	GivenName       string `json:"givenName,omitempty"`
	MiddleName      string `json:"middleName,omitempty"`
	HonorificPrefix string `json:"honorificPrefix,omitempty"`
	HonorificSuffix string `json:"honorificSuffix,omitempty"`
}

// TypeWork is the type of the one e-mail address the service accepts.
const TypeWork = "work"

// MultiValue is one element of a multi-valued attribute with the default
// sub-attributes (RFC 7643 section 2.4): an e-mail address, a phone number, an
// instant messaging address, a photo, an entitlement, a role, a certificate.
type MultiValue struct {
	Value   string `json:"value,omitempty"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"` // at most one of a list; absent is false
	Ref     string `json:"$ref,omitempty"`
}

// Address is a physical mailing address (RFC 7643 section 4.1.2).
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"streetAddress,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postalCode,omitempty"`
	Country       string `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Type          string `json:"type,omitempty"`
	Primary       bool   `json:"primary,omitempty"`
}

// GroupRef is a group a user belongs to (RFC 7643 section 4.1.2, groups).
type GroupRef struct {
	Value   string `json:"value,omitempty"` // id of the group
	Ref     string `json:"$ref,omitempty"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"` // "direct" or "indirect"
}

// EnterpriseUser is the enterprise extension (RFC 7643 section 4.3).
type EnterpriseUser struct {
	EmployeeNumber string   `json:"employeeNumber,omitempty"`
	CostCenter     string   `json:"costCenter,omitempty"`
	Organization   string   `json:"organization,omitempty"`
	Division       string   `json:"division,omitempty"`
	Department     string   `json:"department,omitempty"`
	Manager        *Manager `json:"manager,omitempty"`
}

// Manager is a user's manager (RFC 7643 section 4.3).
type Manager struct {
	Value       string `json:"value,omitempty"` // id of the manager's user
	Ref         string `json:"$ref,omitempty"`
	DisplayName string `json:"displayName,omitempty"` // read-only
}

// Meta is what the server says about a resource (RFC 7643 section 3.1). It's
// read-only. The times are as the server wrote them. By RFC 7643 section 2.3.5 they
// are an xsd:dateTime; another form must not make the resource unreadable.
type Meta struct {
	ResourceType string `json:"resourceType,omitempty"`
	Created      string `json:"created,omitempty"`
	LastModified string `json:"lastModified,omitempty"`
	Location     string `json:"location,omitempty"`
	Version      string `json:"version,omitempty"` // an entity tag, for [IfMatch]
}

// userFields is User without methods.
type userFields User

// UnmarshalJSON replaces u by the resource in data and keeps what has no
// field. A password is dropped.
func (u *User) UnmarshalJSON(data []byte) error {
	if u == nil {
		return errors.New("scimclient: the user is nil")
	}
	if string(bytes.TrimSpace(data)) == "null" {
		return nil // by convention
	}
	got, err := decodeUser(bytes.Clone(data))
	if err != nil {
		return err
	}
	*u = *got
	return nil
}

// MarshalJSON returns u with everything that it was read with, except what was
// changed since. It never has the password.
func (u User) MarshalJSON() ([]byte, error) {
	f := userFields(u)
	return u.doc.encode(&f, new(userFields))
}

// Extra decodes an attribute that has no field into v, and reports whether the user
// has it. The name of an extension is its schema URN. Case doesn't matter in names
// (RFC 7643 section 2.1). Extra also decodes what [User.Unread] names.
func (u *User) Extra(name string, v any) (bool, error) {
	return u.document().extra(userFields{}, name, v)
}

// document returns what u was read from, nil if it's nil or was never read.
func (u *User) document() *document {
	if u == nil {
		return nil
	}
	return u.doc
}

// Altered returns the attributes that [Users.Create] or [Users.Replace] sent and
// that the server made otherwise, as "userName", which a server may trim, or an
// attribute that it doesn't support.
func (u *User) Altered() []string { return u.document().alteredAttributes() }

// Unread returns the attributes that couldn't be read into a field, because
// their JSON type isn't that of RFC 7643, as "photos" or "emails[0].primary".
// Their fields are empty; [User.Extra] reads them, and [Users.Replace] sends them
// back as they are unless the field is set.
func (u *User) Unread() []string { return u.document().unreadAttributes() }

// SetExtra sets an attribute that has no field to the JSON of v, or removes it if
// v is nil. It adds a schema URN to Schemas.
func (u *User) SetExtra(name string, v any) error {
	if u == nil {
		return errors.New("scimclient: the user is nil")
	}
	doc, err := u.document().with(userFields{}, name, v)
	if err != nil {
		return err
	}
	u.doc = doc
	if v != nil {
		u.Schemas = withSchema(u.Schemas, name, SchemaUser)
	}
	return nil
}

// Version returns the entity tag for [IfMatch]: meta.version, else the ETag header
// of the reply if the server declares etag in the configuration that
// [Client.ServiceProviderConfig] has read, else "".
func (u *User) Version() string {
	if u == nil {
		return ""
	}
	return u.doc.version(u.Meta)
}

// LogValue returns the id: log/slog must not print names and mail addresses.
func (u User) LogValue() slog.Value { return slog.StringValue("User " + u.ID) }
