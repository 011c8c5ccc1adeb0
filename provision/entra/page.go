package entra

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/provision/idp"
)

const (
	pageSize = "999" // the most: https://learn.microsoft.com/graph/api/user-list

	// maxPages bounds a list: some million objects. Empty pages are legal.
	maxPages = 10000
)

// page is a page of a list (https://learn.microsoft.com/graph/paging).
type page[T any] struct {
	Count *int   `json:"@odata.count"` // on the first page, if it's asked for
	Next  string `json:"@odata.nextLink"`
	Value []T    `json:"value"`
}

// key is an object ID in 16 bytes: the lists are long.
type key [16]byte

func keyOf(id string) (k key) {
	var digits [32]byte
	n := 0
	for i := 0; i < len(id) && n < len(digits); i++ {
		if id[i] != '-' {
			digits[n] = id[i]
			n++
		}
	}
	if len(id) == 36 && n == len(digits) {
		if _, err := hex.Decode(k[:], digits[:]); err == nil {
			return k
		}
	}
	sum := sha256.Sum256([]byte(id))
	copy(k[:], sum[:])
	return k
}

// each calls f for each element of a paged list. A list that may be cut is an error
// which wraps idp.ErrCut: one without an end, with another number of elements than
// announced, with an element or a page twice, or one that leads to another host. id
// returns the key of an element.
func each[T any](ctx context.Context, r *run, c call, id func(T) string, f func(T) error) error {
	c.method = http.MethodGet
	seen, links := map[key]struct{}{}, map[key]struct{}{}
	count, rows := -1, 0
	cut := func(format string, args ...any) error {
		e := r.fail(c, iamscim.ErrBadReply, fmt.Errorf("%w: "+format, append([]any{idp.ErrCut}, args...)...))
		e.Remedy = "read the list again; if it stays so, tell Microsoft's support"
		return e
	}
	for number := 1; ; number++ {
		var p page[T]
		c.into = &p
		rep, err := r.do(ctx, c)
		if err != nil {
			return err
		}
		if p.Value == nil {
			return cut("page %d has no value", number)
		}
		if number == 1 && p.Count != nil {
			count = *p.Count
		} else if number == 1 && c.counted {
			return cut("the first page doesn't say how many objects there are")
		}
		for _, element := range p.Value {
			k := id(element)
			if k == "" {
				return cut("page %d has an object without an ID", number)
			}
			if _, twice := seen[keyOf(k)]; twice {
				return cut("page %d repeats an object", number)
			}
			seen[keyOf(k)] = struct{}{}
			if rows++; count >= 0 && rows > count {
				return cut("there are more than the %d objects that the first page announces", count)
			}
			if err := f(element); err != nil {
				return err
			}
		}
		if p.Next == "" {
			break
		}
		if !r.own(p.Next) {
			return cut("page %d leads to another host", number)
		}
		if _, again := links[keyOf(p.Next)]; again || p.Next == c.link {
			return cut("page %d leads back to an earlier one", number)
		}
		if number == maxPages {
			return cut("it goes on after %d pages", number)
		}
		links[keyOf(p.Next)] = struct{}{}
		c.link = p.Next
		if err := retry.Wait(ctx, strain(rep.header)); err != nil {
			return r.fail(c, nil, err)
		}
	}
	if count >= 0 && rows != count {
		return cut("it has %d objects, and the first page announces %d", rows, count)
	}
	return nil
}

// own reports whether a link leads to Graph, which gets the access token.
func (c *Client) own(link string) bool {
	u, err := url.Parse(link)
	return err == nil && u.User == nil && strings.EqualFold(u.Scheme+"://"+u.Host, c.origin)
}

// strain is how long to wait before the next page, so that the quota that a program
// has in a directory (resource units in 10 s) isn't used up by this list. Graph says
// from 80 % on how much is used.
func strain(h http.Header) time.Duration {
	used, err := strconv.ParseFloat(h.Get("x-ms-throttle-limit-percentage"), 64)
	switch {
	case err != nil || !(used >= 0.8):
		return 0
	case used >= 1:
		return 10 * time.Second
	}
	return 4 * time.Second
}

var errStop = errors.New("stop") // of a caller that wants no more
