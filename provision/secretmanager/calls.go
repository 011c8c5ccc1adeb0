package secretmanager

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"google.golang.org/api/googleapi"
	sm "google.golang.org/api/secretmanager/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// The service answers with the project's number in names, whatever the request
// had, so names are compared from the secret on.

func (s *Store) id() string { return s.name[strings.LastIndexByte(s.name, '/')+1:] }

func (s *Store) project() string { return strings.Split(s.name, "/")[1] }

func (s *Store) isSecret(v *sm.Secret) error {
	switch {
	case !strings.HasSuffix(v.Name, "/secrets/"+s.id()):
		return fmt.Errorf("the reply is about %.300q", v.Name)
	case v.Etag == "":
		return errors.New("the secret has no etag")
	}
	return nil
}

// versionNumber reads the number off the name of a version of this secret.
func (s *Store) versionNumber(name string) (int64, error) {
	_, text, ok := strings.Cut(name, "/secrets/"+s.id()+"/versions/")
	n, err := strconv.ParseInt(text, 10, 64)
	if !ok || err != nil || n < 1 {
		return 0, fmt.Errorf("the reply is about %.300q", name)
	}
	return n, nil
}

func (s *Store) version(n int64) string { return fmt.Sprintf("%s/versions/%d", s.name, n) }

func (s *Store) get(ctx context.Context, op string) (*sm.Secret, error) {
	return gapi.Call(ctx, s.conn, gapi.Request[sm.Secret]{
		Op: op, Resource: s.name, Do: gapi.Do(s.api.Get(s.name)), Accept: s.isSecret,
		Permission: "secretmanager.secrets.get",
		Explain: func(_ context.Context, e *iamscim.Error) {
			if errors.Is(e, iamscim.ErrNotFound) {
				e.Remedy = fmt.Sprintf("run gcloud secrets create %s --project=%s --replication-policy=automatic", s.id(), s.project())
			}
		},
	})
}

// createSecret creates the secret as the store's own.
func (s *Store) createSecret(ctx context.Context, op string) (*sm.Secret, error) {
	replication := &sm.Replication{Automatic: &sm.Automatic{}}
	if len(s.locations) > 0 {
		replication = &sm.Replication{UserManaged: &sm.UserManaged{}}
		for _, l := range s.locations {
			replication.UserManaged.Replicas = append(replication.UserManaged.Replicas, &sm.Replica{Location: l})
		}
	}
	secret := &sm.Secret{Replication: replication, Annotations: map[string]string{currentKey: "0"}}
	created, err := gapi.Call(ctx, s.conn, gapi.Request[sm.Secret]{
		Op: op, Resource: s.name, Do: gapi.Do(s.api.Create("projects/"+s.project(), secret).SecretId(s.id())), Accept: s.isSecret,
		Permission: "secretmanager.secrets.create",
	})
	if errors.Is(err, iamscim.ErrAlreadyExists) {
		// By an attempt that was lost, or by somebody else in this moment.
		return s.visible(ctx, op)
	}
	if err != nil {
		return nil, err
	}
	if _, err := s.visible(ctx, op); err != nil {
		return nil, err
	}
	return created, nil
}

// visible reads the secret that was just created.
func (s *Store) visible(ctx context.Context, op string) (*sm.Secret, error) {
	return gapi.Visible(ctx, s.conn, op, s.name, func(ctx context.Context) (*sm.Secret, error) { return s.get(ctx, op) }, nil)
}

