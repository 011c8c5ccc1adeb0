package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/resname"
)

// OperationName is the name of a long-running operation on a pool or provider:
// the resource's name followed by /operations/OPERATION.
type OperationName struct {
	pool     PoolName
	provider string // "" for an operation on the pool
	id       string
}

// ParseOperationName parses the name of an operation on a pool or a provider.
func ParseOperationName(name string) (OperationName, error) {
	kinds := []resname.Kind{resname.Location, resname.Pool, resname.Provider, resname.Operation}
	if strings.Count(name, "/") < 2*len(kinds)-1 {
		kinds = slices.Delete(kinds, 2, 3)
	}
	ids, err := resname.Parse(name, kinds...)
	if err != nil {
		return OperationName{}, fmt.Errorf("provider: operation name %w", err)
	}
	n := OperationName{pool: PoolName{location: ids[0], pool: ids[1]}, id: ids[len(ids)-1]}
	if len(ids) == 4 {
		n.provider = ids[2]
	}
	return n, nil
}

// IsZero reports whether n names no operation.
func (n OperationName) IsZero() bool { return n == OperationName{} }

// String returns the full name, "" for the zero OperationName.
func (n OperationName) String() string {
	if n.IsZero() {
		return ""
	}
	parent := n.pool.String()
	if n.provider != "" {
		parent = resname.Join(parent, resname.Provider, n.provider)
	}
	return resname.Join(parent, resname.Operation, n.id)
}

// MarshalText returns the full name.
func (n OperationName) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText parses a full name; an empty text is the zero OperationName.
func (n *OperationName) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*n = OperationName{}
		return nil
	}
	parsed, err := ParseOperationName(string(text))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

// Wait waits until an operation is done, polling it. It returns nil when the
// operation succeeded, [iamscim.ErrOperationFailed] when it failed, and ctx's
// error when ctx ended first.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/operations/OPERATION
//	GET /v1/locations/LOCATION/workforcePools/POOL/operations/OPERATION
func (c *Client) Wait(ctx context.Context, name OperationName) error {
	c = c.made()
	const op = "provider: wait"
	if name.IsZero() {
		return gapi.Required(op, "name")
	}
	if err := gapi.Ready(ctx, op, name.String()); err != nil {
		return err
	}
	return c.await(ctx, op, name)
}

func (c *Client) await(ctx context.Context, op string, name OperationName) error {
	// The generated method for a provider's operations sends whatever name
	// it is given, so it serves the pool's operations too.
	return gapi.Await(ctx, c.conn, op, name.String(), gapi.Do(c.operations.Get(name.String())))
}
