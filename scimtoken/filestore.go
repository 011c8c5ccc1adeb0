package scimtoken

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// FileStore is a [TokenStore] in a file that its owner alone can read (mode
// 0600). It serves the processes of one host. A swap replaces the file as a
// whole and is on disk before it returns. Processes exclude each other by a lock
// of the operating system on the file PATH.lock, held for the time of one swap
// and released when a process dies.
//
// File systems shared by several hosts are not supported: many don't lock
// across hosts. On Windows the mode has no effect, and the directory must be
// private.
type FileStore struct {
	path string
}

// NewFileStore returns the store in a file. The file needn't exist, its
// directory must. One file holds the record of one tenant.
func NewFileStore(path string) *FileStore { return &FileStore{path: path} }

// Load reads the file.
func (s *FileStore) Load(ctx context.Context) (record Secret, version string, err error) {
	if err := ctx.Err(); err != nil {
		return Secret{}, "", err
	}
	return load(s.path)
}

// Swap replaces the file.
func (s *FileStore) Swap(ctx context.Context, version string, record Secret) (err error) {
	// Two paths to one file must lead to one lock, and a rename would replace
	// a link.
	path, err := filepath.EvalSymlinks(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		path = s.path
	} else if err != nil {
		return err
	}
	unlock, err := lock(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	_, now, err := load(path)
	if err != nil {
		return err
	}
	if now != version {
		return errSwapped
	}
	return replace(path, record.Reveal())
}

// load returns the content of a file. Its hash is its version: no two records
// have the same text.
func load(path string) (record Secret, version string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Secret{}, "", nil
	}
	if err != nil {
		return Secret{}, "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecord+1))
	if err != nil {
		return Secret{}, "", err
	}
	hash := sha256.Sum256(text)
	if len(text) == 0 {
		// What a crash of the file system can leave behind, or touch: no
		// record, but not the absence of one either.
		return Secret{}, "", &iamscim.Error{
			Op: "scimtoken: load", Resource: path, Kind: ErrBadRecord, Err: errors.New("the file is empty"),
			Remedy: "restore it, or remove it if there never was a token",
		}
	}
	return iamscim.NewSecret(string(text)), hex.EncodeToString(hash[:]), nil
}

// replace writes a file beside path and renames it. The caller has the lock.
func replace(path, text string) (err error) {
	next := path + ".next"
	// A process that died may have left one behind.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		_ = os.Remove(next) // it holds secrets
		return err
	}
	return syncDir(filepath.Dir(path))
}

// lockPause is between two attempts to get a lock that another process holds.
const lockPause = 5 * time.Millisecond

// lock waits for a lock until ctx ends.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	for {
		unlock, taken, err := tryLock(path)
		if err != nil {
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if !taken {
			if err := ctx.Err(); err != nil {
				unlock()
				return nil, err
			}
			return unlock, nil
		}
		if err := retry.Wait(ctx, lockPause); err != nil {
			return nil, fmt.Errorf("another process holds %s: %w", path, err)
		}
	}
}
