package scimtoken

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"time"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// pageSize is asked of the service on each page of tokens. Its default is 2,
// which is also the most active tokens a tenant can have; deleted ones are
// listed for 30 days.
const pageSize = 100

// Client manages SCIM tokens. Make one with [NewClient]; it is safe for
// concurrent use and needs no closing.
type Client struct {
	conn    *gapi.Conn
	tokens  *iam.LocationsWorkforcePoolsProvidersScimTenantsTokensService
	tenants *iam.LocationsWorkforcePoolsProvidersScimTenantsService // for undelete

	now    func() time.Time
	random func() string // at least 8 characters of A-Z and 2-7
}

// NewClient returns a client for the IAM API. Without options it uses
// Application Default Credentials. It makes no request.
func NewClient(ctx context.Context, opts ...option.ClientOption) (*Client, error) {
	conn, err := gapi.Dial(ctx, gapi.IAM, opts)
	if err != nil {
		return nil, fmt.Errorf("scimtoken: new client: %w", err)
	}
	svc, err := iam.NewService(ctx, conn.Options()...)
	if err != nil {
		return nil, fmt.Errorf("scimtoken: new client: %w", err)
	}
	tenants := svc.Locations.WorkforcePools.Providers.ScimTenants
	return &Client{conn: conn, tokens: tenants.Tokens, tenants: tenants, now: time.Now, random: rand.Text}, nil
}

// WithRetry is the option that gives a client its retry policy, beside the
// options of every Google client:
//
//	scimtoken.NewClient(ctx, scimtoken.WithRetry(iamscim.RetryPolicy{Budget: time.Minute}))
//
// Without it a client has the default policy. The last one given counts.
func WithRetry(p iamscim.RetryPolicy) option.ClientOption { return gapi.WithRetry(p) }

// Create creates a token and returns it with its secret, which the service
// shows this once: store the secret before anything else. A new token may take
// up to two minutes to be accepted everywhere: scimclient's WaitAccess waits.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens
//
// Create returns once the token can be read, but never withholds a secret it
// has: if ctx or the retry policy ends that wait, the result is the same.
//
// Errors: [iamscim.ErrInvalidArgument] with every fault,
// [iamscim.ErrAlreadyExists] (a deleted token keeps its id for 30 days),
// [ErrTokenLimit] with the two tokens there are, [ErrSecretLost] if the token
// was made but the reply with its secret was lost, [iamscim.ErrOutcomeUnknown].
func (c *Client) Create(ctx context.Context, req CreateRequest) (*Token, Secret, error) {
	const op = "scimtoken: create"
	if err := req.validate(op); err != nil {
		return nil, Secret{}, err
	}
	token, secret, err := c.create(ctx, op, req)
	if err != nil {
		return nil, Secret{}, err
	}
	if seen, err := c.visible(ctx, op, token.Name); err == nil {
		token = seen
	}
	// Where it cannot be read, the reply of the create has said all there is
	// to know.
	return token, secret, nil
}

// Get reads a token, without its secret. A soft-deleted token is returned with
// StateDeleted.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN
//
// Errors: [iamscim.ErrNotFound] and those of every call.
func (c *Client) Get(ctx context.Context, name Name) (*Token, error) {
	return c.get(ctx, "scimtoken: get", name)
}

func (c *Client) get(ctx context.Context, op string, name Name) (*Token, error) {
	got, err := c.read(ctx, op, name)
	if err != nil {
		return nil, err
	}
	return convert(op, got)
}

func (c *Client) read(ctx context.Context, op string, name Name) (*iam.WorkforcePoolProviderScimToken, error) {
	if name.IsZero() {
		return nil, required(op, "name")
	}
	resource := name.String()
	call := c.tokens.Get(resource)
	return gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePoolProviderScimToken]{
		Op: op, Resource: resource,
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimToken, error) {
			return call.Context(ctx).Do()
		},
		Accept: gapi.Named(resource, nameOf),
	})
}

// List iterates over the tokens of a tenant, fetching pages as it goes. The
// sequence can be ranged over again and ends after its first error.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens
func (c *Client) List(ctx context.Context, parent scimtenant.Name, opts iamscim.ListOptions) iter.Seq2[*Token, error] {
	const op = "scimtoken: list"
	resource := parent.String()
	fetch := func(ctx context.Context, token string) (*gapi.Page[*iam.WorkforcePoolProviderScimToken], error) {
		if parent.IsZero() {
			return nil, required(op, "parent")
		}
		call := c.tokens.List(resource).PageSize(pageSize).PageToken(token).ShowDeleted(opts.ShowDeleted)
		got, err := gapi.Call(ctx, c.conn, gapi.Request[iam.ListWorkforcePoolProviderScimTokensResponse]{
			Op: op, Resource: resource,
			Do: func(ctx context.Context) (*iam.ListWorkforcePoolProviderScimTokensResponse, error) {
				return call.Context(ctx).Do()
			},
		})
		if err != nil {
			return nil, err
		}
		return &gapi.Page[*iam.WorkforcePoolProviderScimToken]{Items: got.WorkforcePoolProviderScimTokens, Next: got.NextPageToken}, nil
	}
	return gapi.List(ctx, op, resource, fetch, gapi.In(parent, func(t *Token) scimtenant.Name { return t.Name.Tenant() }, fromAPI))
}

