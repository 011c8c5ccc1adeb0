package secretmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"google.golang.org/api/option"
	sm "google.golang.org/api/secretmanager/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/retry"
)

// The annotations of a secret.
const (
	// currentKey names the version that is the record. Its value is 0 from the
	// moment in which a store takes the secret to its first version.
	currentKey = "iamscim-current"

	// changeKey has the number of changes of the annotations, and a random text.
	// It puts reads of the secret in order, and tells a store its own change.
	changeKey = "iamscim-change"
)

// maxPayload is what a version holds, in bytes.
// https://docs.cloud.google.com/secret-manager/quotas
const maxPayload = 64 << 10

// Store keeps a record in the versions of one secret. It is a
// scimtoken.TokenStore. Make one with [NewStore]; it is safe for concurrent use and
// needs no closing.
type Store struct {
	name string // projects/P/secrets/S
	conn *gapi.Conn
	api  *sm.ProjectsSecretsService

	create    bool
	locations []string
	destroy   bool
}

// NewStore returns the store in a secret, projects/PROJECT/secrets/SECRET. PROJECT is
// an id or a number. Without options it uses Application Default Credentials. It
// makes no request.
func NewStore(ctx context.Context, secret string, opts ...option.ClientOption) (*Store, error) {
	if !secretName.MatchString(secret) {
		return nil, gapi.Invalid("secretmanager: new store", "", iamscim.Violation{
			Field: "secret", Rule: fmt.Sprintf("must be projects/PROJECT/secrets/SECRET, is %.300q", secret),
		})
	}
	conn, err := gapi.Dial(ctx, gapi.SecretManager, opts)
	if err != nil {
		return nil, fmt.Errorf("secretmanager: new store: %w", err)
	}
	svc, err := sm.NewService(ctx, conn.Options()...)
	if err != nil {
		return nil, fmt.Errorf("secretmanager: new store: %w", err)
	}
	s := &Store{name: secret, conn: conn, api: svc.Projects.Secrets}
	for _, opt := range opts {
		if o, ok := opt.(*storeOption); ok {
			o.apply(s)
		}
	}
	return s, nil
}

// Project ids that belong to a domain have a colon.
var secretName = regexp.MustCompile(`^projects/[a-z0-9][a-z0-9.:-]*/secrets/[A-Za-z0-9_-]{1,255}$`)

// made returns s, or a store that refuses every call if no constructor made s.
func (s *Store) made() *Store {
	if s != nil && s.conn != nil {
		return s
	}
	unmade, _ := NewStore(context.Background(), "projects/none/secrets/none", gapi.Unmade()) // it dials nothing
	return unmade
}

// String returns the name of the secret.
func (s *Store) String() string {
	if s == nil {
		return ""
	}
	return s.name
}

// Load returns the record, with the number of its version.
//
//	GET /v1/projects/PROJECT/secrets/SECRET
//	GET /v1/projects/PROJECT/secrets/SECRET/versions/VERSION:access
//	PATCH /v1/projects/PROJECT/secrets/SECRET
//
// Errors: [iamscim.ErrNotFound] if there is no secret, unless [WithCreate] was given;
// [iamscim.ErrFailedPrecondition] if the secret has versions of others, or if somebody
// disabled the record; [iamscim.ErrNotVisible] if the service was behind for the
// policy's Replication.
func (s *Store) Load(ctx context.Context) (record iamscim.Secret, version string, err error) {
	s = s.made()
	const op = "secretmanager: load"
	if err := gapi.Ready(ctx, op, s.name); err != nil {
		return iamscim.Secret{}, "", err
	}
	waited := false
	err = s.until(ctx, op, func() (again bool, err error) {
		secret, current, behind, err := s.current(ctx, op)
		if err != nil || secret == nil {
			return behind, err
		}
		var found iamscim.Secret
		var unreadable error
		if current > 0 {
			if found, unreadable = s.access(ctx, op, current); unreadable != nil && !isState(unreadable) && !isGone(unreadable) {
				return false, unreadable
			}
		}
		open, err := s.after(ctx, op, current)
		switch {
		case err != nil:
			return false, err
		case len(open) == 0 && unreadable != nil:
			return false, s.broken(op, current, unreadable)
		case len(open) == 0:
			record, version = found, tag(current)
			return false, nil
		case unreadable != nil || !waited:
			// Another version has taken the place of this one, or somebody is
			// in the middle of a swap.
			waited = true
			return true, errBehind
		}
		// Who added the versions after this one hasn't made them the record yet.
		// With another etag nobody will.
		_, mine, err := s.annotate(ctx, op, secret, current)
		switch {
		case err == nil && !mine, isState(err):
			return true, errBehind
		case errors.Is(err, iamscim.ErrPermissionDenied):
			// A reader. The versions stay for those who rotate.
		case err != nil:
			return false, err
		default:
			for _, n := range open {
				s.drop(ctx, op, n)
			}
		}
		record, version = found, tag(current)
		return false, nil
	})
	if err != nil {
		return iamscim.Secret{}, "", err
	}
	return record, version, nil
}

