package scimtoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

const (
	// leaseTime is how long a record is left to the caller that changed it
	// last.
	leaseTime = 10 * time.Minute

	// cleanup bounds what is still done after ctx has ended: a secret is
	// stored, the lease is given up, the identity provider gets a token that
	// lives.
	cleanup = 30 * time.Second

	// absence is how long a token must not be found before it's taken for
	// one that never was: a create may be on its way, and reads may lag.
	absence = 10 * time.Minute
)

// errLost is why a swap of a hold failed: somebody else has changed the record.
var errLost = errors.New("another call has changed the record")

// A hold is one call's view of a record: opened, taken by the first swap, kept
// by the others, and closed when the call returns. A call that fails to swap has
// lost the record and changes nothing more in it.
type hold struct {
	c      *Client
	op     string
	tenant scimtenant.Name
	store  TokenStore
	term   time.Duration // of the lease
	holder string

	date time.Time // of the service's reply
	seen time.Time // when it came, for the time since

	record  record // as last read from the store
	version string
	since   time.Time // when the first swap was tried
	entered bool      // a swap of this call was made
	pending bool      // the lease is to be given up
	lost    bool      // somebody else has swapped since

	made Name          // sent to be created by this call
	gave Name          // perhaps handed over by this call
	fate map[Name]fate // of the names in Retire, as far as this call has seen it

	// unrepaired: the identity provider may have a token that is dead.
	unrepaired *iamscim.Error
}

// open reads the tenant and its record. It changes nothing.
func (c *Client) open(ctx context.Context, op string, tenant scimtenant.Name, store TokenStore, term time.Duration, takeOver bool) (*hold, error) {
	h := &hold{c: c, op: op, tenant: tenant, store: store, term: term, holder: c.holder(), fate: map[Name]fate{}}
	uid, err := h.readTenant(ctx)
	if err != nil {
		return nil, err
	}
	if h.record, h.version, err = h.load(ctx); err != nil {
		return nil, err
	}
	switch {
	case h.version == "":
		h.record = record{Tenant: tenant, TenantUID: uid}
	case h.record.Tenant != tenant:
		return nil, h.fail(ErrStaleRecord, fmt.Errorf("it belongs to %s", h.record.Tenant), "nothing was changed: give each tenant a store of its own")
	case h.record.TenantUID != uid:
		return nil, h.fail(ErrStaleRecord, fmt.Errorf("it belongs to the tenant with UID %s, and this one has %s", h.record.TenantUID, uid),
			"nothing was changed: if the tenant was replaced, its tokens are gone; remove the record from the store, then call Ensure")
	}
	if l := h.record.Lease; l.Until.After(h.now()) && !takeOver {
		return nil, h.inProgress()
	}
	return h, nil
}

// readTenant reads the tenant: whether it is there, its UID, and the time by
// the service's clock.
func (h *hold) readTenant(ctx context.Context) (uid string, err error) {
	got, err := h.c.readTenant(ctx, h.op, h.tenant)
	if err != nil {
		return "", err
	}
	if iamscim.State(got.State) == iamscim.StateDeleted {
		return "", h.fail(iamscim.ErrFailedPrecondition, errTenantDeleted, remedyTenantDeleted)
	}
	h.seen = h.c.now()
	if h.date, err = http.ParseTime(got.Header.Get("Date")); err != nil {
		return "", gapi.BadReply(h.op, h.tenant.String(), errors.New("the reply has no Date that can be read"))
	}
	if uid = (&scimtenant.Tenant{BaseURI: got.BaseUri}).UID(); uid == "" {
		return "", gapi.BadReply(h.op, h.tenant.String(), errors.New("the tenant has no base URI with a UID"))
	}
	return uid, nil
}

// now is the time by the service's clock. The local clock only measures how
// long ago the service told it.
func (h *hold) now() time.Time { return h.date.Add(h.c.now().Sub(h.seen)).Truncate(time.Second).UTC() }

// load reads the record from the store. Without one the version is "".
func (h *hold) load(ctx context.Context) (record, string, error) {
	r, version, err := h.read(ctx)
	var bad *unusableError
	switch {
	case errors.As(err, &bad):
		return record{}, "", h.fail(ErrBadRecord, bad, remedyBadRecord)
	case err != nil:
		return record{}, "", h.fail(nil, fmt.Errorf("read the record from the store: %w", err), "make the store readable, then run it again")
	}
	return r, version, nil
}

func (h *hold) read(ctx context.Context) (r record, version string, err error) {
	text, version, err := h.store.Load(ctx)
	switch {
	case err != nil, text.IsZero():
		return record{}, "", err
	case version == "":
		return record{}, "", &unusableError{errors.New("the store returns it without a version")}
	}
	if r, err = decodeRecord(text); err != nil {
		return record{}, "", &unusableError{err}
	}
	return r, version, nil
}

// unusableError is about a record that was read and can't be used.
type unusableError struct{ error }

// swap replaces the record by next, and reads it back: a swap counts if a load
// shows it. The error is errLost if somebody else has changed the record.
func (h *hold) swap(ctx context.Context, next record) error {
	return h.swapUntil(ctx, next, h.now().Add(h.term))
}

// release is the last swap of a call: it gives the lease up.
func (h *hold) release(ctx context.Context, next record) error {
	err := h.swapUntil(ctx, next, time.Time{})
	h.pending = h.pending && err != nil
	return err
}

