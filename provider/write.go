package provider

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// change is a write of a provider, which the service answers with an operation.
type change struct {
	do      func(context.Context) (*iam.Operation, error)
	settle  func(ctx context.Context, refusal error) (*iam.Operation, bool, error)
	explain func(context.Context, *iamscim.Error)
	secrets []iamscim.Secret

	// seen reports whether a provider that was read shows the change.
	seen func(*Provider) bool
}

// write makes a change, waits for its operation and reads the provider, which the
// operation does not carry, until it shows the change.
func (c *Client) write(ctx context.Context, op string, name Name, ch change) (*Provider, error) {
	ctx = gapi.WithSecrets(ctx, ch.secrets...)
	if err := c.operate(ctx, op, name.String(), ch, OperationName{pool: name.pool, provider: name.provider}); err != nil {
		return nil, err
	}
	got, err := c.provider.Visible(ctx, op, name, ch.seen)
	if err != nil {
		return nil, err
	}
	return got, nil
}

// operate makes a change and waits for its operation, which must be one like on.
func (c *Client) operate(ctx context.Context, op, resource string, ch change, on OperationName) error {
	var begun OperationName
	operation, err := gapi.Call(ctx, c.conn, gapi.Request[iam.Operation]{
		Op: op, Resource: resource, Do: ch.do, Settle: ch.settle, Explain: ch.explain,
		Accept: func(o *iam.Operation) error {
			var err error
			if begun, err = ParseOperationName(o.Name); err != nil {
				return fmt.Errorf("the reply is no operation: %w", err)
			}
			if on.id = begun.id; begun != on {
				return fmt.Errorf("the reply is the operation %s on another resource", begun)
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	if operation == doneOperation {
		return nil
	}
	if err := c.await(ctx, op, begun); err != nil {
		return &OperationError{Name: begun, Err: err}
	}
	return nil
}

// transition is a delete or an undelete: done when the provider is in state.
func (c *Client) transition(ctx context.Context, op string, name Name, state iamscim.State, explain func(context.Context, *iamscim.Error), do func(context.Context) (*iam.Operation, error)) (*Provider, error) {
	if name.IsZero() {
		return nil, gapi.Required(op, "name")
	}
	seen := inState(state)
	made := func(got *Provider) (bool, error) { return seen(got), nil }
	return c.write(ctx, op, name, change{do: do, explain: explain, settle: c.settle(op, name, made), seen: seen})
}

func inState(state iamscim.State) func(*Provider) bool {
	return func(got *Provider) bool { return got.State == state }
}

// doneOperation stands for the operation of a lost reply that turned out to
// have done its work.
var doneOperation = &iam.Operation{Done: true}

// settle returns a Settle function that reads the provider back and lets made
// say whether it shows what the lost attempt did.
func (c *Client) settle(op string, name Name, made func(*Provider) (bool, error)) func(context.Context, error) (*iam.Operation, bool, error) {
	read := c.provider.Settle(op, name, made)
	return func(ctx context.Context, refusal error) (*iam.Operation, bool, error) {
		_, decided, err := read(ctx, refusal)
		return doneOperation, decided, err
	}
}

// settleUpdate is settle for an update. Where it sets a client secret, no
// reading can tell whether it was made.
func (c *Client) settleUpdate(op string, req UpdateRequest) func(context.Context, error) (*iam.Operation, bool, error) {
	if len(req.secrets()) > 0 {
		return func(context.Context, error) (*iam.Operation, bool, error) {
			return nil, false, errors.New("client secrets cannot be read back")
		}
	}
	return c.settle(op, req.Name, func(got *Provider) (bool, error) { return req.applied(got), nil })
}
