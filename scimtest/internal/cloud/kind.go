package cloud

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// A kind is what the life of one sort of resource needs to know: the verbs
// that all of them share are written once, below.
type kind[T any] struct {
	id        resname.Kind
	listName  string // the field of the list reply
	field     string // the message's name in the places of violations
	usualPage int    // items of a page that asks for no size
	maxPage   int
	table     func(*state) table[T]
	// mark sets the output-only fields of the life cycle: state and, as
	// RFC 3339 or "", the time of the purge.
	mark func(v *T, state, purge string)
	// state reads what mark set.
	state func(*T) string
	// show is the resource as this caller sees it.
	show func(c *call, r *record[T], v *T) any
	// operations says whether writes reply with an operation.
	operations bool
	// prefix of the permissions: "iam.workforcePools".
	permission string
}

// find is a resource that reads see.
func find[T any](c *call, k *kind[T], name string) (*record[T], *T, error) {
	r, ok := k.table(c.st)[name]
	if !ok {
		return nil, nil, notFound(behavior.NotFound)
	}
	if bad := c.checkReadable(name); bad != nil {
		return nil, nil, bad
	}
	v := r.at(c.now)
	if v == nil {
		return nil, nil, c.unreadable(behavior.FreshResource, name)
	}
	return r, v, nil
}

// checkReadable refuses reads below a soft-deleted pool.
func (c *call) checkReadable(name string) *wire.Refusal {
	pool := poolOf(name)
	if name == pool || !isDeleted(c.st.pools, pool) || c.cfg.Choices.Is(behavior.BelowDeletedPool, "READABLE") {
		return nil
	}
	return c.unreadable(behavior.BelowDeletedPool, name)
}

// unreadable is the answer for something that exists and can't be read, as a row chooses. Like the
// service it names the permission of the method.
func (c *call) unreadable(rule behavior.ID, name string) *wire.Refusal {
	if c.cfg.Choices.Is(rule, "PERMISSION_DENIED") && c.route != nil {
		return denied(rule, c.route.Permission, name)
	}
	return notFound(rule)
}

// findActive is a resource that can be changed: neither it nor what it is in is deleted.
func findActive[T any](c *call, k *kind[T], name string) (*record[T], error) {
	r, _, err := find(c, k, name)
	if err != nil {
		return nil, err
	}
	if !r.deleted.IsZero() {
		return nil, c.isDeleted(k.id, name)
	}
	if bad := c.checkAncestors(name); bad != nil {
		return nil, bad
	}
	return r, nil
}

// isDeleted refuses a change of something soft-deleted.
func (c *call) isDeleted(id resname.Kind, name string) *wire.Refusal {
	if c.cfg.Choices.Is(behavior.DeletedChange, "NOT_FOUND") {
		return notFound(behavior.DeletedChange)
	}
	return refuse(behavior.DeletedChange, "FAILED_PRECONDITION", "The %s %s is deleted; undelete it first.", id, name)
}

// checkAncestors refuses a change below something soft-deleted.
func (c *call) checkAncestors(name string) *wire.Refusal {
	for up := parentName(name); strings.Contains(up, "/"); up = parentName(up) {
		switch {
		case isDeleted(c.st.pools, up):
			return c.isDeleted(resname.Pool, up)
		case isDeleted(c.st.providers, up):
			return c.isDeleted(resname.Provider, up)
		case isDeleted(c.st.tenants, up):
			return c.isDeleted(resname.Tenant, up)
		}
	}
	return nil
}

func isDeleted[T any](t table[T], name string) bool {
	r, ok := t[name]
	return ok && !r.deleted.IsZero()
}

// checkID refuses an id for a new resource that breaks the grammar or is
// reserved. param is the query parameter it came in.
func (c *call) checkID(id resname.Kind, param string) (string, *wire.Refusal) {
	value := c.param(param)
	if err := id.Check(value); err != nil {
		return "", invalidField(behavior.ResourceIDs, snakeCase(param), "Invalid %s: %v.", snakeCase(param), err)
	}
	if resname.Reserved(value) {
		return "", invalidField(behavior.ResourceIDs, snakeCase(param), "Invalid %s: the prefix \"gcp-\" is reserved.", snakeCase(param))
	}
	return value, nil
}

