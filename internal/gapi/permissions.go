package gapi

import (
	"context"
	"fmt"
	"slices"
)

// Permissions makes a call of testIamPermissions, and returns those of the permissions
// that it answers with: granted reads them off a reply.
func Permissions[R any](ctx context.Context, c *Conn, op, resource string, permissions []string, do func(context.Context) (*R, error), granted func(*R) []string) ([]string, error) {
	got, err := Call(ctx, c, Request[R]{
		Op: op, Resource: resource, Do: do,
		Accept: func(r *R) error { return asked(permissions, granted(r)) },
	})
	if err != nil {
		return nil, err
	}
	return granted(got), nil
}

// asked returns an error if a reply has a permission that wasn't asked for.
func asked(permissions, got []string) error {
	for _, p := range got {
		if !slices.Contains(permissions, p) {
			return fmt.Errorf("the reply has the permission %q, which was not asked for", p)
		}
	}
	return nil
}
