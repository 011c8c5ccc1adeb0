package directory

import (
	"net/http"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// reply shows a record. The directory's lock is held.
func (c *call) reply(status int, r row, p projection) *wire.Reply {
	rec := c.store.records[r]
	o := rec.view(c.cfg.BaseURI(c.request), c.etags())
	reply := &wire.Reply{Code: status, Body: appendJSON(make([]byte, 0, 1024), p.apply(o)), Header: http.Header{}}
	if c.etags() {
		reply.Header.Set("ETag", rec.etag())
	}
	return reply
}

// get is GET /Users/ID and GET /Groups/ID (RFC 7644 section 3.4.1).
func (c *call) get(id string) (*wire.Reply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return nil, unknownResource(id)
	}
	if c.notModified(r) {
		return &wire.Reply{Code: http.StatusNotModified, Header: http.Header{"Etag": {c.store.records[r].etag()}}}, nil
	}
	return c.reply(http.StatusOK, r, p), nil
}

// create is POST /Users and POST /Groups (RFC 7644 section 3.3).
func (c *call) create() (*wire.Reply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	o, members, err := c.typ.readResource(body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.insert(c.typ, "", o, members)
	if err != nil {
		return nil, err
	}
	reply := c.reply(http.StatusCreated, r, p)
	reply.Header.Set("Location", c.cfg.BaseURI(c.request)+c.typ.endpoint+"/"+c.store.records[r].id)
	return reply, nil
}

// insert checks a new user or group and adds it, with a new id if id is "".
// The directory's lock is held.
func (d *Service) insert(t *resourceType, id string, o *object, members []string) (row, error) {
	if err := d.store.check(t, o, d.oneWorkEmail()); err != nil {
		return 0, err
	}
	rows, err := d.store.memberRows(0, members)
	if err != nil {
		return 0, err
	}
	if err := d.store.checkFree(t, o, 0); err != nil {
		return 0, err
	}
	if id == "" {
		if id, err = d.freeID(); err != nil {
			return 0, err
		}
	}
	r := d.store.insert(t == groupType, id, o, d.cfg.Now())
	d.store.addMembers(r, rows)
	return r, nil
}

// replace is PUT /Users/ID (RFC 7644 section 3.5.1): what the body leaves out
// is cleared.
func (c *call) replace(id string) (*wire.Reply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	o, _, err := c.typ.readResource(body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return nil, unknownResource(id)
	}
	if err := c.checkVersion(r); err != nil {
		return nil, err
	}
	if _, err := c.change(r, o); err != nil {
		return nil, err
	}
	return c.reply(http.StatusOK, r, p), nil
}

// change checks the attributes a record is to have and stores them. It
// reports whether they differ from those it had. The directory's lock is held.
func (c *call) change(r row, o *object) (bool, error) {
	old := c.store.records[r].object()
	if err := c.store.check(c.typ, o, c.oneWorkEmail()); err != nil {
		return false, err
	}
	if err := c.store.checkMapped(c.typ, old, o); err != nil {
		return false, err
	}
	if err := c.store.checkFree(c.typ, o, r); err != nil {
		return false, err
	}
	if equal(old, o) {
		return false, nil
	}
	c.store.update(r, o)
	c.store.touch(r, c.cfg.Now())
	return true, nil
}

// patch is PATCH /Users/ID and PATCH /Groups/ID (RFC 7644 section 3.5.2): all
// operations succeed or none has an effect.
func (c *call) patch(id string) (*wire.Reply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	operations, err := readPatch(body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return nil, unknownResource(id)
	}
	if err := c.checkVersion(r); err != nil {
		return nil, err
	}
	edit := &patch{typ: c.typ, id: id, object: c.store.records[r].object(), legacy: c.cfg.Choices.Of(behavior.LegacyPatch) == "WORKS"}
	if c.group() {
		edit.members = newMemberEdit(c.store, r)
	}
	for _, o := range operations {
		if err := edit.apply(o); err != nil {
			return nil, err
		}
	}
	changed, err := c.change(r, edit.object)
	if err != nil {
		return nil, err
	}
	if edit.members != nil && edit.members.changes() {
		edit.members.commit()
		if !changed {
			c.store.touch(r, c.cfg.Now())
		}
	}
	if c.cfg.Choices.Of(behavior.PatchReply) == "NO_CONTENT" && c.query.Get("attributes") == "" {
		reply := c.reply(http.StatusNoContent, r, p)
		reply.Body = nil
		return reply, nil
	}
	return c.reply(http.StatusOK, r, p), nil
}

// delete is DELETE /Users/ID and DELETE /Groups/ID (RFC 7644 section 3.6).
func (c *call) delete(id string) (*wire.Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return nil, unknownResource(id)
	}
	if err := c.checkVersion(r); err != nil {
		return nil, err
	}
	c.store.remove(r)
	return &wire.Reply{Code: http.StatusNoContent}, nil
}