// Swap adds a version with the record and makes it the current one, if the
// current one is still the given version.
//
//	GET /v1/projects/PROJECT/secrets/SECRET
//	POST /v1/projects/PROJECT/secrets/SECRET:addVersion
//	PATCH /v1/projects/PROJECT/secrets/SECRET
//	GET /v1/projects/PROJECT/secrets/SECRET/versions
//	POST /v1/projects/PROJECT/secrets/SECRET/versions/VERSION:disable
//
// Errors: [iamscim.ErrAborted] if the record has another version;
// [iamscim.ErrOutcomeUnknown] if the reply was lost and reading could not settle
// what became of it; [iamscim.ErrInvalidArgument] for a record of more than 64 KiB;
// those of [Store.Load].
func (s *Store) Swap(ctx context.Context, version string, record iamscim.Secret) error {
	s = s.made()
	const op = "secretmanager: swap"
	if err := gapi.Ready(ctx, op, s.name); err != nil {
		return err
	}
	if n := len(record.Reveal()); n == 0 || n > maxPayload {
		return gapi.Invalid(op, s.name, iamscim.Violation{Field: "record", Rule: fmt.Sprintf("must have 1 to %d bytes, has %d", maxPayload, n)})
	}
	want, ok := number(version)
	if !ok {
		return s.lost(op)
	}
	refused := "" // the etag of a change that was refused
	err := s.until(ctx, op, func() (again bool, err error) {
		secret, current, behind, err := s.current(ctx, op)
		switch {
		case err != nil:
			return behind, err
		case current > want || secret == nil && want > 0:
			return false, s.lost(op)
		case current < want:
			// This read is behind, or there never was such a version.
			if _, err := s.access(ctx, op, want); isGone(err) {
				return false, s.lost(op)
			} else if err != nil && !isState(err) {
				return false, err
			}
			return true, errBehind
		case secret != nil && secret.Etag == refused:
			return true, errBehind
		}
		if secret, err = s.take(ctx, op, secret); isState(err) {
			return true, errBehind
		} else if err != nil {
			return false, err
		}
		if secret.Annotations[currentKey] != strconv.FormatInt(want, 10) {
			return true, errBehind // somebody else was faster
		}
		added, err := s.add(ctx, op, record)
		if err != nil {
			return false, err
		}
		now, _, err := s.annotate(ctx, op, secret, added)
		switch {
		case err == nil && now.Annotations[currentKey] == strconv.FormatInt(added, 10):
			s.retire(ctx, op, added)
			return false, nil
		case err == nil, isState(err):
			// The etag is used up, so nobody can make this version the record
			// any more.
			refused = secret.Etag
			s.drop(ctx, op, added)
			return true, errBehind
		case !errors.Is(err, iamscim.ErrOutcomeUnknown):
			s.drop(ctx, op, added)
		}
		return false, err
	})
	return err
}

// errBehind is a read that shows what was there before.
var errBehind = errors.New("reads still show what was there before")

// until repeats an attempt while it is behind, for the policy's replication window.
func (s *Store) until(ctx context.Context, op string, attempt func() (again bool, err error)) error {
	p := s.conn.Policy()
	p.Budget, p.MaxAttempts = p.Replication, 0
	p.Initial = min(p.Initial, time.Second)
	p.Max = max(p.Max/8, p.Initial)
	attempts, err := retry.Do(ctx, p, func() (retry.Verdict, error) {
		again, err := attempt()
		return retry.Verdict{Again: again}, err
	})
	if err == nil || !errors.Is(err, errBehind) {
		return err
	}
	return &iamscim.Error{
		Op: op, Resource: s.name, Kind: iamscim.ErrNotVisible, Attempts: attempts, Err: err,
		Remedy: "repeat the call later",
	}
}

