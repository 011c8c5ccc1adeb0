package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// proof is what reading says about a change.
type proof int

const (
	unknowable proof = iota // reading cannot tell
	proven                  // the change is there
	refuted                 // it is not
)

// prover reads what a change should have led to, in at most so many attempts
// at each request. e is how the change ended, nil if well.
type prover func(ctx context.Context, e *Error, maxAttempts int) (proof, error)

// send sends a change and settles, by prove, what a lost reply leaves open.
func (s *endpoint[T]) send(ctx context.Context, r request, o writeOptions, prove prover) error {
	r.ifMatch = o.ifMatch
	out, err := s.c.do(ctx, r)
	if err == nil {
		if o.readBack {
			return s.readBack(ctx, r, out, prove)
		}
		return nil
	}
	e := asError(err)
	// A refusal says nothing about the attempts before it, and one of them may have
	// done it: 404 after a delete, noTarget after a remove, 412 after any change.
	refused := e.Status >= 400 && e.Status <= 499 && retry.Status(e.Status) == retry.Final
	if !out.lost && !(refused && out.seen > 1) {
		return e
	}
	var p proof
	var perr error
	if ctx.Err() == nil {
		p, perr = prove(ctx, e, settleAttempts)
	}
	switch {
	case p == proven:
		return nil
	case p == refuted && refused && perr == nil:
		return e
	}
	e.unknown()
	if p == refuted {
		e.Err = fmt.Errorf("%w; the change is not to be seen so far", e.Err)
	}
	if perr != nil {
		e.Err = fmt.Errorf("%w; reading it: %w", e.Err, within(perr))
	}
	return e
}

// readBack waits until the change can be read.
func (s *endpoint[T]) readBack(ctx context.Context, r request, out outcome, prove prover) error {
	policy := s.c.retry
	policy.Budget = policy.Replication
	n, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		p, err := prove(ctx, nil, 0)
		if p != proven && (err == nil || p == refuted) {
			err = r.fail(ErrNotApplied, err)
		}
		return retry.Verdict{Again: errors.Is(err, ErrNotApplied)}, err
	})
	if err == nil {
		return nil
	}
	e := r.fail(nil, err)
	e.Attempts = out.attempts
	if errors.Is(err, ErrNotApplied) {
		e.Kind, e.Err = ErrNotApplied, fmt.Errorf("the service reported success, and %d reads since don't show it", n)
		if errors.Is(err, ErrUnproven) {
			e.Err = fmt.Errorf("%w: %w", e.Err, ErrUnproven)
		}
		if ctx.Err() != nil {
			e.Err = fmt.Errorf("%w: %w", e.Err, ctx.Err())
		}
		return e
	}
	e.Err = fmt.Errorf("the service reported success; reading it back: %w", within(err))
	return e
}

// replace sends body for the resource with the id and returns the resource as
// it is then.
func (s *endpoint[T]) replace(ctx context.Context, id string, body []byte, password iamscim.Secret, opts []WriteOption) (*T, error) {
	op := s.op("Replace")
	path, err := s.at(id)
	if err != nil {
		return nil, invalid(op, s.kind, "%w", err)
	}
	o, err := writeOptionsOf(opts)
	if err != nil {
		return nil, invalid(op, s.resource(id), "%w", err)
	}
	var got *T
	r := request{
		op: op, resource: s.resource(id), method: http.MethodPut, path: path, body: body, password: password,
		one: true, repeat: true, decode: s.decodeInto(&got, id),
	}
	prove := func(ctx context.Context, _ *Error, maxAttempts int) (proof, error) {
		now, err := s.get(ctx, op, id, maxAttempts, nil)
		if err != nil {
			return unknowable, err
		}
		differ, err := differences(body, s.head(now).doc.text)
		if err != nil || len(differ) > 0 {
			return refuted, err
		}
		got = now
		return proven, nil
	}
	if err := s.send(ctx, r, o, prove); err != nil {
		asError(err).scrub(password.Reveal())
		return nil, err
	}
	s.compare(ctx, op, got, body)
	return got, nil
}

// patch sends a patch for the resource with the id.
func (s *endpoint[T]) patch(ctx context.Context, op, id string, patch *Patch, opts []WriteOption) error {
	path, err := s.at(id)
	if err != nil {
		return invalid(op, s.kind, "%w", err)
	}
	body, err := patch.MarshalJSON()
	if err != nil {
		return invalid(op, s.resource(id), "%w", err)
	}
	o, err := writeOptionsOf(opts)
	if err == nil && o.readBack && !patch.provable() {
		err = errors.New("ReadBack: what this patch does cannot be read: it has a value filter other than \"eq\", or an operation on all members")
	}
	if err != nil {
		return invalid(op, s.resource(id), "%w", err)
	}
	r := request{
		op: op, resource: s.resource(id), method: http.MethodPatch, path: path, body: body,
		one: true, repeat: patch.repeatable(), decode: patched(id),
	}
	return s.send(ctx, r, o, func(ctx context.Context, _ *Error, maxAttempts int) (proof, error) {
		return s.provePatch(ctx, op, id, patch, maxAttempts)
	})
}

// patched accepts the two replies of RFC 7644 section 3.5.2: 204, and 200 with
// the resource, which may be long.
func patched(id string) func(*reply) error {
	return func(rep *reply) error {
		if rep.status == http.StatusNoContent {
			return nil
		}
		var got struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(rep.body, &got); err != nil {
			return err
		}
		switch got.ID {
		case id:
			return nil
		case "":
			return errors.New("not a resource: it has no id")
		}
		return errors.New("the reply is about another resource")
	}
}

// delete deletes the resource with the id.
func (s *endpoint[T]) delete(ctx context.Context, id string, opts []WriteOption) error {
	op := s.op("Delete")
	path, err := s.at(id)
	if err != nil {
		return invalid(op, s.kind, "%w", err)
	}
	o, err := writeOptionsOf(opts)
	if err != nil {
		return invalid(op, s.resource(id), "%w", err)
	}
	r := request{op: op, resource: s.resource(id), method: http.MethodDelete, path: path, one: true, repeat: true}
	r.decode = func(rep *reply) error {
		if rep.status != http.StatusNoContent {
			return errors.New("a delete is answered with 204")
		}
		return nil
	}
	return s.send(ctx, r, o, func(ctx context.Context, e *Error, maxAttempts int) (proof, error) {
		if e != nil && e.Kind == ErrNotFound {
			return proven, nil
		}
		_, err := s.get(ctx, op, id, maxAttempts, nil)
		switch {
		case errors.Is(err, ErrNotFound):
			return proven, nil
		case err != nil:
			return unknowable, err
		}
		return refuted, nil
	})
}
