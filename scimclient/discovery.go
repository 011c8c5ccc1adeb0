package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// ServiceProviderConfig is what a server says it supports (RFC 7643 section 5).
// It keeps what has no field, as a [User] does.
type ServiceProviderConfig struct {
	Schemas               []string               `json:"schemas,omitempty"`
	DocumentationURI      string                 `json:"documentationUri,omitempty"`
	Patch                 Supported              `json:"patch"`
	Bulk                  BulkSupport            `json:"bulk"`
	Filter                FilterSupport          `json:"filter"`
	ChangePassword        Supported              `json:"changePassword"`
	Sort                  Supported              `json:"sort"`
	ETag                  Supported              `json:"etag"`
	Pagination            *PaginationSupport     `json:"pagination,omitempty"`
	AuthenticationSchemes []AuthenticationScheme `json:"authenticationSchemes,omitempty"`
	Meta                  *Meta                  `json:"meta,omitempty"`

	doc *document
}

// Supported says whether a server has a feature.
type Supported struct {
	Supported bool `json:"supported"`
}

// BulkSupport says whether a server has bulk requests, which this package does
// not send.
type BulkSupport struct {
	Supported      bool `json:"supported"`
	MaxOperations  int  `json:"maxOperations"`
	MaxPayloadSize int  `json:"maxPayloadSize"` // bytes
}

// FilterSupport says whether a server filters, and how many resources it
// returns at most.
type FilterSupport struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
}

// PaginationSupport says how a server pages (RFC 9865 section 4).
type PaginationSupport struct {
	Cursor                  bool   `json:"cursor"`
	Index                   bool   `json:"index"`
	DefaultPaginationMethod string `json:"defaultPaginationMethod,omitempty"` // "cursor" or "index"
	DefaultPageSize         int    `json:"defaultPageSize,omitempty"`
	MaxPageSize             int    `json:"maxPageSize,omitempty"`
	CursorTimeout           int    `json:"cursorTimeout,omitempty"` // seconds
}

// AuthenticationScheme is a way to authenticate.
type AuthenticationScheme struct {
	Type             string `json:"type,omitempty"`
	Name             string `json:"name,omitempty"`
	Description      string `json:"description,omitempty"`
	SpecURI          string `json:"specUri,omitempty"`
	DocumentationURI string `json:"documentationUri,omitempty"`
	Primary          bool   `json:"primary,omitempty"`
}

// Schema describes the attributes of a resource or an extension (RFC 7643
// section 7). It keeps what has no field.
type Schema struct {
	Schemas     []string          `json:"schemas,omitempty"`
	ID          string            `json:"id,omitempty"` // its URN
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Attributes  []SchemaAttribute `json:"attributes,omitempty"`
	Meta        *Meta             `json:"meta,omitempty"`

	doc *document
}

// SchemaAttribute describes one attribute.
type SchemaAttribute struct {
	Name            string            `json:"name,omitempty"`
	Type            string            `json:"type,omitempty"`
	SubAttributes   []SchemaAttribute `json:"subAttributes,omitempty"`
	MultiValued     bool              `json:"multiValued"`
	Description     string            `json:"description,omitempty"`
	Required        bool              `json:"required"`
	CanonicalValues []string          `json:"canonicalValues,omitempty"`
	CaseExact       bool              `json:"caseExact"`
	Mutability      string            `json:"mutability,omitempty"`
	Returned        string            `json:"returned,omitempty"`
	Uniqueness      string            `json:"uniqueness,omitempty"`
	ReferenceTypes  []string          `json:"referenceTypes,omitempty"`
}

// ResourceType describes an endpoint (RFC 7643 section 6). It keeps what has
// no field.
type ResourceType struct {
	Schemas          []string          `json:"schemas,omitempty"`
	ID               string            `json:"id,omitempty"`
	Name             string            `json:"name,omitempty"`
	Endpoint         string            `json:"endpoint,omitempty"`
	Description      string            `json:"description,omitempty"`
	Schema           string            `json:"schema,omitempty"`
	SchemaExtensions []SchemaExtension `json:"schemaExtensions,omitempty"`
	Meta             *Meta             `json:"meta,omitempty"`

	doc *document
}

// SchemaExtension is an extension that resources of a type may have, or must.
type SchemaExtension struct {
	Schema   string `json:"schema,omitempty"`
	Required bool   `json:"required"`
}

type (
	configFields       ServiceProviderConfig
	schemaFields       Schema
	resourceTypeFields ResourceType
)

