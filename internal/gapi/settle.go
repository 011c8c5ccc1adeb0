package gapi

import (
	"context"
	"errors"
	"net/http"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// errUnseen is a read that does not show the change it should show.
var errUnseen = errors.New("reads still show what was there before")

// Visible reads a resource that was just created or changed until it can be
// read and, where seen is not nil, seen says that it shows the change: the
// service replicates within 80 s, and until then answers "not found",
// "permission denied" or what was there before. The error, when the policy's
// replication window or ctx ends first, is [iamscim.ErrNotVisible]; the result
// is then what was read last, if anything was.
func Visible[T any](ctx context.Context, c *Conn, op, resource string, get func(ctx context.Context) (*T, error), seen func(*T) bool) (*T, error) {
	var last *T
	attempts, err := retry.Do(ctx, c.window(), func() (retry.Verdict, error) {
		if err := ctx.Err(); err != nil {
			return retry.Verdict{}, err
		}
		got, err := get(ctx)
		switch {
		case err != nil:
			return retry.Verdict{Again: notYet(err)}, err
		case seen != nil && !seen(got):
			last = got
			return retry.Verdict{Again: true}, errUnseen
		}
		last = got
		return retry.Verdict{}, nil
	})
	if err == nil {
		return last, nil
	}
	return last, &iamscim.Error{
		Op: op, Resource: resource, Kind: iamscim.ErrNotVisible, Attempts: total(attempts, err), Err: cause(ctx, err),
		Remedy: "get the resource later",
	}
}

// Settled finds out, for Settle, what a lost attempt left: made says whether
// the resource that was read shows it. A replica that is behind must not be
// taken for an answer, so where the refusal may be the lost attempt's own
// doing, Settled reads on until made is content or the policy's replication
// window ends. Not decided without an error, the refusal stands.
func Settled[R any](ctx context.Context, c *Conn, refusal error, read func(ctx context.Context) (*R, error), made func(*R) (bool, error)) (result *R, decided bool, err error) {
	exists, changed := suspect(refusal)
	var verdict error
	_, err = retry.Do(ctx, c.window(), func() (retry.Verdict, error) {
		got, err := read(ctx)
		if err != nil {
			return retry.Verdict{Again: exists && notYet(err)}, err
		}
		result = got
		if decided, verdict = made(got); decided {
			return retry.Verdict{}, nil
		}
		return retry.Verdict{Again: changed}, errUnseen
	})
	switch {
	case decided:
		return result, true, verdict
	case err == nil || ctx.Err() != nil:
		return nil, false, err
	case errors.Is(err, errUnseen):
		return nil, false, nil
	case errors.Is(err, iamscim.ErrNotFound) && !taken(refusal):
		return nil, false, nil
	}
	return nil, false, err
}

// suspect reports what the refusal of a repeated request may be due to, if the
// attempt before it was carried out: exists, that the resource is there now
// (409, or 400 FAILED_PRECONDITION for a limit that it uses up); changed, that
// it is in another state now (these, and 404 for one that is deleted now).
func suspect(refusal error) (exists, changed bool) {
	var api *googleapi.Error
	if !errors.As(refusal, &api) {
		return false, false
	}
	exists = api.Code == http.StatusConflict || api.Code == http.StatusBadRequest && parseModel(api).status == "FAILED_PRECONDITION"
	return exists, exists || api.Code == http.StatusNotFound
}

// taken reports whether the refusal is that something is there already.
func taken(refusal error) bool {
	var api *googleapi.Error
	return errors.As(refusal, &api) && api.Code == http.StatusConflict
}

// window is the policy for waiting until a change is visible.
func (c *Conn) window() iamscim.RetryPolicy {
	p := c.policy
	p.Budget = p.Replication
	p.MaxAttempts = 0
	return p
}

// notYet reports whether a read of something fresh may succeed later.
func notYet(err error) bool {
	return errors.Is(err, iamscim.ErrNotFound) || errors.Is(err, iamscim.ErrPermissionDenied)
}

// cause is what is behind the error of a read that stands for something else:
// without the kind of the read, which would be taken for that of the call.
func cause(ctx context.Context, err error) error {
	inner := err
	var typed *iamscim.Error
	if errors.As(err, &typed) && typed.Err != nil {
		inner = typed.Err
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(inner, ended) {
		return errors.Join(inner, ended)
	}
	return inner
}

// total is the number of attempts of a loop of calls that ended in err: one
// each, and those of the last call.
func total(calls int, err error) int {
	var typed *iamscim.Error
	if errors.As(err, &typed) && typed.Attempts > 1 {
		return calls - 1 + typed.Attempts
	}
	return calls
}
