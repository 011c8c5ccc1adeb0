package scimtoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// cleanup bounds what is still done after ctx has ended, so that a cancelled
// rotation leaves no token behind that nobody has.
const cleanup = 30 * time.Second

// RotateRequest says how to replace the token of a tenant. Tenant, Persist and
// Verify are required.
type RotateRequest struct {
	Tenant      scimtenant.Name
	DisplayName string // of the new token, at most 32 characters

	// Persist stores the new secret where the one in use is stored. It is
	// called before anything else is done with the new token. If it fails the
	// new token is deleted, unless Persisted then says that it was stored.
	Persist func(ctx context.Context, name Name, secret Secret) error

	// Verify returns nil once the secret authenticates: WaitAccess of a
	// scimclient.Client made with secret.TokenSource().
	Verify func(ctx context.Context, secret Secret) error

	// Cutover makes the identity provider use the new token. If it is set and
	// returns nil, the old token is retired at once; if it is nil, both
	// tokens stay valid until [Rotation.Retire].
	Cutover func(ctx context.Context) error

	// Persisted returns what the store holds, the zero Name for nothing. It
	// makes a rotation resumable: a token that this package made and that
	// was never stored is recognised and deleted, and a stored one that waits
	// for its cutover is taken up again. Without it, a tenant that has two
	// tokens is refused.
	Persisted func(ctx context.Context) (Name, Secret, error)
}

// Rotation is a rotation after the new token was stored and verified.
type Rotation struct {
	// New is the token that was stored. Old are the others, still valid
	// until retired; none if the tenant had no token.
	New Name
	Old []Name

	// Resumed: New was stored by an earlier, interrupted rotation.
	Resumed bool

	client *Client
	tenant scimtenant.Name
}

// Rotate replaces a tenant's token without a moment in which the identity
// provider has none: it creates the second of the two tokens a tenant can
// have, hands it to Persist, waits until Verify accepts it, and ends with both
// valid. The old one goes by [Rotation.Retire], or at once after a Cutover that
// returned nil. It never deletes the token the store holds.
//
// Run it again after any failure: with Persisted it resumes. If Cutover or the
// retirement fails, the Rotation is returned together with the error.
//
// Errors: [iamscim.ErrInvalidArgument], [ErrTokenLimit] naming both tokens where
// it is not certain which one can go, those of [Client.Create], and those of the
// callbacks.
func (c *Client) Rotate(ctx context.Context, req RotateRequest) (*Rotation, error) {
	const op = "scimtoken: rotate"
	if err := gapi.Ready(ctx, op, req.Tenant.String()); err != nil {
		return nil, err
	}
	if err := req.validate(op); err != nil {
		return nil, err
	}
	r, secret, err := c.takeUp(ctx, op, req)
	if err != nil {
		return nil, err
	}
	if r.New.IsZero() {
		if r.New, secret, err = c.issue(ctx, op, req); err != nil {
			return nil, err
		}
	}
	if err := req.Verify(ctx, secret); err != nil {
		return nil, &iamscim.Error{
			Op: op, Resource: r.New.String(), Err: fmt.Errorf("verify: %w", err),
			Remedy: "the new token is stored and the old one is still valid: run the rotation again",
		}
	}
	if req.Cutover == nil {
		return r, nil
	}
	if err := req.Cutover(ctx); err != nil {
		return r, &iamscim.Error{
			Op: op, Resource: r.New.String(), Err: fmt.Errorf("cutover: %w", err),
			Remedy: "both tokens are valid: make the identity provider use the new one, then retire the old one",
		}
	}
	return r, r.Retire(ctx)
}

func (r RotateRequest) validate(op string) error {
	var l check.List
	if r.Tenant.IsZero() {
		l.Add("Tenant", "required")
	}
	l.Text("DisplayName", r.DisplayName, check.DisplayName)
	if r.Persist == nil {
		l.Add("Persist", "required")
	}
	if r.Verify == nil {
		l.Add("Verify", "required")
	}
	return l.Err(op, r.Tenant.String())
}