// create stores a new resource under a name that must be free, soft-deleted
// names included.
func create[T any](c *call, k *kind[T], name, uid string, v *T) (*record[T], any, error) {
	t := k.table(c.st)
	if _, taken := t[name]; taken {
		return nil, nil, alreadyExists(behavior.NameTaken)
	}
	k.mark(v, active, "")
	r := &record[T]{name: name, uid: uid, created: c.now}
	t[name] = r
	return r, c.commit(k.operations, name, func(from time.Time) { r.put(c.now, from, v) }, func() any { return k.show(c, r, v) }), nil
}

// commit makes a change visible when its operation or the lag is over, and
// returns what the write replies.
func (c *call) commit(withOperation bool, name string, put func(from time.Time), show func() any) any {
	if c.seeding {
		put(c.now)
		return show()
	}
	if !withOperation {
		put(c.now.Add(c.cfg.Lag))
		return show()
	}
	op, from := c.start(name)
	put(from)
	return c.operationReply(op)
}

// write stores a changed copy of a resource.
func write[T any](c *call, k *kind[T], r *record[T], v *T) any {
	return c.commit(k.operations, r.name, func(from time.Time) { r.put(c.now, from, v) }, func() any { return k.show(c, r, v) })
}

func (k *kind[T]) get(c *call) (any, error) {
	r, v, err := find(c, k, c.name())
	if err != nil {
		return nil, err
	}
	return k.show(c, r, v), nil
}

func (k *kind[T]) delete(c *call) (any, error) {
	r, err := findActive(c, k, c.name())
	if err != nil {
		return nil, err
	}
	return k.softDelete(c, r), nil
}

func (k *kind[T]) softDelete(c *call, r *record[T]) any {
	r.deleted = c.now
	v := clone(r.newest())
	k.mark(v, deleted, c.now.Add(retention).UTC().Format(time.RFC3339))
	return write(c, k, r, v)
}

func (k *kind[T]) undelete(c *call) (any, error) {
	if _, bad := decodeBody[struct{}](c.body, ""); bad != nil {
		return nil, bad
	}
	r, _, err := find(c, k, c.name())
	if err != nil {
		return nil, err
	}
	if r.deleted.IsZero() {
		return nil, c.openRefusal(behavior.UndeleteActive, "name", fmt.Sprintf("The %s %s is not deleted.", k.id, r.name))
	}
	if bad := c.checkAncestors(r.name); bad != nil {
		return nil, bad
	}
	r.deleted = time.Time{}
	v := clone(r.newest())
	k.mark(v, active, "")
	return write(c, k, r, v), nil
}

// listOf replies with one page of the records that keep lets through, in the
// order of their names.
func (k *kind[T]) listOf(c *call, records []*record[T], keep func(*T) bool) (any, error) {
	if bad := c.checkReadable(c.name()); bad != nil {
		return nil, bad
	}
	size, bad := c.pageSize(k.usualPage, k.maxPage)
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

// start makes the operation of a write to a resource. Its change is seen from
// the returned time on.
func (c *call) start(resource string) (*operation, time.Time) {
	op := &operation{name: resource + "/operations/" + c.cfg.NewID(), started: c.now}
	c.st.operations[op.name] = op
	return op, c.now.Add(c.cfg.OperationTime + c.cfg.Lag)
}

func (c *call) operationReply(op *operation) *iam.Operation {
	reply := &iam.Operation{Name: op.name}
	if c.cfg.Choices.Is(behavior.OperationMetadata, "PRESENT") {
		reply.Metadata = []byte(`{"@type":"type.googleapis.com/google.iam.admin.v1.WorkforcePoolOperationMetadata"}`)
	}
	if op.polls >= c.cfg.Polls && !c.now.Before(op.started.Add(c.cfg.OperationTime)) {
		reply.Done, reply.Error = true, op.err
	}
	return reply
}

// getOperation serves GET of an operation and counts it.
func getOperation(c *call) (any, error) {
	op, ok := c.st.operations[c.name()]
	if !ok {
		return nil, notFound(behavior.NotFound)
	}
	if c.now.Before(op.started.Add(c.cfg.Lag)) {
		switch choice := c.cfg.Choices.Of(behavior.FreshOperation); choice {
		case "PERMISSION_DENIED":
			return nil, denied(behavior.FreshOperation, c.route.Permission, parentName(op.name))
		case "NOT_FOUND":
			return nil, notFound(behavior.FreshOperation)
		}
		return c.operationReply(&operation{name: op.name, started: c.now, polls: -1 << 30}), nil
	}
	op.polls++
	return c.operationReply(op), nil
}
