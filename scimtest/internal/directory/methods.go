package directory

import (
	"errors"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// reply shows a record with these members. The service's lock is held.
func (c *call) reply(code int, rec *record, members []*record, p projection) *wire.Reply {
	o := rec.view(c.cfg.BaseURI(c.request), c.etags(), members)
	reply := &wire.Reply{Code: code, Body: wire.Append(nil, p.apply(o)), Header: http.Header{}}
	if c.etags() {
		reply.Header.Set("ETag", rec.etag())
	}
	return reply
}

// written are the members to show in the reply to a write.
func (c *call) written(rec *record) []*record {
	if c.is(behavior.WrittenMembers, "ALL") {
		return rec.members
	}
	return nil
}

// lookup is the record with this ID.
func (c *call) lookup(id string) (*record, error) {
	if rec := c.store.find(c.typ, id); rec != nil {
		return rec, nil
	}
	return nil, refuse(behavior.UnknownID, http.StatusNotFound, "Resource %s not found", wire.Clip(id))
}

// get is GET /Users/ID and GET /Groups/ID (RFC 7644 section 3.4.1).
func (c *call) get(id string) (*wire.Reply, error) {
	p, err := c.projection()
	if err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	rec, err := c.lookup(id)
	if err != nil {
		return nil, err
	}
	if c.notModified(rec) {
		return &wire.Reply{Code: http.StatusNotModified, Header: http.Header{"Etag": {rec.etag()}}}, nil
	}
	return c.reply(http.StatusOK, rec, nil, p), nil
}

// create is POST /Users and POST /Groups (RFC 7644 section 3.3).
func (c *call) create() (*wire.Reply, error) {
	p, err := c.projection()
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	o, members, err := c.readResource(c.typ, body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rec, err := c.insert(c.typ, "", o, members)
	if err != nil {
		return nil, err
	}
	reply := c.reply(http.StatusCreated, rec, c.written(rec), p)
	reply.Header.Set("Location", c.cfg.BaseURI(c.request)+c.typ.endpoint+"/"+rec.id)
	return reply, nil
}

// insert checks a new user or group and adds it, with a new ID if id is "". The service's lock is
// held.
func (d *Service) insert(t *resourceType, id string, o *wire.Object, memberIDs []string) (*record, error) {
	if err := d.check(t, o); err != nil {
		return nil, err
	}
	members, err := d.membersToBe(nil, memberIDs)
	if err != nil {
		return nil, err
	}
	if err := d.checkFree(t, o, nil); err != nil {
		return nil, err
	}
	if id == "" {
		if id, err = d.freeID(); err != nil {
			return nil, err
		}
	}
	rec := d.store.insert(t, id, o, d.cfg.Now())
	rec.addMembers(members)
	return rec, nil
}

// errNoID ends a create when the IDs made are all taken.
var errNoID = errors.New("no free id")

// freeID returns a new ID that no user and no group has.
func (d *Service) freeID() (string, error) {
	for range 16 {
		if id := d.cfg.NewID(); id != "" && d.store.records[id] == nil {
			return id, nil
		}
	}
	return "", errNoID
}

// replace is PUT /Users/ID (RFC 7644 section 3.5.1): what the body leaves out is cleared.
func (c *call) replace(id string) (*wire.Reply, error) {
	p, err := c.projection()
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	o, _, err := c.readResource(c.typ, body)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rec, err := c.lookup(id)
	if err != nil {
		return nil, err
	}
	if err := c.checkVersion(rec); err != nil {
		return nil, err
	}
	if _, err := c.change(rec, o); err != nil {
		return nil, err
	}
	return c.reply(http.StatusOK, rec, c.written(rec), p), nil
}

// change checks the attributes a record is to have and stores them. It reports whether they differ
// from those it had. The service's lock is held.
func (c *call) change(rec *record, o *wire.Object) (bool, error) {
	if c.is(behavior.MappedChange, "IGNORED") {
		c.keepMapped(c.typ, rec.attributes, o)
	}
	if err := c.check(c.typ, o); err != nil {
		return false, err
	}
	if err := c.checkMapped(c.typ, rec.attributes, o); err != nil {
		return false, err
	}
	if err := c.checkFree(c.typ, o, rec); err != nil {
		return false, err
	}
	if wire.Equal(rec.attributes, o) {
		return false, nil
	}
	c.store.collection(c.typ).put(rec, o)
	rec.touch(c.cfg.Now())
	return true, nil
}

// patch is PATCH /Users/ID and PATCH /Groups/ID (RFC 7644 section 3.5.2): all operations succeed or
// none has an effect.
func (c *call) patch(id string) (*wire.Reply, error) {
	p, err := c.projection()
	if err != nil {
		return nil, err
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	operations, err := readPatch(body, c.is(behavior.EmptyPatch, "ACCEPTED"))
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rec, err := c.lookup(id)
	if err != nil {
		return nil, err
	}
	if err := c.checkVersion(rec); err != nil {
		return nil, err
	}
	edit := &patch{Service: c.Service, typ: c.typ, id: id, object: wire.Clone(rec.attributes).(*wire.Object)}
	if c.typ == groupType {
		edit.members = newMemberEdit(c.Service, rec)
	}
	for _, o := range operations {
		if err := edit.apply(o); err != nil {
			return nil, err
		}
	}
	changed, err := c.change(rec, edit.object)
	if err != nil {
		return nil, err
	}
	if edit.members != nil && edit.members.changes() {
		edit.members.commit()
		if !changed {
			rec.touch(c.cfg.Now())
		}
	}
	if c.is(behavior.PatchReply, "NO_CONTENT") && c.query.Get("attributes") == "" {
		reply := c.reply(http.StatusNoContent, rec, nil, p)
		reply.Body = nil
		return reply, nil
	}
	return c.reply(http.StatusOK, rec, c.written(rec), p), nil
}

// delete is DELETE /Users/ID and DELETE /Groups/ID (RFC 7644 section 3.6).
func (c *call) delete(id string) (*wire.Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rec, err := c.lookup(id)
	if err != nil {
		return nil, err
	}
	if err := c.checkVersion(rec); err != nil {
		return nil, err
	}
	c.store.remove(rec)
	return &wire.Reply{Code: http.StatusNoContent}, nil
}

// notModified reports whether the client has the record's version already.
func (c *call) notModified(rec *record) bool {
	return c.etags() && tagListed(c.request.Header.Values("If-None-Match"), rec.etag())
}

// checkVersion refuses a write of a version that is no longer the record's.
func (c *call) checkVersion(rec *record) error {
	tags := c.request.Header.Values("If-Match")
	if !c.etags() || len(tags) == 0 || tagListed(tags, rec.etag()) {
		return nil
	}
	return refuse(behavior.ETags, http.StatusPreconditionFailed, "Failed to update. Resource has changed on the server.")
}

// tagListed reports whether a header lists the tag or is "*". Weak tags are compared, strong or
// not.
func tagListed(values []string, tag string) bool {
	for _, value := range values {
		for listed := range strings.SplitSeq(value, ",") {
			listed = strings.TrimSpace(listed)
			if listed == "*" || strings.TrimPrefix(listed, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