// current reads the secret and which version is the record: 0 if there is none. The
// secret is nil if there is none and the store is to create it. An error may pass if
// the read was behind.
func (s *Store) current(ctx context.Context, op string) (secret *sm.Secret, current int64, behind bool, err error) {
	secret, err = s.get(ctx, op)
	if errors.Is(err, iamscim.ErrNotFound) && s.create {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, err
	}
	text, marked := secret.Annotations[currentKey]
	if !marked {
		behind, err := s.checkUnused(ctx, op)
		return secret, 0, behind, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return nil, 0, false, &iamscim.Error{
			Op: op, Resource: s.name, Kind: iamscim.ErrFailedPrecondition, Attempts: 1,
			Err:    fmt.Errorf("the annotation %s is %.50q, not the number of a version", currentKey, text),
			Remedy: "set it to the newest version that holds a record",
		}
	}
	return secret, n, false, nil
}

// checkUnused refuses a secret without the annotation that has versions: it is
// somebody else's, or the annotation was lost. If a version looks like a record, this
// read of the secret may be behind.
func (s *Store) checkUnused(ctx context.Context, op string) (behind bool, err error) {
	if _, err := s.access(ctx, op, 1); isGone(err) {
		return false, nil
	} else if err != nil && !isState(err) {
		return false, err
	}
	open, err := s.after(ctx, op, 0)
	if err != nil {
		return false, err
	}
	for _, n := range open {
		text, err := s.access(ctx, op, n)
		behind = behind || err == nil && isRecord(text)
	}
	return behind, &iamscim.Error{
		Op: op, Resource: s.name, Kind: iamscim.ErrFailedPrecondition, Attempts: 1,
		Err:    fmt.Errorf("the secret has versions, but no annotation %s: they aren't of this store", currentKey),
		Remedy: "use a secret of its own for the store, or restore the annotation: its value is the number of the version that holds the record",
	}
}

// isRecord reports whether a text looks like one that scimtoken stores.
func isRecord(text iamscim.Secret) bool {
	var record struct {
		Version *int `json:"version"`
	}
	return json.Unmarshal([]byte(text.Reveal()), &record) == nil && record.Version != nil
}

// take makes an unused secret the store's own, and creates it if there is none.
func (s *Store) take(ctx context.Context, op string, secret *sm.Secret) (*sm.Secret, error) {
	switch {
	case secret == nil:
		return s.createSecret(ctx, op)
	case secret.Annotations[currentKey] != "":
		return secret, nil
	}
	now, _, err := s.annotate(ctx, op, secret, 0)
	return now, err
}

// maxAfter bounds the versions after the record. There is one for each swap that
// failed since.
const maxAfter = 1000

// after returns the versions after n that can be accessed. One that can't is disabled
// or destroyed: it was never the record, or it was and there is a later one. The
// service shows a new version under its number at once.
func (s *Store) after(ctx context.Context, op string, n int64) (open []int64, err error) {
	for last := n + maxAfter; n < last; {
		n++
		_, err := s.access(ctx, op, n)
		switch {
		case err == nil:
			open = append(open, n)
		case isGone(err):
			return open, nil
		case !isState(err):
			return nil, err
		}
	}
	return nil, gapi.BadReply(op, s.name, fmt.Errorf("there are %d versions after the record", maxAfter))
}

// lost is the error of a swap of a version that isn't the current one.
func (s *Store) lost(op string) error {
	return &iamscim.Error{
		Op: op, Resource: s.name, Kind: iamscim.ErrAborted,
		Err:    errors.New("the record has another version: somebody else has changed it"),
		Remedy: "load the record again",
	}
}

// broken is the error for a record that can't be accessed and has no successor.
func (s *Store) broken(op string, n int64, err error) error {
	e := &iamscim.Error{Op: op, Resource: s.version(n), Kind: iamscim.ErrFailedPrecondition, Attempts: 1}
	e.Err = errors.New("the secret names this version as the record, but it is disabled or destroyed")
	e.Remedy = fmt.Sprintf("run gcloud secrets versions enable %d --secret=%s --project=%s", n, s.id(), s.project())
	if isGone(err) {
		e.Err = errors.New("the secret names this version as the record, but there is no such version")
		e.Remedy = fmt.Sprintf("set the annotation %s to the number of the version that holds the record", currentKey)
	}
	return e
}

func isState(err error) bool { return errors.Is(err, iamscim.ErrFailedPrecondition) }
func isGone(err error) bool  { return errors.Is(err, iamscim.ErrNotFound) }

// tag is the version of a record for the caller.
func tag(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// number is the inverse of tag.
func number(version string) (n int64, ok bool) {
	if version == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(version, 10, 64)
	return n, err == nil && n > 0 && tag(n) == version
}