// takeUp looks at what is there and decides how to go on: with a stored token
// that an interrupted rotation left (New and its secret are set), or with a new
// one, for which it makes room by deleting a token that was never stored.
func (c *Client) takeUp(ctx context.Context, op string, req RotateRequest) (*Rotation, Secret, error) {
	r := &Rotation{client: c, tenant: req.Tenant}
	active, err := c.active(ctx, req.Tenant)
	if err != nil {
		return nil, Secret{}, err
	}
	var stored Name
	var secret Secret
	if req.Persisted != nil {
		if stored, secret, err = req.Persisted(ctx); err != nil {
			return nil, Secret{}, &iamscim.Error{Op: op, Resource: req.Tenant.String(), Err: fmt.Errorf("persisted: %w", err), Remedy: "nothing was changed: make the store readable and run the rotation again"}
		}
	}
	if len(active) < 2 {
		r.Old = active
		return r, Secret{}, nil
	}
	other, ok := without(active, stored)
	if !ok {
		return nil, Secret{}, ambiguous(op, req.Tenant, active, "and the store holds neither")
	}
	switch storedAt, otherAt, storedMade, otherMade := ages(stored, other); {
	case storedMade && (!otherMade || storedAt.After(otherAt)):
		// The stored one is the newer: an earlier rotation got as far as
		// storing it.
		if secret.IsZero() {
			return nil, Secret{}, &iamscim.Error{Op: op, Resource: stored.String(), Kind: iamscim.ErrInvalidArgument,
				Violations: []iamscim.Violation{{Field: "Persisted", Rule: "must return the secret with the name"}}}
		}
		r.New, r.Old, r.Resumed = stored, []Name{other}, true
		return r, secret, nil
	case otherMade && (!storedMade || otherAt.After(storedAt)):
		// The other one was made later and never stored, so nobody has it.
		if err := c.Delete(ctx, other); err != nil {
			return nil, Secret{}, err
		}
		r.Old = []Name{stored}
		return r, Secret{}, nil
	}
	return nil, Secret{}, ambiguous(op, req.Tenant, active, "and it is not certain which one is in use")
}

// issue creates a token and stores it.
func (c *Client) issue(ctx context.Context, op string, req RotateRequest) (Name, Secret, error) {
	token, secret, err := c.create(ctx, op, CreateRequest{Tenant: req.Tenant, DisplayName: req.DisplayName, RecreateLost: true})
	if err != nil {
		return Name{}, Secret{}, err
	}
	perr := req.Persist(ctx, token.Name, secret)
	if perr == nil {
		// Retire must find it; if it is not seen in time, Verify or Retire
		// says what is the matter.
		_, _ = c.visible(ctx, op, token.Name)
		return token.Name, secret, nil
	}
	failed := &iamscim.Error{Op: op, Resource: token.Name.String(), Err: fmt.Errorf("persist: %w", perr)}
	// What follows must happen even if ctx is what made Persist fail.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	if req.Persisted != nil {
		// A store can write and still report a failure.
		switch stored, _, err := req.Persisted(late); {
		case err != nil:
			failed.Remedy = "it could not be found out whether the new token was stored, so it was left in place: run the rotation again"
			return Name{}, Secret{}, failed
		case stored == token.Name:
			failed.Remedy = "the new token was stored all the same and is valid: run the rotation again"
			return Name{}, Secret{}, failed
		}
	}
	if err := c.Delete(late, token.Name); err != nil {
		failed.Remedy = "the new token could not be deleted: delete it, nobody has its secret"
		failed.Err = fmt.Errorf("persist: %w; then %w", perr, err)
		return Name{}, Secret{}, failed
	}
	failed.Remedy = "the new token was deleted and the old one is untouched"
	return Name{}, Secret{}, failed
}

// active returns the names of the tenant's active tokens.
func (c *Client) active(ctx context.Context, tenant scimtenant.Name) ([]Name, error) {
	var names []Name
	for t, err := range c.List(ctx, tenant, iamscim.ListOptions{}) {
		if err != nil {
			return nil, err
		}
		if t.State == iamscim.StateActive {
			names = append(names, t.Name)
		}
	}
	return names, nil
}

// without returns the other of two names, and whether name is one of them.
func without(two []Name, name Name) (Name, bool) {
	switch {
	case name.IsZero() || len(two) != 2:
		return Name{}, false
	case two[0] == name:
		return two[1], true
	case two[1] == name:
		return two[0], true
	}
	return Name{}, false
}

// ages tells when each token was made, and whether by this package at all.
func ages(a, b Name) (aAt, bAt time.Time, aMade, bMade bool) {
	aAt, aMade = generatedAt(a.ID())
	bAt, bMade = generatedAt(b.ID())
	return aAt, bAt, aMade, bMade
}

func ambiguous(op string, tenant scimtenant.Name, active []Name, why string) error {
	return &iamscim.Error{
		Op: op, Resource: tenant.String(), Kind: ErrTokenLimit, Err: errors.New(why),
		Remedy: fmt.Sprintf("nothing was changed: delete the one the identity provider does not use, %s or %s, and run the rotation again", active[0].ID(), active[1].ID()),
	}
}
