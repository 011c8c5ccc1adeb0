package scimtoken

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// maxTokens is the most tokens a tenant can have.
const maxTokens = 2

// explainLimit makes ErrTokenLimit of a refusal that is about the number of
// tokens. The status for a third token isn't documented, so the tenant is read,
// and the tokens were.
func (c *Client) explainLimit(ctx context.Context, e *iamscim.Error, tenant scimtenant.Name, active, deleted []string, isNew bool) {
	forbidden := errors.Is(e.Kind, iamscim.ErrFailedPrecondition)
	if errors.Is(e.Kind, iamscim.ErrAlreadyExists) || len(active) < maxTokens && !forbidden {
		return
	}
	got, err := c.readTenant(ctx, e.Op, tenant)
	if err != nil {
		return
	}
	switch {
	case iamscim.State(got.State) == iamscim.StateDeleted:
		e.Kind, e.Remedy = iamscim.ErrFailedPrecondition, errTenantDeleted.Error()+": "+remedyTenantDeleted
	case len(active) >= maxTokens:
		e.Kind = ErrTokenLimit
		e.Remedy = "delete the one the identity provider does not use: " + strings.Join(active, " or ")
	case isNew && forbidden:
		// Nothing but the limit is known to forbid a token of an active tenant.
		e.Kind = ErrTokenLimit
		e.Remedy = limitRemedy(active, deleted)
	}
}

// limitRemedy is for a tenant that doesn't show two active tokens.
func limitRemedy(active, deleted []string) string {
	var b strings.Builder
	b.WriteString("the tenant shows ")
	if len(active) == 0 {
		b.WriteString("none")
	}
	b.WriteString(strings.Join(active, " and "))
	if len(deleted) > 0 {
		fmt.Fprintf(&b, ", and deleted %s, which may count for 30 days", strings.Join(deleted, ", "))
	}
	b.WriteString("; tokens that were just created show within 2 min: list them then, and delete the one the identity provider does not use")
	return b.String()
}

// readTenant reads a tenant, for its state, its UID and the time of the reply.
func (c *Client) readTenant(ctx context.Context, op string, tenant scimtenant.Name) (*iam.WorkforcePoolProviderScimTenant, error) {
	name := tenant.String()
	call := c.tenants.Get(name)
	return gapi.Call(ctx, c.conn, gapi.Request[iam.WorkforcePoolProviderScimTenant]{
		Op: op, Resource: name,
		Do: func(ctx context.Context) (*iam.WorkforcePoolProviderScimTenant, error) {
			return call.Context(ctx).Do()
		},
		Accept: gapi.Named(name, func(t *iam.WorkforcePoolProviderScimTenant) string { return t.Name }),
	})
}
