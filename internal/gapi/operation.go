package gapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/redact"
	"github.com/iamscim/iamscim/internal/retry"
)

// errPending is an operation that is not done yet.
var errPending = errors.New("the operation is not done yet")

// Await polls a long-running operation until it is done. The operations of
// this API carry no result: read the resource afterwards.
//
// A fresh operation may be unknown to the replica that is asked, and a reader
// may lack permission on a pool that is not replicated yet: within the policy's
// replication window both mean "not yet". Polls begin at once and slow down
// from a quarter of the policy's first pause.
func Await(ctx context.Context, c *Conn, op, name string, get func(ctx context.Context) (*iam.Operation, error)) error {
	poll := c.policy
	poll.Initial /= 4
	poll.Max = max(poll.Max/4, poll.Initial)
	poll.MaxAttempts = 0
	begin := time.Now()
	attempts, err := retry.Do(ctx, poll, func() (retry.Verdict, error) {
		operation, err := Call(ctx, c, Request[iam.Operation]{
			Op: op, Resource: name, Do: get,
			Accept: Named(name, func(o *iam.Operation) string { return o.Name }),
		})
		switch {
		case err != nil:
			return retry.Verdict{Again: notYet(err) && time.Since(begin) < c.policy.Replication}, err
		case !operation.Done:
			return retry.Verdict{Again: true}, errPending
		case operation.Error != nil:
			return retry.Verdict{}, &iamscim.Error{
				Op: op, Resource: name, Kind: iamscim.ErrOperationFailed,
				Err: fmt.Errorf("%s (code %d)", redact.Text(operation.Error.Message, secretsIn(ctx)...), operation.Error.Code),
			}
		}
		return retry.Verdict{}, nil
	})
	if err == nil || errors.Is(err, iamscim.ErrOperationFailed) {
		return err
	}
	e := &iamscim.Error{Op: op, Resource: name, Attempts: total(attempts, err), Err: cause(ctx, err), Remedy: "it may still go on at the service: wait for the operation again"}
	var typed *iamscim.Error
	if errors.As(err, &typed) {
		e.Kind = typed.Kind
	}
	return e
}
