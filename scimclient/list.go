package scimclient

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/iamscim/iamscim"
)

const (
	// pageSize is asked for, and is what the service returns at most.
	pageSize = 100

	// maxPages bounds a list: ten million resources in pages of 100.
	maxPages = 100_000
)

func (s *endpoint[T]) list(ctx context.Context, op string, filter Filter, opts []ReadOption) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		o, err := readOptionsOf(opts)
		if err == nil {
			err = filter.err()
		}
		if err != nil {
			yield(nil, invalid(op, s.kind, "%w", err))
			return
		}
		l := lister[T]{s: s, op: op, filter: filter, options: o, maxPages: maxPages}
		if err := l.run(ctx, yield); err != nil {
			yield(nil, err)
		}
	}
}

// A lister reads one list, page by page.
//
// By RFC 7644 section 3.4.2.4 a client asks for the page at startIndex until it
// has seen totalResults. The service ignores startIndex, starts every reply at
// 1, returns at most 100 and gives as totalResults what it returns. So a list has
// ended if its total counts more than a page and all of that was read, or if
// a page isn't full. The page after a full one decides.
type lister[T any] struct {
	s           *endpoint[T]
	op          string
	filter      Filter
	options     readOptions
	maxPages    int
	maxAttempts int // at each request; 0 leaves that to the policy

	rows     int             // yielded
	first    map[string]bool // ids of the first page
	last     map[string]bool // ids of the page before
	attempts int             // at the page before
	counted  bool            // a total was more than the rows of its page
	shaky    string          // why rows may be missing although the end was reached
}

// errStopped: the caller needs no more.
var errStopped = errors.New("stopped")

// run yields the resources. Its error ends the list.
func (l *lister[T]) run(ctx context.Context, yield func(*T, error) bool) error {
	err := l.pages(ctx, yield)
	switch {
	case errors.Is(err, errStopped):
		return nil
	case err == nil && l.shaky != "":
		return l.truncated(l.shaky)
	}
	return err
}

func (l *lister[T]) pages(ctx context.Context, yield func(*T, error) bool) error {
	p, err := l.page(ctx, 1)
	if err != nil {
		return err
	}
	if err := l.take(p, yield); err != nil {
		return err
	}
	l.first = l.last
	at := 1 + len(p.resources)
	for n := 1; ; n++ {
		if at > p.total && (l.counted || !l.full(ctx, p)) {
			return nil
		}
		if len(p.resources) == 0 {
			return l.truncated(fmt.Sprintf("%d are announced and none came at index %d", p.total, at))
		}
		if n >= l.maxPages {
			return l.truncated(fmt.Sprintf("it has more than %d pages", l.maxPages))
		}
		claimed := p.total
		if p, err = l.page(ctx, at); err != nil {
			return err
		}
		if len(p.resources) == 0 && at > claimed {
			// The page that claimed to be everything was.
			return nil
		}
		if why := l.astray(p, at); why != "" {
			return l.truncated(why)
		}
		if p.total < claimed {
			l.shaky = "resources were deleted while it was read, and others may have moved to pages read before"
		}
		if err := l.take(p, yield); err != nil {
			return err
		}
		at += len(p.resources)
	}
}

// full reports whether a page has as many rows as the server returns at most.
func (l *lister[T]) full(ctx context.Context, p *page[T]) bool {
	n := len(p.resources)
	return n >= pageSize || n > 0 && n >= l.s.c.maxResults(ctx)
}

// astray says what is wrong with the page that was asked for at an index; "" if
// nothing is.
func (l *lister[T]) astray(p *page[T], at int) string {
	if len(p.resources) == 0 {
		return ""
	}
	again := 0
	for _, r := range p.resources {
		if id := l.s.head(r).id; l.first[id] || l.last[id] {
			again++
		}
	}
	switch {
	case again == len(p.resources):
		return fmt.Sprintf("the server does not page: it returns the same %d however often it is asked", len(p.resources))
	case p.start > at:
		return fmt.Sprintf("the server skipped from index %d to %d", at, p.start)
	}
	return ""
}

// take yields what is new on a page.
func (l *lister[T]) take(p *page[T], yield func(*T, error) bool) error {
	ids := make(map[string]bool, len(p.resources))
	for i, r := range p.resources {
		h := l.s.head(r)
		if h.id == "" {
			return &Error{
				Op: "scimclient: " + l.op, Resource: l.s.kind, Kind: iamscim.ErrBadReply, Attempts: l.attempts,
				Err: fmt.Errorf("resource %d of a page has no id", i+1),
			}
		}
		// On the page before: something was created before it and moved it on
		// to this page.
		known := ids[h.id] || l.last[h.id]
		ids[h.id] = true
		if known {
			continue
		}
		h.doc.partial = l.options.partial()
		l.rows++
		if !yield(r, nil) {
			return errStopped
		}
	}
	l.last = ids
	l.counted = l.counted || p.total > len(p.resources)
	return nil
}

// page asks for the page at an index.
func (l *lister[T]) page(ctx context.Context, at int) (*page[T], error) {
	q := query(l.filter, l.options)
	q.Set("startIndex", strconv.Itoa(at))
	q.Set("count", strconv.Itoa(pageSize))
	p, err := l.s.fetch(ctx, l.op, q, l.maxAttempts)
	if err == nil {
		l.attempts = p.attempts
	}
	return p, err
}

func (l *lister[T]) truncated(why string) error {
	return &Error{
		Op: "scimclient: " + l.op, Resource: l.s.kind, Kind: ErrTruncated, Attempts: l.attempts,
		Err:    fmt.Errorf("after %d: %s", l.rows, why),
		Remedy: fmt.Sprintf("narrow the filter, or ask for known %ss one by one with Find", l.s.kind),
	}
}
