package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// ServiceProviderConfig is what a server says it supports (RFC 7643 section 5).
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
// section 7).
type Schema struct {
	Schemas     []string          `json:"schemas,omitempty"`
	ID          string            `json:"id,omitempty"` // its URN
	Name        string            `json:"name,omitempty"`
	Description string            `json:"description,omitempty"`
	Attributes  []SchemaAttribute `json:"attributes,omitempty"`
	Meta        *Meta             `json:"meta,omitempty"`
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

// ResourceType describes an endpoint (RFC 7643 section 6).
type ResourceType struct {
	Schemas          []string          `json:"schemas,omitempty"`
	ID               string            `json:"id,omitempty"`
	Name             string            `json:"name,omitempty"`
	Endpoint         string            `json:"endpoint,omitempty"`
	Description      string            `json:"description,omitempty"`
	Schema           string            `json:"schema,omitempty"`
	SchemaExtensions []SchemaExtension `json:"schemaExtensions,omitempty"`
	Meta             *Meta             `json:"meta,omitempty"`
}

// SchemaExtension is an extension that resources of a type may have, or must.
type SchemaExtension struct {
	Schema   string `json:"schema,omitempty"`
	Required bool   `json:"required"`
}

// decodeLenient is json.Unmarshal without the error about an attribute of
// another type than RFC 7643 gives it. The field stays empty: what describes
// a server must not be lost over a detail that is wrong.
func decodeLenient(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) && wrong.Field != "" {
		return nil
	}
	return err
}

// ServiceProviderConfig returns what the server says it supports. What the
// service answers is not documented.
//
//	GET /ServiceProviderConfig
//
// RFC 7644 section 4.
func (c *Client) ServiceProviderConfig(ctx context.Context) (*ServiceProviderConfig, error) {
	var got struct {
		ServiceProviderConfig
		Patch *Supported `json:"patch"`
	}
	err := c.discover(ctx, "ServiceProviderConfig", &got, func() error {
		if got.Patch == nil {
			return errors.New("not a service provider configuration: patch is missing")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	got.ServiceProviderConfig.Patch = *got.Patch
	return &got.ServiceProviderConfig, nil
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
	var list struct {
		TotalResults *int `json:"totalResults"`
		Resources    []*T `json:"Resources"`
	}
	err := c.discover(ctx, name, &list, func() error {
		if list.TotalResults == nil {
			return errors.New("not a list response: totalResults is missing")
		}
		for _, r := range list.Resources {
			if r == nil || key(r) == "" {
				return errors.New("an element of the list has no name")
			}
		}
		return nil
	})
	return list.Resources, err
}

// discover decodes the reply of an endpoint that a server may leave out into v,
// and then calls check.
func (c *Client) discover(ctx context.Context, name string, v any, check func() error) error {
	_, err := c.do(ctx, request{
		op: name, method: http.MethodGet, path: "/" + name, optional: true, repeat: true,
		decode: func(rep *reply) error {
			if err := decodeLenient(rep.body, v); err != nil {
				return err
			}
			return check()
		},
	})
	return err
}
