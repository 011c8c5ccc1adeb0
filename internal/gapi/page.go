package gapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/iamscim/iamscim"
)

// Page is one reply of a list method.
type Page[T any] struct {
	Items []T
	Next  string
}

// List iterates over all pages. fetch gets one page, "" being the first;
// convert makes the caller's type of an item, which is never nil. The sequence
// can be ranged over again, ends after its first error, and fetches no page
// that is not asked for.
func List[R, T any](ctx context.Context, op, resource string, fetch func(ctx context.Context, token string) (*Page[*R], error), convert func(*R) (*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		// A service that hands out a token twice would never end.
		seen := map[string]bool{}
		for token := ""; ; {
			page, err := fetch(ctx, token)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range page.Items {
				var converted *T
				err := errors.New("an item of the list is null")
				if item != nil {
					converted, err = convert(item)
				}
				if err != nil {
					yield(nil, BadReply(op, resource, err))
					return
				}
				if !yield(converted, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			if seen[page.Next] {
				yield(nil, BadReply(op, resource, fmt.Errorf("the page token repeats after %d pages", len(seen)+1)))
				return
			}
			seen[page.Next] = true
			token = page.Next
		}
	}
}

// BadReply is the error for a reply that decoded but does not fit the API.
func BadReply(op, resource string, err error) error {
	return &iamscim.Error{Op: op, Resource: resource, Kind: iamscim.ErrBadReply, Attempts: 1, Err: err, Remedy: remedyBadReply}
}

// Time parses a timestamp of the service; "" is the zero time.
func Time(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}

// In makes convert refuse what is not in parent: an item of another parent in a
// list is a reply to another question.
func In[R, T any, N comparable](parent N, of func(*T) N, convert func(*R) (*T, error)) func(*R) (*T, error) {
	return func(item *R) (*T, error) {
		t, err := convert(item)
		if err != nil {
			return nil, err
		}
		if got := of(t); got != parent {
			return nil, fmt.Errorf("the list has an item of %v", got)
		}
		return t, nil
	}
}