func (h *hold) swapUntil(ctx context.Context, next record, until time.Time) error {
	// What was begun is stored although ctx ends meanwhile.
	ctx, cancel := linger(ctx)
	defer cancel()
	if h.since.IsZero() {
		h.since = h.now()
	}
	before := h.record
	next.Revision = before.Revision + 1
	next.Lease = lease{Holder: h.holder, Since: h.since, Until: until}
	text, err := next.encode()
	if err != nil {
		return h.fail(nil, err, "")
	}
	failed := h.store.Swap(ctx, h.version, text)
	got, version, err := h.read(ctx)
	if err != nil {
		// Nobody knows what the store has: nothing more is done.
		h.pending = true
		return h.unread(failed, err)
	}
	shown, err := got.encode()
	switch {
	case err == nil && shown.Reveal() == text.Reveal():
		h.record, h.version = got, version
		h.entered, h.pending = true, true
		return nil
	case version == "" && h.version != "":
		h.pending = false
		return h.fail(ErrBadRecord, errors.New("the store has lost it"), "nothing was deleted: restore the record from a backup")
	case version == h.version, got.Lease.Holder == h.holder:
		// As before, or as an earlier swap of this call left it.
		if version != "" {
			h.record, h.version = got, version
		}
		if failed == nil {
			return h.fail(ErrBadRecord, errors.New("the store doesn't return what it was given"), "nothing was deleted: test the store with package storetest")
		}
		return h.fail(nil, fmt.Errorf("write the record to the store: %w", failed), remedyStore)
	}
	h.record, h.version = got, version
	h.lost, h.pending = true, false
	return errLost
}

// unread is the error of a swap that couldn't be read back.
func (h *hold) unread(failed, err error) error {
	var kind error
	if bad := (*unusableError)(nil); errors.As(err, &bad) {
		kind = ErrBadRecord
	}
	err = fmt.Errorf("read back what was written to the store: %w", err)
	if failed != nil {
		err = fmt.Errorf("write the record to the store: %w; then %w", failed, err)
	}
	return h.fail(kind, err, remedyStore)
}

// close ends a call that returns err. It gives the lease up, and says who took
// over.
func (h *hold) close(ctx context.Context, err error) error {
	var left error
	if h.pending {
		at := h.version
		left = h.release(ctx, h.record)
		if left != nil && !h.lost && h.version != at {
			// A swap that couldn't be read back was made after all.
			left = h.release(ctx, h.record)
		}
	}
	switch {
	case h.lost:
		return h.takenOver(ctx, err)
	case left != nil && err == nil:
		return left
	case left != nil:
		var typed *iamscim.Error
		if errors.As(err, &typed) {
			typed.Remedy = strings.TrimPrefix(typed.Remedy+fmt.Sprintf("; others wait until %s, because the store failed", clock(h.record.Lease.Until)), "; ")
		}
	}
	return err
}

// takenOver is the error of a call that has lost the record. It deletes the
// token that the call made, unless the record has it in a slot or it may have
// been handed over.
func (h *hold) takenOver(ctx context.Context, cause error) error {
	if cause == errLost {
		cause = nil
	}
	if !h.entered {
		return h.inProgress()
	}
	remedy := "the other call goes on with it; run it again when that has returned"
	if !h.made.IsZero() && h.gave.IsZero() && !h.record.inSlot(h.made) {
		late, cancel := linger(ctx)
		defer cancel()
		if _, err := h.destroy(late, h.made, false); err != nil {
			cause = errors.Join(cause, err)
			remedy = fmt.Sprintf("the other call goes on with it; delete %s, which nobody uses, if it doesn't", h.made.ID())
		}
	}
	l := h.record.Lease
	who := fmt.Sprintf("by %s at %s", l.Holder, clock(l.Since))
	if e := h.unrepaired; e != nil {
		e.Kind, e.Err = ErrRotationTakenOver, fmt.Errorf("%s, and then %w", who, e.Err)
		return e
	}
	return h.fail(ErrRotationTakenOver, &overtaken{who, cause}, remedy)
}

// overtaken says who took over. What this call failed of before it noticed is
// mostly a consequence: it can be reached, and doesn't lengthen the text.
type overtaken struct {
	text  string
	cause error
}

func (o *overtaken) Error() string { return o.text }
func (o *overtaken) Unwrap() error { return o.cause }

// inProgress says who has the record.
func (h *hold) inProgress() error {
	l := h.record.Lease
	remedy := "run it again when that call has returned"
	if !l.Until.IsZero() {
		remedy += fmt.Sprintf("; if its process is dead, wait until %s or set RotateRequest.TakeOver", clock(l.Until))
	}
	return h.fail(ErrRotationInProgress, fmt.Errorf("%s since %s", l.Holder, clock(l.Since)), remedy)
}

func (h *hold) fail(kind, err error, remedy string) error {
	return &iamscim.Error{Op: h.op, Resource: h.tenant.String(), Kind: kind, Err: err, Remedy: remedy}
}

func (h *hold) failToken(name Name, kind, err error, remedy string) error {
	return &iamscim.Error{Op: h.op, Resource: name.String(), Kind: kind, Err: err, Remedy: remedy}
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// holder names this call: host, process and a random text.
func (c *Client) holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown-host"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), strings.ToLower(c.random()[:idRandom]))
}

// linger returns a context that outlives ctx by the time for cleaning up.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(cleanup)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-late.Done():
		}
	})
	return late, func() { stop(); cancel() }
}
