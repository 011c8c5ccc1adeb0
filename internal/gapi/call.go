package gapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

// maxExplainTime bounds Explain.
const maxExplainTime = 30 * time.Second

// Request is one call of a generated client, and what is known about it. The reply
// is an R.
type Request[R any] struct {
	// Op and Resource stand in the errors: "scimtenant: create" and the
	// full name.
	Op, Resource string

	// Do makes one attempt. Repeating Do on one generated call value is safe.
	Do func(ctx context.Context) (*R, error)

	// Accept looks at a decoded 2xx reply; an error means that the reply is
	// not the one the API describes. Nil accepts all but a JSON null.
	Accept func(*R) error

	// Settle makes the request a write: the reply may be lost after the
	// service acted. After such an attempt the request is repeated, and if
	// the service then refuses, Settle finds out by reading what the lost
	// attempt did. Decided: its result and error are the call's. Not decided:
	// without an error the change was not made and the refusal stands, with
	// one nobody knows.
	Settle func(ctx context.Context, refusal error) (result *R, decided bool, err error)

	// Permission is what the caller needs on the resource. It stands in the
	// remedy of a refusal in place of the roles for workforce pools.
	Permission string

	// Explain may turn the error of the call, not settled, into a domain
	// error: it sets Kind and Remedy. It may read, for half a minute; it must
	// not write.
	Explain func(ctx context.Context, e *iamscim.Error)
}

// Call makes the request under the connection's policy. Its error is an
// [*iamscim.Error].
func Call[R any](ctx context.Context, c *Conn, r Request[R]) (*R, error) {
	if err := Ready(ctx, r.Op, r.Resource); err != nil {
		return nil, err
	}
	if c.unmade {
		return nil, Invalid(r.Op, r.Resource, iamscim.Violation{Field: "client", Rule: "must come from its constructor"})
	}
	var result *R
	var lost error // the last attempt whose outcome is unknown
	n := 0
	attempts, err := retry.Do(ctx, c.policy, func() (retry.Verdict, error) {
		got, class, unsent, err := attempt(ctx, c, r)
		if err == nil {
			result = got
			return retry.Verdict{}, nil
		}
		again := class != retry.Final
		if r.Settle != nil && class != retry.Refused && !answered(err) && !unsent {
			// No answer, or one that cannot be used: the change may have
			// been made. What is of an unknown kind is not repeated.
			lost = err
			again = ctx.Err() == nil && (again || badContent(err))
		}
		if r.Settle != nil && redirected(err) {
			// Something between here and the service may have had the change
			// made and sent the caller on: not to be repeated, but looked at.
			lost = err
		}
		if n++; unsent && retry.Nobody(err) && n >= retry.MaxNobody {
			again = false
		}
		if again {
			c.logger.InfoContext(ctx, "iamscim: an attempt failed and is repeated if time allows", "op", r.Op, "resource", r.Resource, "attempt", n, "error", redact.Error(err, secretsIn(ctx)...))
		}
		return retry.Verdict{Again: again, Least: after(err)}, err
	})
	if err == nil {
		return result, nil
	}
	unknown := lost != nil
	if unknown && answered(err) {
		settled, decided, serr := r.Settle(ctx, err)
		if decided {
			var typed *iamscim.Error
			if errors.As(serr, &typed) {
				typed.Attempts = attempts
			}
			return settled, serr
		}
		unknown = serr != nil
	}
	e := wrap(ctx, r.Op, r.Resource, attempts, err)
	if r.Permission != "" && e.Remedy == remedyDenied {
		e.Remedy = "grant the caller a role with " + r.Permission + " on the resource"
	}
	switch {
	case unknown && redirected(err):
		e.Err = errors.Join(e.Err, iamscim.ErrOutcomeUnknown)
		e.Remedy += "; then read the resource to see whether the change was made"
	case unknown:
		e.Kind = iamscim.ErrOutcomeUnknown
		e.Remedy = "read the resource to see whether the change was made before making it again"
	}
	if r.Explain != nil {
		// What is wrong may hit the reads too: a better text is not worth
		// another round of retries.
		brief, cancel := context.WithTimeout(ctx, maxExplainTime)
		defer cancel()
		r.Explain(brief, e)
	}
	return nil, e
}

