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

// Client manages SCIM tokens. Make one with [NewClient]; it is safe for
// concurrent use and needs no closing.
type Client struct {
	conn    *gapi.Conn
	tokens  *iam.LocationsWorkforcePoolsProvidersScimTenantsTokensService
	tenants *iam.LocationsWorkforcePoolsProvidersScimTenantsService // for undelete
	token   *gapi.Resource[Name, iam.WorkforcePoolProviderScimToken, Token]

	now    func() time.Time
	random func() string // at least 8 characters of A-Z and 2-7
}

// change is a write of a token, which the service answers with the token.
type change = gapi.Change[iam.WorkforcePoolProviderScimToken, Token]

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
	return &Client{
		conn: conn, tokens: tenants.Tokens, tenants: tenants, now: time.Now, random: rand.Text,
		token: &gapi.Resource[Name, iam.WorkforcePoolProviderScimToken, Token]{
			Conn: conn, From: fromAPI,
			NameOf: func(t *iam.WorkforcePoolProviderScimToken) string { return t.Name },
			Getter: func(name string) func(context.Context) (*iam.WorkforcePoolProviderScimToken, error) {
				return gapi.Do(tenants.Tokens.Get(name))
			},
		},
	}, nil
}

// made returns c, or a client that refuses every call if no constructor made c.
func (c *Client) made() *Client {
	if c != nil && c.conn != nil {
		return c
	}
	unmade, _ := NewClient(context.Background(), gapi.Unmade()) // it dials nothing
	return unmade
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
// [iamscim.ErrAlreadyExists] (a deleted token keeps its ID for 30 days),
// [ErrTokenLimit] with the two tokens there are, [ErrSecretLost] if the token
// was made but the reply with its secret was lost, [iamscim.ErrOutcomeUnknown].
func (c *Client) Create(ctx context.Context, req CreateRequest) (*Token, Secret, error) {
	c = c.made()
	const op = "scimtoken: create"
	if err := req.validate(op); err != nil {
		return nil, Secret{}, err
	}
	token, secret, err := c.create(ctx, op, req)
	if err != nil {
		return nil, Secret{}, err
	}
	if seen, err := c.token.Visible(ctx, op, token.Name, nil); err == nil {
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
	c = c.made()
	return c.get(ctx, "scimtoken: get", name)
}

func (c *Client) get(ctx context.Context, op string, name Name) (*Token, error) {
	return c.token.Get(ctx, op, name)
}

// List iterates over the tokens of a tenant, fetching pages as it goes. The
// sequence can be ranged over again and ends after its first error.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens
func (c *Client) List(ctx context.Context, parent scimtenant.Name, opts iamscim.ListOptions) iter.Seq2[*Token, error] {
	c = c.made()
	page := func(r *iam.ListWorkforcePoolProviderScimTokensResponse) ([]*iam.WorkforcePoolProviderScimToken, string) {
		return r.WorkforcePoolProviderScimTokens, r.NextPageToken
	}
	return gapi.List(ctx, c.token, "scimtoken: list", parent, opts, c.tokens.List, page, func(t *Token) scimtenant.Name { return t.Name.Tenant() })
}

// Update changes the fields that are set in req and returns the token as the
// service then has it.
//
//	PATCH /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN
//
// Errors: [iamscim.ErrNothingToUpdate], [iamscim.ErrInvalidArgument],
// [iamscim.ErrNotFound].
func (c *Client) Update(ctx context.Context, req UpdateRequest) (*Token, error) {
	c = c.made()
	const op = "scimtoken: update"
	if err := req.validate(op); err != nil {
		return nil, err
	}
	body, mask := req.toAPI()
	call := c.tokens.Patch(req.Name.String(), body).UpdateMask(mask)
	return c.token.Write(ctx, op, req.Name, change{Do: gapi.Do(call), Made: req.made})
}

// Delete soft-deletes a token: it stops authenticating at once, and frees one
// of the tenant's two places. It can be undeleted for 30 days, for which its ID
// cannot be used again. Never delete the token the identity provider uses: a
// refused credential quarantines a Microsoft Entra ID app at once. [Client.Rotate]
// replaces a token in use.
//
//	DELETE /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens/TOKEN
func (c *Client) Delete(ctx context.Context, name Name) error {
	c = c.made()
	call := c.tokens.Delete(name.String())
	_, err := c.token.Write(ctx, "scimtoken: delete", name, change{Do: gapi.Do(call), Made: inState(iamscim.StateDeleted)})
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
	c = c.made()
	// For the same reason the generated client has no tokens.undelete. Its
	// tenants.undelete sends POST v1/NAME:undelete with an empty object for
	// whatever name it is given: exactly the documented request.
	call := c.tenants.Undelete(name.String(), &iam.UndeleteWorkforcePoolProviderScimTenantRequest{})
	do := func(ctx context.Context) (*iam.WorkforcePoolProviderScimToken, error) {
		got, err := call.Context(ctx).Do()
		if err != nil || got == nil {
			return nil, err
		}
		return &iam.WorkforcePoolProviderScimToken{Name: got.Name, DisplayName: got.DisplayName, State: got.State}, nil
	}
	return c.token.Write(ctx, "scimtoken: undelete", name, change{Do: do, Made: inState(iamscim.StateActive), Explain: c.explain(name, false)})
}

func inState(state iamscim.State) func(*Token) (bool, error) {
	return func(t *Token) (bool, error) { return t.State == state, nil }
}
