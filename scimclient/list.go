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

	// maxEmptyPages bounds pages with a cursor and nothing else, which RFC
	// 9865 section 2 allows.
	maxEmptyPages = 10
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
// 1, returns at most 100 and gives as totalResults what it returns. So
// a total is believed only as long as nothing speaks against it: a full page
// that claims to be everything is checked by asking for what comes after it.
type lister[T any] struct {
	s        *endpoint[T]
	op       string
	filter   Filter
	options  readOptions
	maxPages int
	attempts int // at each request at most, 0 leaves that to the policy

	rows  int             // yielded
	first map[string]bool // ids of the first page
	last  map[string]bool // ids of the page before
	total int             // of the page before
	made  int             // attempts at the page before
	shaky string          // why rows may be missing although the end was reached
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
	p, err := l.page(ctx, "startIndex", "1")
	if err != nil {
		return err
	}
	l.total = p.total
	if err := l.take(p, yield); err != nil {
		return err
	}
	l.first = l.last
	if p.next != "" {
		return l.byCursor(ctx, p, yield)
	}
	at := 1 + len(p.resources)
	for n := 1; ; n++ {
		full := len(p.resources) >= pageSize
		if at > p.total && !full {
			return nil
		}
		if len(p.resources) == 0 {
			return l.truncated(fmt.Sprintf("%d are announced and none came at index %d", p.total, at))
		}
		if n >= l.maxPages {
			return l.truncated(fmt.Sprintf("it has more than %d pages", l.maxPages))
		}
		claimed := p.total
		if p, err = l.page(ctx, "startIndex", strconv.Itoa(at)); err != nil {
			return err
		}
		if len(p.resources) == 0 && at > claimed {
			// The page that claimed to be everything was.
			return nil
		}
		if why := l.astray(p, at); why != "" {
			return l.truncated(why)
		}
		if p.total < l.total {
			l.shaky = "resources were deleted while it was read, and others may have moved to pages read before"
		}
		l.total = p.total
		if err := l.take(p, yield); err != nil {
			return err
		}
		at += len(p.resources)
	}
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
				Op: "scimclient: " + l.op, Resource: l.s.kind, Kind: iamscim.ErrBadReply, Attempts: l.made,
				Err: fmt.Errorf("resource %d of a page has no id", i+1),
			}
		}
		ids[h.id] = true
		if l.last[h.id] {
			// Something was created before it and moved it on to this page.
			continue
		}
		h.doc.partial = l.options.partial()
		l.rows++
		if !yield(r, nil) {
			return errStopped
		}
	}
	l.last = ids
	return nil
}

// byCursor goes on from p by the cursors of RFC 9865.
func (l *lister[T]) byCursor(ctx context.Context, p *page[T], yield func(*T, error) bool) error {
	empty := 0
	for n := 1; p.next != ""; n++ {
		if n >= l.maxPages {
			return l.truncated(fmt.Sprintf("it has more than %d pages", l.maxPages))
		}
		cursor := p.next
		var err error
		if p, err = l.page(ctx, "cursor", cursor); err != nil {
			return err
		}
		if p.next == cursor {
			return l.truncated("the server's cursor does not move")
		}
		if len(p.resources) > 0 {
			empty = 0
		} else if empty++; empty > maxEmptyPages {
			return l.truncated(fmt.Sprintf("%d pages in a row were empty", empty))
		}
		if why := l.astray(p, 0); why != "" {
			return l.truncated(why)
		}
		if err := l.take(p, yield); err != nil {
			return err
		}
	}
	return nil
}

// page asks for the page at a position.
func (l *lister[T]) page(ctx context.Context, by, position string) (*page[T], error) {
	q := query(l.filter, l.options)
	q.Set(by, position)
	q.Set("count", strconv.Itoa(pageSize))
	p, err := l.s.fetch(ctx, l.op, q, l.attempts)
	if err == nil {
		l.made = p.attempts
	}
	return p, err
}

func (l *lister[T]) truncated(why string) error {
	return &Error{
		Op: "scimclient: " + l.op, Resource: l.s.kind, Kind: ErrTruncated, Attempts: l.made,
		Err:    fmt.Errorf("after %d: %s", l.rows, why),
		Remedy: fmt.Sprintf("narrow the filter, or ask for known %ss one by one with Find", l.s.kind),
	}
}
