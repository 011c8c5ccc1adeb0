package scimtoken

import (
	"context"
	"errors"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// issue makes the next token. Its name is reserved in the record before it is
// created, and put swaps the record with its secret in before anything depends on
// it.
func (h *hold) issue(ctx context.Context, r record, displayName string, put func(context.Context, record) error) error {
	// A secret can be lost with a reply more than once while the network is
	// bad, but not forever.
	const maxCreates = 3
	for n := 1; ; n++ {
		name, err := h.newName(r)
		if err != nil {
			return err
		}
		if err := h.swap(ctx, r.reserve(name, h.now())); err != nil {
			return err
		}
		if err := h.sweep(ctx, false); err != nil {
			return err
		}
		secret, err := h.create(ctx, name, displayName)
		if err == nil {
			return put(ctx, h.record.keep(secret))
		}
		// The token may be there, but nobody has its secret.
		if lost := errors.Is(err, ErrSecretLost) || errors.Is(err, iamscim.ErrAlreadyExists); !lost || n == maxCreates {
			return err
		}
		r = h.record
	}
}

func (h *hold) newName(r record) (Name, error) {
	for {
		name, err := NewName(h.tenant, h.c.newID(h.now()))
		if err != nil || !r.knows(name) {
			return name, err
		}
	}
}

// create creates the token that the record reserves. A create that an earlier
// call left on its way may fill the tenant first. That call's name is in Retire:
// it's deleted and the create is repeated.
func (h *hold) create(ctx context.Context, name Name, displayName string) (secret Secret, err error) {
	h.made = name
	_, err = retry.Do(ctx, h.c.window(), func() (retry.Verdict, error) {
		for {
			var err error
			_, secret, err = h.c.createNamed(ctx, h.op, name, displayName, remedyAgain)
			left := h.unswept()
			if left == 0 || !errors.Is(err, ErrTokenLimit) {
				return retry.Verdict{}, err
			}
			if serr := h.sweep(ctx, false); serr != nil {
				return retry.Verdict{}, errors.Join(err, serr)
			}
			if h.unswept() == left {
				return retry.Verdict{Again: true}, err // it can't be seen yet
			}
		}
	})
	return secret, err
}

// fate is what became of a token in Retire.
type fate int

const (
	unsettled fate = iota
	absent         // not found, which can be the lag of a read
	deleted
)

// sweep deletes the tokens in Retire that aren't known to be deleted. It waits
// for a predecessor to be found if wait is set.
func (h *hold) sweep(ctx context.Context, wait bool) (err error) {
	for _, x := range h.record.Retire {
		if h.fate[x.Name] == deleted {
			continue
		}
		if h.fate[x.Name], err = h.destroy(ctx, x.Name, wait && x.Predecessor); err != nil {
			return err
		}
	}
	return nil
}

// unswept is the number of tokens in Retire that aren't known to be deleted.
func (h *hold) unswept() (n int) {
	for _, x := range h.record.Retire {
		if h.fate[x.Name] != deleted {
			n++
		}
	}
	return n
}

// cleared is a record without the names in Retire that are settled.
func (h *hold) cleared(r record) record {
	var gone, lagging []Name
	for _, x := range r.Retire {
		switch f := h.fate[x.Name]; {
		case f == deleted, f == absent && h.now().Sub(x.Since) >= absence:
			gone = append(gone, x.Name)
		case f == absent:
			lagging = append(lagging, x.Name)
		}
	}
	return r.drop(gone, lagging)
}

// destroy deletes a token that the record retires.
func (h *hold) destroy(ctx context.Context, name Name, wait bool) (fate, error) {
	var f fate
	_, err := retry.Do(ctx, h.c.window(), func() (retry.Verdict, error) {
		refused := h.c.Delete(ctx, name)
		if refused == nil {
			f = deleted
			return retry.Verdict{}, nil
		}
		if !unseen(refused) && !errors.Is(refused, iamscim.ErrFailedPrecondition) {
			return retry.Verdict{}, refused
		}
		// It is deleted already, or can't be seen yet.
		got, err := h.c.get(ctx, h.op, name)
		switch {
		case err == nil && got.State == iamscim.StateDeleted:
			f = deleted
			return retry.Verdict{}, nil
		case err == nil:
			// The refusal may be right, and the read behind.
			return retry.Verdict{Again: !errors.Is(refused, iamscim.ErrPermissionDenied)}, refused
		}
		return retry.Verdict{Again: wait && unseen(err)}, err
	})
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return unsettled, err
	case errors.Is(err, iamscim.ErrNotFound):
		return absent, nil
	case unseen(err) && !wait:
		return unsettled, nil
	}
	return f, err
}

// unseen reports whether an error of a call is that of a token that doesn't
// exist or can't be read yet.
func unseen(err error) bool {
	return errors.Is(err, iamscim.ErrNotFound) || errors.Is(err, iamscim.ErrPermissionDenied)
}

// window is the policy for waiting until a change can be read.
func (c *Client) window() iamscim.RetryPolicy {
	p := c.conn.Policy()
	p.Budget, p.MaxAttempts = p.Replication, 0
	return p
}
