package scimtoken

import (
	"context"
	"errors"
	"fmt"

	"github.com/iamscim/iamscim"
)

// What callers of this package branch on besides the sentinels of package
// iamscim.
var (
	// ErrSecretLost: the token exists, but nobody has its secret: the reply
	// that carried it was lost. The error names the token.
	ErrSecretLost = errors.New("the token exists but the reply with its secret was lost")

	// ErrTokenLimit: the tenant has two tokens, the most it can have. The
	// message names those that can be seen, and the soft-deleted ones, which
	// may count.
	ErrTokenLimit = errors.New("the tenant has two tokens already")
)

// What callers of Ensure, Rotate, Retire and Adopt branch on besides.
var (
	// ErrRotationInProgress: another call is at work on the record. The
	// message says which and since when. Nothing was changed.
	ErrRotationInProgress = errors.New("another call is at work")

	// ErrRotationTakenOver: another call has taken the record over from this
	// one, which then stopped. A token that this call made and nobody uses is
	// deleted.
	ErrRotationTakenOver = errors.New("taken over")

	// ErrUnknownToken: the tenant has an active token that the record doesn't
	// know, or the call names one. Nothing was changed.
	ErrUnknownToken = errors.New("not in the record")

	// ErrNoSecret: the record has a token without its secret, which only the
	// one who created it knows.
	ErrNoSecret = errors.New("the record has this token without its secret")

	// ErrStaleRecord: the record belongs to another tenant, or to one of the
	// same name that is gone. Nothing was changed.
	ErrStaleRecord = errors.New("the record belongs to another tenant")

	// ErrBadRecord: the store returns something else than a record that this
	// version of the package wrote. Nothing was deleted.
	ErrBadRecord = errors.New("bad record")
)

const (
	remedyLost    = "delete this token and create one with another id, as CreateRequest.RecreateLost does; its id stays blocked for 30 days"
	remedyTaken   = "the lost request might have created this token: if it's new, delete it and create one with another id, as CreateRequest.RecreateLost does; otherwise choose another id"
	remedyUnknown = "a token of this name may exist with a secret that nobody has: get it, and delete it if it is there, before creating another"
)

const (
	remedyAgain         = "run it again"
	remedyStore         = "nothing was deleted: make the store work, then run it again"
	remedyBadRecord     = "nothing was changed: restore the record from a backup, or update this program if a newer one wrote it"
	remedyTenantDeleted = "undelete it with scimtenant.Client.Undelete, or hard-delete it and create another"
)

var errTenantDeleted = errors.New("the SCIM tenant is soft-deleted")

// explainCreate says what an unknown outcome means for a token, and otherwise
// what is in the way.
func (c *Client) explainCreate(name Name) func(context.Context, *iamscim.Error) {
	explain := c.explain(name, true)
	return func(ctx context.Context, e *iamscim.Error) {
		switch {
		case errors.Is(e.Kind, iamscim.ErrOutcomeUnknown):
			e.Remedy = remedyUnknown
		case errors.Is(e.Kind, iamscim.ErrNotFound):
			e.Remedy = fmt.Sprintf("check that the tenant %s exists; one that was just created may not be visible yet", name.Tenant())
		default:
			explain(ctx, e)
		}
	}
}

// explain names what is in the way when the service refuses a token, a new one or
// one to be undeleted.
func (c *Client) explain(name Name, isNew bool) func(context.Context, *iamscim.Error) {
	return func(ctx context.Context, e *iamscim.Error) {
		switch {
		case errors.Is(e.Kind, iamscim.ErrAlreadyExists), errors.Is(e.Kind, iamscim.ErrFailedPrecondition), errors.Is(e.Kind, iamscim.ErrInvalidArgument):
		case errors.Is(e.Kind, iamscim.ErrThrottled):
			// RESOURCE_EXHAUSTED may be the word for two tokens as well.
		default:
			return
		}
		var active, deleted []string
		for t, err := range c.List(ctx, name.Tenant(), iamscim.ListOptions{ShowDeleted: true}) {
			switch {
			case err != nil:
				return
			case t.Name == name && t.State == iamscim.StateDeleted && errors.Is(e.Kind, iamscim.ErrAlreadyExists):
				e.Remedy = "the id belongs to a token deleted less than 30 days ago: choose another id, or undelete it if its secret is known"
				return
			case t.Name == name && errors.Is(e.Kind, iamscim.ErrAlreadyExists):
				e.Remedy = "choose another id: the secret of the token that is there cannot be read again"
				return
			case t.State != iamscim.StateDeleted:
				active = append(active, t.Name.ID())
			default:
				deleted = append(deleted, t.Name.ID())
			}
		}
		c.explainLimit(ctx, e, name.Tenant(), active, deleted, isNew)
	}
}