// attempt makes the request once. An attempt that is unsent has certainly changed
// nothing.
func attempt[R any](ctx context.Context, c *Conn, r Request[R]) (result *R, class retry.Class, unsent bool, err error) {
	a := retry.Begin(ctx, c.policy)
	defer a.End()
	result, err = r.Do(a.Context())
	if err == nil {
		err = accept(result, r.Accept)
	}
	var api *googleapi.Error
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return result, retry.Final, false, nil
	case errors.As(err, &api):
		return nil, retry.Status(api.Code), false, err
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input" && ctx.Err() == nil:
		// A reply that was cut where the framing could not tell.
		return nil, retry.Ambiguous, false, err
	case badContent(err):
		return nil, retry.Final, false, err
	case c.withoutToken(a, err):
		err = a.Explain(err)
		class = retry.Final
		if ctx.Err() == nil && temporary(err) {
			class = retry.Refused
		}
		return nil, class, true, &credentialsError{err}
	}
	return nil, a.Class(err), a.Unsent(err), a.Explain(err)
}

// withoutToken reports whether an attempt failed for want of an access token.
func (c *Conn) withoutToken(a *retry.Attempt, err error) bool {
	var marked *credentialsError
	var refused *oauth2.RetrieveError
	if errors.As(err, &marked) || errors.As(err, &refused) {
		return true
	}
	// A token is asked for before the connection.
	return c.native && a.NotWritten() && !a.NoConnection()
}

// temporary reports whether credentials say that their failure will pass.
func temporary(err error) bool {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return refused.Response != nil && retry.Status(refused.Response.StatusCode) != retry.Final
	}
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// accept checks a decoded 2xx reply.
func accept[R any](reply *R, check func(*R) error) error {
	var err error
	if reply == nil {
		// The generated client decodes a JSON null to a nil pointer.
		err = errors.New("the reply is null")
	} else if check != nil {
		err = check(reply)
	}
	if err != nil {
		return &badReply{err}
	}
	return nil
}

// Ready refuses a nil or ended context before anything is sent.
func Ready(ctx context.Context, op, resource string) error {
	if ctx == nil {
		return Invalid(op, resource, iamscim.Violation{Field: "ctx", Rule: "must not be nil"})
	}
	if err := ctx.Err(); err != nil {
		return &iamscim.Error{Op: op, Resource: resource, Err: fmt.Errorf("nothing was sent: %w", err)}
	}
	return nil
}

// Invalid is the error for a request that breaks rules known beforehand.
func Invalid(op, resource string, violations ...iamscim.Violation) error {
	return &iamscim.Error{Op: op, Resource: resource, Kind: iamscim.ErrInvalidArgument, Violations: violations}
}

// badReply marks a 2xx reply that decoded but is not what was asked for.
type badReply struct{ err error }

func (b *badReply) Error() string { return b.err.Error() }
func (b *badReply) Unwrap() error { return b.err }

// answered reports whether the service gave an answer that settles what this
// attempt did: any status that does not pass.
func answered(err error) bool {
	var api *googleapi.Error
	return errors.As(err, &api) && retry.Status(api.Code) == retry.Final
}

// redirected reports whether the answer was a redirect.
func redirected(err error) bool {
	var api *googleapi.Error
	return errors.As(err, &api) && api.Code >= 300 && api.Code < 400
}

// after is the pause the service asked for.
func after(err error) time.Duration {
	var api *googleapi.Error
	if !errors.As(err, &api) {
		return 0
	}
	return max(retry.After(api.Header, time.Now()), parseModel(api).retryDelay())
}

// Named returns an Accept function for replies that must carry the name want.
func Named[R any](want string, name func(*R) string) func(*R) error {
	return func(reply *R) error {
		switch got := name(reply); got {
		case want:
			return nil
		case "":
			return errors.New("the reply has no resource name")
		default:
			return fmt.Errorf("the reply is about %q", got)
		}
	}
}
