package scimtest

import "net/http"

// reply shows a record. The directory's lock is held.
func (c *scimCall) reply(status int, r row, p scimProjection) scimReply {
	rec := c.store.records[r]
	o := rec.view(c.cfg.baseURI(c.request), c.cfg.behaviour.etags)
	reply := scimReply{status: status, body: appendSCIM(make([]byte, 0, 1024), p.apply(o)), header: http.Header{}}
	if c.cfg.behaviour.etags {
		reply.header.Set("ETag", rec.etag())
	}
	return reply
}

// get is GET /Users/ID and GET /Groups/ID (RFC 7644 section 3.4.1).
func (c *scimCall) get(id string) (scimReply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return scimReply{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return scimReply{}, unknownResource(id)
	}
	if c.notModified(r) {
		return scimReply{status: http.StatusNotModified, header: http.Header{"Etag": {c.store.records[r].etag()}}}, nil
	}
	return c.reply(http.StatusOK, r, p), nil
}

// create is POST /Users and POST /Groups (RFC 7644 section 3.3).
func (c *scimCall) create() (scimReply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return scimReply{}, err
	}
	body, err := c.body()
	if err != nil {
		return scimReply{}, err
	}
	o, members, err := c.typ.readResource(body)
	if err != nil {
		return scimReply{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r, err := c.insert(c.typ, "", o, members)
	if err != nil {
		return scimReply{}, err
	}
	reply := c.reply(http.StatusCreated, r, p)
	reply.header.Set("Location", c.cfg.baseURI(c.request)+c.typ.endpoint+"/"+c.store.records[r].id)
	return reply, nil
}

// insert checks a new user or group and adds it, with a new id if id is "".
// The directory's lock is held.
func (d *directory) insert(t *scimResourceType, id string, o *scimObject, members []string) (row, error) {
	if err := d.store.check(t, o, d.cfg.behaviour.emails); err != nil {
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
	r := d.store.insert(t == groupType, id, o, d.cfg.now())
	d.store.addMembers(r, rows)
	return r, nil
}

// replace is PUT /Users/ID (RFC 7644 section 3.5.1): what the body leaves out
// is cleared.
func (c *scimCall) replace(id string) (scimReply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return scimReply{}, err
	}
	body, err := c.body()
	if err != nil {
		return scimReply{}, err
	}
	o, _, err := c.typ.readResource(body)
	if err != nil {
		return scimReply{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return scimReply{}, unknownResource(id)
	}
	if err := c.checkVersion(r); err != nil {
		return scimReply{}, err
	}
	if _, err := c.change(r, o); err != nil {
		return scimReply{}, err
	}
	return c.reply(http.StatusOK, r, p), nil
}

// change checks the attributes a record is to have and stores them. It
// reports whether they differ from those it had. The directory's lock is held.
func (c *scimCall) change(r row, o *scimObject) (bool, error) {
	old := c.store.records[r].object()
	if err := c.store.check(c.typ, o, c.cfg.behaviour.emails); err != nil {
		return false, err
	}
	if err := c.store.checkMapped(c.typ, old, o); err != nil {
		return false, err
	}
	if err := c.store.checkFree(c.typ, o, r); err != nil {
		return false, err
	}
	if equalSCIM(old, o) {
		return false, nil
	}
	c.store.update(r, o)
	c.store.touch(r, c.cfg.now())
	return true, nil
}

// patch is PATCH /Users/ID and PATCH /Groups/ID (RFC 7644 section 3.5.2): all
// operations succeed or none has an effect.
func (c *scimCall) patch(id string) (scimReply, error) {
	p, err := newProjection(c.typ, c.query)
	if err != nil {
		return scimReply{}, err
	}
	body, err := c.body()
	if err != nil {
		return scimReply{}, err
	}
	operations, err := readPatch(body)
	if err != nil {
		return scimReply{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return scimReply{}, unknownResource(id)
	}
	if err := c.checkVersion(r); err != nil {
		return scimReply{}, err
	}
	edit := &scimPatch{typ: c.typ, id: id, object: c.store.records[r].object(), legacy: c.cfg.behaviour.legacyPatch}
	if c.group() {
		edit.members = newMemberEdit(c.store, r)
	}
	for _, o := range operations {
		if err := edit.apply(o); err != nil {
			return scimReply{}, err
		}
	}
	changed, err := c.change(r, edit.object)
	if err != nil {
		return scimReply{}, err
	}
	if edit.members != nil && edit.members.changes() {
		edit.members.commit()
		if !changed {
			c.store.touch(r, c.cfg.now())
		}
	}
	if c.cfg.behaviour.patchReply == PatchReplyNoContent && c.query.Get("attributes") == "" {
		reply := c.reply(http.StatusNoContent, r, p)
		reply.body = nil
		return reply, nil
	}
	return c.reply(http.StatusOK, r, p), nil
}

// delete is DELETE /Users/ID and DELETE /Groups/ID (RFC 7644 section 3.6).
func (c *scimCall) delete(id string) (scimReply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.store.find(c.group(), id)
	if r == 0 {
		return scimReply{}, unknownResource(id)
	}
	if err := c.checkVersion(r); err != nil {
		return scimReply{}, err
	}
	c.store.remove(r)
	return scimReply{status: http.StatusNoContent}, nil
}
