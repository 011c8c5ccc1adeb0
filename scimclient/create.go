package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// settleAttempts bounds the requests that look for what a lost reply would
// have told.
const settleAttempts = 4

// create sends body, which holds name under the endpoint's unique attribute.
//
// A POST is sent again only after 429 and when no connection was made. After
// any other failure that leaves open whether the server acted, the resource is
// looked up by its name, and it's the one if it has all of body.
func (s *endpoint[T]) create(ctx context.Context, name string, body []byte, password iamscim.Secret) (*T, error) {
	got, err := s.createAndSettle(ctx, name, body, password)
	if e := asError(err); e != nil {
		e.scrub(password.Reveal())
	}
	return got, err
}

func (s *endpoint[T]) createAndSettle(ctx context.Context, name string, body []byte, password iamscim.Secret) (*T, error) {
	op := s.op("Create")
	if name == "" {
		return nil, invalid(op, s.kind, "the %s is empty", s.name)
	}
	var got *T
	r := request{op: op, resource: s.kind, method: http.MethodPost, path: s.path, body: body, password: password}
	r.decode = func(rep *reply) error {
		if err := s.decodeInto(&got, "")(rep); err != nil {
			return err
		}
		// A server may change the name: trim it, normalize it, prefix it. 201
		// says that this is the resource it made.
		if h := s.head(got); rep.status != http.StatusCreated && h.name != "" && !strings.EqualFold(h.name, name) {
			return errors.New("the reply is about another resource")
		}
		return nil
	}
	out, err := s.c.do(ctx, r)
	e := asError(err)
	switch {
	case err == nil:
		s.compare(ctx, op, got, body)
		return got, nil
	case out.lost:
		return s.settleCreate(ctx, e, name, body)
	case errors.Is(e, ErrConflict):
		var found *T
		found, e.Conflict = s.inTheWay(ctx, name, body)
		if e.Conflict == nil {
			e.Remedy = "which resource is in the way could not be found out"
		} else if e.Conflict.Same && out.seen > 1 {
			// An attempt before this one has made it after all.
			return found, nil
		}
	}
	return nil, e
}

// compare notes what the server made otherwise than body, for Altered and the log.
func (s *endpoint[T]) compare(ctx context.Context, op string, got *T, body []byte) {
	h := s.head(got)
	differ, err := differences(body, h.doc.text)
	if err != nil || len(differ) == 0 {
		return
	}
	h.doc.altered = differ
	s.c.log.InfoContext(ctx, "scimclient: the server made other values than were sent", "op", op, "resource", s.resource(h.id), "attributes", differ)
}

// settleCreate finds out what became of a create after its reply was lost.
func (s *endpoint[T]) settleCreate(ctx context.Context, e *Error, name string, body []byte) (*T, error) {
	e.unknown()
	e.Remedy = fmt.Sprintf("look for it with %ss.Find before creating it again", s.kind)
	if ctx.Err() != nil {
		return nil, e
	}
	var found *T
	policy := s.c.retry
	policy.MaxAttempts, policy.Budget = settleAttempts, policy.Replication
	_, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		var err error
		found, err = s.lookUp(ctx, e.opName(), name, 1, nil)
		// It may also be there and not yet to be seen.
		again := errors.Is(err, ErrNotFound) || errors.Is(err, iamscim.ErrUnavailable) || errors.Is(err, ErrThrottled)
		return retry.Verdict{Again: again}, err
	})
	if errors.Is(err, ErrNotFound) {
		e.Err = fmt.Errorf("%w; looked up %d times and not found", e.Err, settleAttempts)
		return nil, e
	}
	if err != nil {
		e.Err = fmt.Errorf("%w; looking it up: %w", e.Err, within(err))
		return nil, e
	}
	h := s.head(found)
	differ, err := differences(body, h.doc.text)
	if err != nil {
		return nil, e
	}
	if len(differ) == 0 {
		return found, nil
	}
	e.Err = fmt.Errorf("%w: %w", ErrConflict, e.Err)
	e.Conflict = &Conflict{ID: h.id, Differs: differ}
	e.Remedy = "compare it with what was to be created"
	return nil, e
}

// inTheWay returns the resource in the way of a create that was answered 409,
// and what is known of it; the Conflict is nil if that couldn't be found out.
func (s *endpoint[T]) inTheWay(ctx context.Context, name string, body []byte) (*T, *Conflict) {
	found, err := s.lookUp(ctx, s.op("Create"), name, settleAttempts, nil)
	if errors.Is(err, ErrNotFound) {
		// Not this name, then: google.subject or google.group must be unique
		// as well, and may be mapped from externalId.
		found, err = s.findExternal(ctx, body)
	}
	if err != nil {
		return nil, nil
	}
	if found == nil {
		return nil, &Conflict{}
	}
	h := s.head(found)
	differ, err := differences(body, h.doc.text)
	if err != nil {
		return nil, nil
	}
	return found, &Conflict{ID: h.id, Same: len(differ) == 0, Differs: differ}
}

// findExternal looks for the externalId of body; nil if there is none to look
// for, or none found. The service does not document this filter: its refusal
// is no finding.
func (s *endpoint[T]) findExternal(ctx context.Context, body []byte) (*T, error) {
	var want struct {
		ExternalID string `json:"externalId"`
	}
	if json.Unmarshal(body, &want) != nil || want.ExternalID == "" {
		return nil, nil
	}
	f := Eq("externalId", want.ExternalID)
	if f.err() != nil {
		return nil, nil
	}
	p, err := s.fetch(ctx, s.op("Create"), query(f, readOptions{}), settleAttempts)
	if errors.Is(err, iamscim.ErrInvalidArgument) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, r := range p.resources {
		if h := s.head(r); h.id != "" && h.externalID == want.ExternalID {
			return r, nil
		}
	}
	return nil, nil
}

// unknown makes e say that it is not known whether the server acted.
func (e *Error) unknown() {
	switch {
	case e.Kind == nil:
	case e.Err == nil:
		e.Err = e.Kind
	default:
		e.Err = fmt.Errorf("%w: %w", e.Kind, e.Err)
	}
	e.Kind = iamscim.ErrOutcomeUnknown
}

// opName is Op without the package.
func (e *Error) opName() string { return strings.TrimPrefix(e.Op, "scimclient: ") }
