package okta

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamscim/iamscim/provision/idp"
)

// What a list may have at most.
const (
	maxPages      = 100_000
	maxEmptyPages = 100 // in a row; a single one is legal
	maxLink       = 8 << 10
)

// errStop ends the reading of a list: the caller needs no more.
var errStop = errors.New("stop")

// row is an element of a list.
type row interface {
	// lacks names what the element can't be without, "" if it's there.
	lacks() string
}

// each calls f for each element of a list, page by page. A page has at most size
// elements. It returns f's error, errStop included. The pages are linked by the
// header Link (RFC 8288), whose next link is followed as it is:
// https://developer.okta.com/docs/api/#pagination
func each[T row](ctx context.Context, c *Client, k call, size int, f func(T) error) error {
	seen := map[string]bool{k.url: true}
	empty := 0
	for page := 1; ; page++ {
		var rows []T
		header, err := c.do(ctx, k, &rows)
		if err != nil {
			return err
		}
		bad := func(format string, args ...any) error {
			return k.badReply(http.StatusOK, fmt.Errorf("page %d "+format, append([]any{page}, args...)...))
		}
		for _, r := range rows {
			if what := r.lacks(); what != "" {
				return bad("has an element without %s", what)
			}
			if err := f(r); err != nil {
				return err
			}
		}
		next, linked, err := nextLink(header, k.url)
		switch {
		case err != nil:
			return bad("%w", err)
		case next == "" && !linked && len(rows) >= size:
			// The first page of a longer list, without its headers, looks like a
			// whole list.
			return bad("is full and has no Link header: %w", idp.ErrCut)
		case next == "":
			return nil
		case seen[next]:
			return bad("links to a page that was read already")
		case page == maxPages:
			return bad("isn't the last: at most %d pages", maxPages)
		}
		if empty++; len(rows) > 0 {
			empty = 0
		} else if empty > maxEmptyPages {
			return bad("is empty, as %d before it", maxEmptyPages)
		}
		seen[next] = true
		k.url = next
	}
}

// nextLink returns the address of the next page, "" if there is none. linked
// reports whether there was any link. Okta sends several Link headers: self and
// next. The token goes to the next page, so that it must be at the same address.
func nextLink(h http.Header, current string) (next string, linked bool, err error) {
	for _, value := range h.Values("Link") {
		for target, rel := range links(value) {
			linked = true
			if !strings.EqualFold(rel, "next") {
				continue
			}
			if next != "" && next != target {
				return "", true, errors.New("has two next links")
			}
			next = target
		}
	}
	if next == "" {
		return "", linked, nil
	}
	here, err := url.Parse(current)
	if err != nil || len(next) > maxLink {
		return "", true, errors.New("has a next link that is too long")
	}
	there, err := here.Parse(next)
	switch {
	case err != nil:
		return "", true, errors.New("has a next link that isn't a URL")
	case there.Scheme != here.Scheme || there.Host != here.Host || there.User != nil:
		return "", true, errors.New("has a next link to another host than Org")
	case there.EscapedPath() != here.EscapedPath():
		return "", true, errors.New("has a next link to another list")
	}
	there.Fragment = ""
	return there.String(), true, nil
}

// links yields the targets and relations of a Link header:
// <https://a>; rel="self", <https://b>; rel="next"
func links(value string) iter.Seq2[string, string] {
	return func(yield func(target, rel string) bool) {
		for {
			_, rest, ok := strings.Cut(value, "<")
			if !ok {
				return
			}
			target, rest, ok := strings.Cut(rest, ">")
			if !ok {
				return
			}
			params := rest
			if at := strings.Index(rest, ",<"); at >= 0 {
				params = rest[:at]
			} else if at := strings.Index(rest, ", <"); at >= 0 {
				params = rest[:at]
			}
			value = rest[len(params):]
			for param := range strings.SplitSeq(params, ";") {
				name, text, _ := strings.Cut(param, "=")
				if strings.EqualFold(strings.TrimSpace(name), "rel") {
					for rel := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(text), `"`)) {
						if !yield(target, rel) {
							return
						}
					}
				}
			}
		}
	}
}

// list makes a list of a roster from a function that reads it. The list ends with
// an End if read returned nil, and with its error otherwise.
func list[T any](read func(yield func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		rows := 0
		err := read(func(v T) error {
			rows++
			if !yield(v, nil) {
				return errStop
			}
			return nil
		})
		var none T
		switch {
		case err == nil:
			yield(none, idp.End(rows))
		case !errors.Is(err, errStop):
			yield(none, err)
		}
	}
}
