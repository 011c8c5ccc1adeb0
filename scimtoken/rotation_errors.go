package scimtoken

import "errors"

// What callers of Ensure, Rotate, Retire and Adopt branch on.
var (
	// ErrRotationInProgress: another call is at work on the record. The
	// message says which and since when. Nothing was changed.
	ErrRotationInProgress = errors.New("another call is at work")

	// ErrRotationTakenOver: another call has taken the record over from this
	// one, which then stopped. A token that this call made and nobody uses is
	// deleted.
	ErrRotationTakenOver = errors.New("taken over")

	// ErrUnknownToken: the tenant has an active token that the record doesn't
	// know, or the call names one. Nothing was changed.
	ErrUnknownToken = errors.New("not in the record")

	// ErrNoSecret: the record has a token without its secret, which only the
	// one who created it knows.
	ErrNoSecret = errors.New("the record has this token without its secret")

	// ErrStaleRecord: the record belongs to another tenant, or to one of the
	// same name that is gone. Nothing was changed.
	ErrStaleRecord = errors.New("the record belongs to another tenant")

	// ErrBadRecord: the store returns something else than a record that this
	// version of the package wrote. Nothing was deleted.
	ErrBadRecord = errors.New("bad record")
)

const (
	remedyAgain     = "run it again"
	remedyStore     = "nothing was deleted: make the store work, then run it again"
	remedyBadRecord = "nothing was changed: restore the record from a backup, or update this program if a newer one wrote it"
)

// A tenant that can be undeleted.
var errTenantDeleted = errors.New("the SCIM tenant is soft-deleted")

const remedyTenantDeleted = "undelete it with scimtenant.Client.Undelete, or hard-delete it and create another"
