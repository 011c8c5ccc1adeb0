package scimclient

import (
	"context"
	"errors"
	"net/http"

	"github.com/iamscim/iamscim"
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
// returns at most: see [Users.List].
type FilterSupport struct {
	Supported  bool `json:"supported"`
	MaxResults int  `json:"maxResults"`
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

// ServiceProviderConfig returns what the server says it supports. What Google's
// service answers isn't documented. The client remembers filter.maxResults and etag:
// see [Users.List] and [User.Version].
//
//	GET /ServiceProviderConfig
//
// RFC 7644 section 4.
func (c *Client) ServiceProviderConfig(ctx context.Context) (*ServiceProviderConfig, error) {
	config, err := c.fetchConfig(ctx, 0)
	if err != nil {
		return nil, err
	}
	copied := *config
	return &copied, nil
}

func (c *Client) fetchConfig(ctx context.Context, maxAttempts int) (*ServiceProviderConfig, error) {
	config, err := discover(ctx, c, "ServiceProviderConfig", maxAttempts, func(body []byte, _ *ServiceProviderConfig) error {
		members, err := membersOf(body)
		if err == nil && lookup(members, "patch") == nil {
			err = errors.New("not a service provider configuration: patch is missing")
		}
		return err
	})
	if err == nil {
		c.config.Store(config)
	}
	return config, err
}

// maxResults returns how many resources the server returns in a reply to
// a request for pageSize.
func (c *Client) maxResults(ctx context.Context) int {
	config := c.config.Load()
	if config == nil && c.maxRows == 0 {
		var err error
		if config, err = c.fetchConfig(ctx, 2); err != nil && !errors.Is(err, iamscim.ErrUnavailable) && ctx.Err() == nil {
			c.config.Store(new(ServiceProviderConfig)) // it has none
		}
	}
	switch {
	case c.maxRows > 0:
		return min(c.maxRows, pageSize)
	case config != nil && config.Filter.MaxResults > 0:
		return min(config.Filter.MaxResults, pageSize)
	}
	return pageSize
}

// Schemas returns the schemas that the server has.
//
//	GET /Schemas
//
// RFC 7644 section 4.
func (c *Client) Schemas(ctx context.Context) ([]*Schema, error) {
	return discoverList(ctx, c, "Schemas", func(s *Schema) string { return s.ID })
}

// ResourceTypes returns the resource types that the server has. Google's service
// doesn't have this endpoint: [ErrUnsupported].
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
	type list struct {
		TotalResults *int `json:"totalResults"`
		Resources    []*T `json:"Resources"`
	}
	got, err := discover(ctx, c, name, 0, func(_ []byte, l *list) error {
		if l.TotalResults == nil {
			return errors.New("not a list response: totalResults is missing")
		}
		for _, r := range l.Resources {
			if r == nil || key(r) == "" {
				return errors.New("an element of the list has no name")
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return got.Resources, nil
}

// discover reads an endpoint that a server may leave out. What describes
// a server must not be lost over an attribute that can't be read.
func discover[T any](ctx context.Context, c *Client, name string, maxAttempts int, check func(body []byte, got *T) error) (*T, error) {
	got := new(T)
	_, err := c.do(ctx, request{
		op: name, method: http.MethodGet, path: "/" + name, optional: true, repeat: true, maxAttempts: maxAttempts,
		decode: func(rep *reply) error {
			if _, err := readFields(rep.body, got, got); err != nil {
				return err
			}
			return check(rep.body, got)
		},
	})
	if err != nil {
		return nil, err
	}
	return got, nil
}
