package scimtoken

import (
	"context"
	"errors"
	"strconv"
	"sync"

	"github.com/iamscim/iamscim"
)

// TokenStore keeps the record of one tenant: the current token with its secret,
// the token that is to replace it, and the tokens to delete. [Client.Ensure],
// [Client.Rotate], [Client.Retire] and [Client.Adopt] work on it, from any
// process. The record is the truth about which token is in use.
//
// Implement it on a place for secrets that can compare and swap: a column of a
// database, a versioned entry of a vault, an object with a generation. For a
// program on one host, [FileStore] does. Package storetest has the tests that
// every implementation must pass.
//
// In SQL, for a table with one row for each tenant:
//
//	SELECT record, version FROM token WHERE tenant = $1
//	INSERT INTO token (tenant, record, version) VALUES ($1, $2, 1)                               -- version ""
//	UPDATE token SET record = $2, version = version + 1 WHERE tenant = $1 AND version = $3     -- one row, or it fails
//
// The record is a JSON text of up to a few thousand bytes. Store what Reveal
// returns. It holds the secrets of tokens in clear, so keep it like one. A store
// may format the JSON anew, but must not change a value.
//
// # What compare-and-swap must guarantee
//
//   - Of all swaps that name the same version at most one succeeds, whatever
//     processes they come from.
//   - A load that begins after a swap has succeeded returns that record or a
//     later one. Stores that answer from replicas must ask the primary.
//   - A swap that fails may have changed the record, if its reply was lost. It
//     never changes a part of it.
//   - The record survives the process, and the host if it matters to you. A store
//     that loses the record after a swap succeeded loses the secrets in it.
//
// A store without compare-and-swap, that overwrites whatever is there, is for
// a single caller at a time. With two, one can delete the token that the other
// has just handed to the identity provider.
type TokenStore interface {
	// Load returns the record and its version, or the zero Secret and "" if
	// there is none. The version is the store's own: a number, an etag.
	Load(ctx context.Context) (record Secret, version string, err error)

	// Swap replaces the record if its version is still the given one. ""
	// stands for no record. In every other case it changes nothing and
	// returns an error.
	Swap(ctx context.Context, version string, record Secret) error
}

// errSwapped is why the stores of this package refuse a swap.
var errSwapped = errors.New("the record has another version: somebody else has changed it")

// MemoryStore is a [TokenStore] that lasts as long as the process, for tests and
// for programs that keep the token elsewhere. The zero value is empty and ready.
type MemoryStore struct {
	mu      sync.Mutex
	record  Secret
	version int64
}

// Load returns the record.
func (s *MemoryStore) Load(ctx context.Context) (record Secret, version string, err error) {
	if err := ctx.Err(); err != nil {
		return iamscim.Secret{}, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record, s.tag(), nil
}

// Swap replaces the record.
func (s *MemoryStore) Swap(ctx context.Context, version string, record Secret) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if version != s.tag() {
		return errSwapped
	}
	s.record = record
	s.version++
	return nil
}

func (s *MemoryStore) tag() string {
	if s.version == 0 {
		return ""
	}
	return strconv.FormatInt(s.version, 10)
}