// lenient drops the error about an attribute of another type than RFC 7643
// gives it. The field stays empty, and the attribute is kept: what describes
// a server must not be lost over a detail that is wrong.
func lenient(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return nil
	}
	return err
}

// UnmarshalJSON replaces c and keeps what has no field.
func (c *ServiceProviderConfig) UnmarshalJSON(data []byte) error {
	var f configFields
	if err := lenient(json.Unmarshal(data, &f)); err != nil {
		return err
	}
	*c = ServiceProviderConfig(f)
	c.doc = newDocument(data)
	return nil
}

// MarshalJSON returns c with everything it was read with, but for what was
// changed since.
func (c ServiceProviderConfig) MarshalJSON() ([]byte, error) {
	f := configFields(c)
	return c.doc.encode(&f, new(configFields))
}

// UnmarshalJSON replaces s and keeps what has no field.
func (s *Schema) UnmarshalJSON(data []byte) error {
	var f schemaFields
	if err := lenient(json.Unmarshal(data, &f)); err != nil {
		return err
	}
	*s = Schema(f)
	s.doc = newDocument(data)
	return nil
}

// MarshalJSON returns s with everything it was read with, but for what was
// changed since.
func (s Schema) MarshalJSON() ([]byte, error) {
	f := schemaFields(s)
	return s.doc.encode(&f, new(schemaFields))
}

// UnmarshalJSON replaces t and keeps what has no field.
func (t *ResourceType) UnmarshalJSON(data []byte) error {
	var f resourceTypeFields
	if err := lenient(json.Unmarshal(data, &f)); err != nil {
		return err
	}
	*t = ResourceType(f)
	t.doc = newDocument(data)
	return nil
}

// MarshalJSON returns t with everything it was read with, but for what was
// changed since.
func (t ResourceType) MarshalJSON() ([]byte, error) {
	f := resourceTypeFields(t)
	return t.doc.encode(&f, new(resourceTypeFields))
}

// ServiceProviderConfig returns what the server says it supports. What the
// service answers is not documented.
//
//	GET /ServiceProviderConfig
//
// RFC 7644 section 4.
func (c *Client) ServiceProviderConfig(ctx context.Context) (*ServiceProviderConfig, error) {
	got := new(ServiceProviderConfig)
	err := c.discover(ctx, "ServiceProviderConfig", func(body []byte) error {
		var wire struct {
			Patch json.RawMessage `json:"patch"`
		}
		if err := json.Unmarshal(body, &wire); err != nil {
			return err
		}
		if wire.Patch == nil {
			return errors.New("not a service provider configuration: patch is missing")
		}
		return json.Unmarshal(body, got)
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}

// Schemas returns the schemas the server has.
//
//	GET /Schemas
//
// RFC 7644 section 4.
func (c *Client) Schemas(ctx context.Context) ([]*Schema, error) {
	return discoverList(ctx, c, "Schemas", func(s *Schema) string { return s.ID })
}

// ResourceTypes returns the resource types the server has. The service has no
// such endpoint: [ErrUnsupported].
//
//	GET /ResourceTypes
//
// RFC 7644 section 4.
func (c *Client) ResourceTypes(ctx context.Context) ([]*ResourceType, error) {
	return discoverList(ctx, c, "ResourceTypes", func(t *ResourceType) string { return t.Name })
}

// discoverList reads an endpoint that returns everything it has in one list
// response (RFC 7644 section 4); key is what each element must have.
func discoverList[T any](ctx context.Context, c *Client, name string, key func(*T) string) ([]*T, error) {
	var list []*T
	err := c.discover(ctx, name, func(body []byte) error {
		var wire struct {
			TotalResults *int `json:"totalResults"`
			Resources    []*T `json:"Resources"`
		}
		if err := json.Unmarshal(body, &wire); err != nil {
			return err
		}
		if wire.TotalResults == nil {
			return errors.New("not a list response: totalResults is missing")
		}
		for _, r := range wire.Resources {
			if r == nil || key(r) == "" {
				return errors.New("an element of the list has no name")
			}
		}
		list = wire.Resources
		return nil
	})
	return list, err
}

// discover reads an endpoint that a server may leave out.
func (c *Client) discover(ctx context.Context, name string, decode func(body []byte) error) error {
	return c.do(ctx, &request{
		op: name, method: http.MethodGet, path: "/" + name, optional: true, repeat: true,
		decode: func(rep *reply) error { return decode(rep.body) },
	})
}
