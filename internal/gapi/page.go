package gapi

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/iamscim/iamscim"
)

// What a list may cost. A pool has 200 providers, and a tenant two tokens beside
// those deleted in the last 30 days, so nothing real comes near.
const (
	maxPages     = 1000
	maxPageToken = 4 << 10 // bytes
)

// pages iterates over all pages. fetch gets one page, "" being the first; convert
// makes the caller's type of an item. The sequence can be ranged over again, ends
// after its first error, and fetches no page that is not asked for. A service that
// repeats a token or never ends is an error.
func pages[R, T any](ctx context.Context, op, resource string, fetch func(ctx context.Context, token string) (items []*R, next string, err error), convert func(*R) (*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := map[string]bool{}
		bad := func(err error) { yield(nil, BadReply(op, resource, err)) }
		for token := ""; ; {
			items, next, err := fetch(ctx, token)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(items) > maxPageSize {
				bad(fmt.Errorf("a page has %d items, at most %d were asked for", len(items), maxPageSize))
				return
			}
			for _, item := range items {
				converted, err := convert(item)
				if err != nil {
					bad(err)
					return
				}
				if !yield(converted, nil) {
					return
				}
			}
			switch {
			case next == "":
				return
			case len(next) > maxPageToken:
				bad(fmt.Errorf("a page token has %d bytes, at most %d are kept", len(next), maxPageToken))
				return
			case seen[next]:
				bad(fmt.Errorf("the page token repeats after %d pages", len(seen)+1))
				return
			case len(seen) == maxPages:
				bad(fmt.Errorf("the list does not end after %d pages", maxPages))
				return
			}
			seen[next] = true
			token = next
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