// annotate makes version n the record, if the secret is still as it was read. It
// returns the secret with mine, what this change left in it. If a lost attempt turns
// out to have changed nothing, the result is the secret as somebody else changed it,
// without mine.
func (s *Store) annotate(ctx context.Context, op string, secret *sm.Secret, n int64) (now *sm.Secret, mine bool, err error) {
	// A mask names the annotations as a whole.
	annotations := maps.Clone(secret.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	before := changes(secret)
	stamp := fmt.Sprintf("%d.%s", before+1, rand.Text())
	annotations[currentKey], annotations[changeKey] = strconv.FormatInt(n, 10), stamp
	patch := &sm.Secret{Annotations: annotations, Etag: secret.Etag}
	now, err = gapi.Call(ctx, s.conn, gapi.Request[sm.Secret]{
		Op: op, Resource: s.name, Do: gapi.Do(s.api.Patch(s.name, patch).UpdateMask("annotations")), Accept: s.isSecret,
		Permission: "secretmanager.secrets.update",
		Settle: func(ctx context.Context, refusal error) (*sm.Secret, bool, error) {
			read := func(ctx context.Context) (*sm.Secret, error) { return s.get(ctx, op) }
			// Another etag doesn't say which of the two is older. The count does.
			got, decided, err := gapi.Settled(ctx, s.conn, refusal, read, func(now *sm.Secret) (bool, error) { return changes(now) > before, nil })
			if !decided && err == nil {
				err = errBehind
			}
			return got, decided, err
		},
	})
	if err != nil {
		return nil, false, err
	}
	return now, now.Annotations[changeKey] == stamp, nil
}

// changes is how often stores have changed a secret.
func changes(secret *sm.Secret) int64 {
	count, _, _ := strings.Cut(secret.Annotations[changeKey], ".")
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// add adds a version and returns its number. An attempt that was lost may have
// added one too: it is one of those that the next swap disables.
func (s *Store) add(ctx context.Context, op string, record iamscim.Secret) (int64, error) {
	data := []byte(record.Reveal())
	text := base64.StdEncoding.EncodeToString(data)
	ctx = gapi.WithSecrets(ctx, record, iamscim.NewSecret(text))
	var n int64
	_, err := gapi.Call(ctx, s.conn, gapi.Request[sm.SecretVersion]{
		Op: op, Resource: s.name,
		Do: gapi.Do(s.api.AddVersion(s.name, &sm.AddSecretVersionRequest{
			Payload: &sm.SecretPayload{Data: text, DataCrc32c: checksum(data)},
		})),
		Accept: func(v *sm.SecretVersion) (err error) {
			n, err = s.versionNumber(v.Name)
			return err
		},
		Permission: "secretmanager.versions.add",
	})
	return n, err
}

var crc32c = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) int64 { return int64(crc32.Checksum(data, crc32c)) }

// access reads what a version holds.
func (s *Store) access(ctx context.Context, op string, n int64) (record iamscim.Secret, err error) {
	_, err = gapi.Call(ctx, s.conn, gapi.Request[sm.AccessSecretVersionResponse]{
		Op: op, Resource: s.version(n), Do: gapi.Do(s.api.Versions.Access(s.version(n))),
		Accept: func(v *sm.AccessSecretVersionResponse) error {
			if got, err := s.versionNumber(v.Name); err != nil || got != n {
				return fmt.Errorf("the reply is about %.300q", v.Name)
			}
			if v.Payload == nil {
				return errors.New("the reply has no payload")
			}
			data, err := base64.StdEncoding.DecodeString(v.Payload.Data)
			switch {
			case err != nil:
				return errors.New("the payload is not base64")
			case v.Payload.DataCrc32c != checksum(data):
				return errors.New("the payload doesn't have its checksum")
			case len(data) == 0:
				return errors.New("the payload is empty")
			}
			record = iamscim.NewSecret(string(data))
			return nil
		},
		Permission: "secretmanager.versions.access",
	})
	return record, err
}

// list returns the numbers of the versions in a state. It reads one page: the rest is
// for the next swap.
func (s *Store) list(ctx context.Context, op, state string) ([]int64, error) {
	var numbers []int64
	_, err := gapi.Call(ctx, s.conn, gapi.Request[sm.ListSecretVersionsResponse]{
		Op: op, Resource: s.name, Do: gapi.Do(s.api.Versions.List(s.name).Filter("state:" + state)),
		Accept: func(l *sm.ListSecretVersionsResponse) error {
			numbers = nil
			for _, v := range l.Versions {
				if v == nil {
					return errors.New("a version of the list is null")
				}
				n, err := s.versionNumber(v.Name)
				if err != nil {
					return err
				}
				numbers = append(numbers, n)
			}
			return nil
		},
		Permission: "secretmanager.versions.list",
	})
	return numbers, err
}

// retire disables or destroys the versions before the record. The swap has
// succeeded, so nothing that goes wrong here is its error: the next one does it.
func (s *Store) retire(ctx context.Context, op string, current int64) {
	states := []string{"ENABLED"}
	if s.destroy {
		states = append(states, "DISABLED")
	}
	for _, state := range states {
		numbers, err := s.list(ctx, op, state)
		if err != nil {
			s.conn.Warn(ctx, "iamscim: old versions of a secret stay enabled", op, s.name, err)
			return
		}
		for _, n := range numbers {
			if n < current {
				s.drop(ctx, op, n)
			}
		}
	}
}

// drop disables or destroys a version that isn't the record.
func (s *Store) drop(ctx context.Context, op string, n int64) {
	request := gapi.Request[sm.SecretVersion]{
		Op: op, Resource: s.version(n), Do: gapi.Do(s.api.Versions.Disable(s.version(n), &sm.DisableSecretVersionRequest{})),
		Permission: "secretmanager.versions.disable",
	}
	if s.destroy {
		request.Do = gapi.Do(s.api.Versions.Destroy(s.version(n), &sm.DestroySecretVersionRequest{}))
		request.Permission = "secretmanager.versions.destroy"
	}
	var refused *googleapi.Error
	_, err := gapi.Call(ctx, s.conn, request)
	if err != nil && !(errors.As(err, &refused) && refused.Code == http.StatusBadRequest) { // it is destroyed already
		s.conn.Warn(ctx, "iamscim: an old version of a secret stays enabled", op, s.version(n), err)
	}
}