// Update changes the fields that are set in req and returns the token as the
// service then has it.
//
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN
//
// Errors: [iamscim.ErrNothingToUpdate], [iamscim.ErrInvalidArgument],
// [iamscim.ErrNotFound].
func (c *Client) Update(ctx context.Context, req UpdateRequest) (*Token, error) {
	const op = "scimtoken: update"
	name := req.Name
	if err := req.validate(op); err != nil {
		return nil, err
	}
	body, mask := req.toAPI()
	call := c.tokens.Patch(name.String(), body).UpdateMask(mask)
	return c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimToken]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimToken, error) {
			return call.Context(ctx).Do()
		},
		Settle: c.settle(op, name, func(got *Token) (bool, error) { return got.DisplayName == *req.DisplayName, nil }),
	})
}

// Delete soft-deletes a token: it stops authenticating at once, and frees one
// of the tenant's two places. It can be undeleted for 30 days, for which its id
// cannot be used again. Never delete the token the identity provider uses: a
// refused credential quarantines a Microsoft Entra ID app at once. [Client.Rotate]
// replaces a token in use.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN
func (c *Client) Delete(ctx context.Context, name Name) error {
	const op = "scimtoken: delete"
	if name.IsZero() {
		return required(op, "name")
	}
	call := c.tokens.Delete(name.String())
	_, err := c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimToken]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimToken, error) {
			return call.Context(ctx).Do()
		},
		Settle: c.settle(op, name, inState(iamscim.StateDeleted)),
	})
	return err
}

// Undelete restores a soft-deleted token with the secret it had. It takes one
// of the tenant's two places.
//
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN:undelete
//
// The method is documented and was in the API's discovery document until
// revision 20260227; the newest document does not list it.
func (c *Client) Undelete(ctx context.Context, name Name) (*Token, error) {
	const op = "scimtoken: undelete"
	if name.IsZero() {
		return nil, required(op, "name")
	}
	// For the same reason the generated client has no tokens.undelete. Its
	// tenants.undelete sends POST v1/NAME:undelete with an empty object for
	// whatever name it is given: exactly the documented request.
	call := c.tenants.Undelete(name.String(), &iam.UndeleteWorkforcePoolProviderScimTenantRequest{})
	return c.write(ctx, gapi.Request[iam.WorkforcePoolProviderScimToken]{
		Op: op, Resource: name.String(),
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimToken, error) {
			got, err := call.Context(ctx).Do()
			if err != nil || got == nil {
				return nil, err
			}
			return &iam.WorkforcePoolProviderScimToken{Name: got.Name, DisplayName: got.DisplayName, State: got.State}, nil
		},
		Settle:  c.settle(op, name, inState(iamscim.StateActive)),
		Explain: c.explain(name, false),
	})
}

// write makes a call that replies with the token it is about.
func (c *Client) write(ctx context.Context, r gapi.Request[iam.WorkforcePoolProviderScimToken]) (*Token, error) {
	r.Accept = gapi.Named(r.Resource, nameOf)
	got, err := gapi.Call(ctx, c.conn, r)
	if err != nil {
		return nil, err
	}
	return convert(r.Op, got)
}

// settle returns a Settle function that reads the token back and lets made
// say whether it shows what the lost attempt did. A token that is not there
// shows that it did nothing.
func (c *Client) settle(op string, name Name, made func(*Token) (bool, error)) func(context.Context, error) (*iam.WorkforcePoolProviderScimToken, bool, error) {
	return func(ctx context.Context, refusal error) (*iam.WorkforcePoolProviderScimToken, bool, error) {
		read := func(ctx context.Context) (*iam.WorkforcePoolProviderScimToken, error) { return c.read(ctx, op, name) }
		return gapi.Settled(ctx, c.conn, refusal, read, func(got *iam.WorkforcePoolProviderScimToken) (bool, error) {
			t, err := convert(op, got)
			if err != nil {
				return true, err
			}
			return made(t)
		})
	}
}

func inState(state iamscim.State) func(*Token) (bool, error) {
	return func(t *Token) (bool, error) { return t.State == state, nil }
}

func convert(op string, got *iam.WorkforcePoolProviderScimToken) (*Token, error) {
	t, err := fromAPI(got)
	if err != nil {
		return nil, gapi.BadReply(op, got.Name, err)
	}
	return t, nil
}

func nameOf(t *iam.WorkforcePoolProviderScimToken) string { return t.Name }

func required(op, field string) error {
	return gapi.Invalid(op, "", iamscim.Violation{Field: field, Rule: "required"})
}
