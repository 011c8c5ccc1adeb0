package gapi

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
)

// Name is the name of a resource.
type Name interface {
	comparable
	String() string
	IsZero() bool
}

// Resource is how one kind of resource is read and written: N is its name, R its
// shape in the API and T what callers get. The same reads serve a client's Get, the
// settling of a lost reply, and waiting until a change is visible.
type Resource[N Name, R, T any] struct {
	Conn   *Conn
	NameOf func(*R) string
	From   func(*R) (*T, error)

	// Getter returns the generated call that reads the resource, as [Do] of it.
	Getter func(name string) func(ctx context.Context) (*R, error)
}

// Do is an attempt at a generated call.
func Do[C interface {
	Context(context.Context) C
	Do(...googleapi.CallOption) (*R, error)
}, R any](call C) func(ctx context.Context) (*R, error) {
	return func(ctx context.Context) (*R, error) { return call.Context(ctx).Do() }
}

// Required is the error for an argument that was not given.
func Required(op, field string) error {
	return Invalid(op, "", iamscim.Violation{Field: field, Rule: "required"})
}

// Get reads a resource.
func (k *Resource[N, R, T]) Get(ctx context.Context, op string, name N) (*T, error) {
	if name.IsZero() {
		return nil, Required(op, "name")
	}
	got, err := k.read(ctx, op, name)
	if err != nil {
		return nil, err
	}
	return k.convert(op, got)
}

func (k *Resource[N, R, T]) read(ctx context.Context, op string, name N) (*R, error) {
	return Call(ctx, k.Conn, Request[R]{
		Op: op, Resource: name.String(),
		Do: k.Getter(name.String()), Accept: Named(name.String(), k.NameOf),
	})
}

func (k *Resource[N, R, T]) convert(op string, got *R) (*T, error) {
	t, err := k.From(got)
	if err != nil {
		return nil, BadReply(op, k.NameOf(got), err)
	}
	return t, nil
}

// Change is a write of a resource that the service answers with the resource.
type Change[R, T any] struct {
	Do func(ctx context.Context) (*R, error)

	// Made says whether a resource that was read shows what the change asked
	// for. An error makes that the outcome of the call.
	Made func(*T) (bool, error)

	// Explain is that of a [Request].
	Explain func(ctx context.Context, e *iamscim.Error)

	// Accept is that of a [Request], beyond the resource's name.
	Accept func(*R) error
}

// Write makes a change and returns the resource as the service replied with it.
func (k *Resource[N, R, T]) Write(ctx context.Context, op string, name N, change Change[R, T]) (*T, error) {
	got, err := k.Raw(ctx, op, name, change)
	if err != nil {
		return nil, err
	}
	return k.convert(op, got)
}

// Raw is Write for a caller that needs more of the reply.
func (k *Resource[N, R, T]) Raw(ctx context.Context, op string, name N, change Change[R, T]) (*R, error) {
	if name.IsZero() {
		return nil, Required(op, "name")
	}
	named := Named(name.String(), k.NameOf)
	return Call(ctx, k.Conn, Request[R]{
		Op: op, Resource: name.String(), Do: change.Do, Explain: change.Explain, Settle: k.Settle(op, name, change.Made),
		Accept: func(got *R) error {
			if err := named(got); err != nil || change.Accept == nil {
				return err
			}
			return change.Accept(got)
		},
	})
}

// Settle returns the Settle function of a [Request]: it reads the resource back and
// lets made say whether it shows what the lost attempt did. A resource that isn't
// there shows that it did nothing.
func (k *Resource[N, R, T]) Settle(op string, name N, made func(*T) (bool, error)) func(context.Context, error) (*R, bool, error) {
	return func(ctx context.Context, refusal error) (*R, bool, error) {
		read := func(ctx context.Context) (*R, error) { return k.read(ctx, op, name) }
		return Settled(ctx, k.Conn, refusal, read, func(got *R) (bool, error) {
			t, err := k.convert(op, got)
			if err != nil {
				return true, err
			}
			return made(t)
		})
	}
}

// Visible reads a resource that was just created or changed until it can be read
// and, where seen is not nil, shows the change: see [Visible].
func (k *Resource[N, R, T]) Visible(ctx context.Context, op string, name N, seen func(*T) bool) (*T, error) {
	return Visible(ctx, k.Conn, op, name.String(), func(ctx context.Context) (*T, error) { return k.Get(ctx, op, name) }, seen)
}

// maxPageSize is the most that the service returns on a page.
const maxPageSize = 100

// List iterates over the resources in parent. call is the generated method, page
// takes a reply apart, and parentOf guards against a reply to another question.
func List[P, N Name, L, R, T any, C interface {
	PageSize(int64) C
	PageToken(string) C
	ShowDeleted(bool) C
	Context(context.Context) C
	Do(...googleapi.CallOption) (*L, error)
}](ctx context.Context, k *Resource[N, R, T], op string, parent P, opts iamscim.ListOptions,
	call func(parent string) C, page func(*L) (items []*R, next string), parentOf func(*T) P) iter.Seq2[*T, error] {
	if parent.IsZero() {
		return func(yield func(*T, error) bool) { yield(nil, Required(op, "parent")) }
	}
	fetch := func(ctx context.Context, token string) ([]*R, string, error) {
		got, err := Call(ctx, k.Conn, Request[L]{
			Op: op, Resource: parent.String(),
			Do: Do(call(parent.String()).PageSize(maxPageSize).PageToken(token).ShowDeleted(opts.ShowDeleted)),
		})
		if err != nil {
			return nil, "", err
		}
		items, next := page(got)
		return items, next, nil
	}
	return pages(ctx, op, parent.String(), fetch, func(item *R) (*T, error) {
		if item == nil {
			return nil, errors.New("an item of the list is null")
		}
		t, err := k.From(item)
		if err != nil {
			return nil, err
		}
		if got := parentOf(t); got != parent {
			return nil, fmt.Errorf("the list has an item of %v", got)
		}
		return t, nil
	})
}
