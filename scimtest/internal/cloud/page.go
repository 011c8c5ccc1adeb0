package cloud

import (
	"encoding/base64"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// listOf replies with one page of the records that keep lets through, in the
// order of their names.
func (k *kind[T]) listOf(c *call, records []*record[T], keep func(*T) bool) (any, error) {
	if bad := c.checkReadable(c.name()); bad != nil {
		return nil, bad
	}
	size, bad := c.pageSize(k.usual, k.most)
	if bad != nil {
		return nil, bad
	}
	showDeleted, bad := c.flag("showDeleted")
	if bad != nil {
		return nil, bad
	}
	after, bad := c.pageToken()
	if bad != nil {
		return nil, bad
	}
	items, last, more := []any{}, "", false
	for _, r := range records {
		v := r.at(c.now)
		if v == nil || r.name <= after || !keep(v) || (!showDeleted && k.state(v) == deleted) {
			continue
		}
		if len(items) == size {
			more = true
			break
		}
		items, last = append(items, k.show(c, r, v)), r.name
	}
	reply := map[string]any{}
	if len(items) > 0 {
		reply[k.listName] = items
	}
	if more {
		reply["nextPageToken"] = c.newPageToken(last)
	}
	return reply, nil
}

// A page token is the last name of the page before, with the question it
// answers, so that it cannot continue another list.
func (c *call) newPageToken(last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.listKey() + "\n" + last))
}

func (c *call) pageToken() (string, *wire.Refusal) {
	token := c.param("pageToken")
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	key, last, ok := strings.Cut(string(raw), "\n")
	if err != nil || !ok || key != c.listKey() {
		return "", invalidField(behavior.PageToken, "page_token", "Invalid page_token: it is not from a list with the same parent and filters.")
	}
	return last, nil
}

func (c *call) listKey() string {
	return c.name() + "?" + c.param("parent") + "&" + strings.ToLower(c.param("showDeleted"))
}
