package scimtoken_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtoken"
	"github.com/iamscim/iamscim/scimtoken/storetest"
)

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) (first, second scimtoken.TokenStore) {
		s := new(scimtoken.MemoryStore)
		return s, s
	})
}

func TestFileStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (first, second scimtoken.TokenStore) {
		path := filepath.Join(t.TempDir(), "token.json")
		return scimtoken.NewFileStore(path), scimtoken.NewFileStore(path)
	})
}

// TestFileStoreByALink: the path of a link and the path of its file are one
// store with one lock, and the link stays.
func TestFileStoreByALink(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) (first, second scimtoken.TokenStore) {
		path := filepath.Join(t.TempDir(), "token.json")
		link := filepath.Join(t.TempDir(), "link.json")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal("a symbolic link: ", err)
		}
		t.Cleanup(func() {
			if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
				t.Errorf("the link is %v, %v after the swaps, want a link", info, err)
			}
		})
		// The link leads nowhere until there is a record.
		if err := scimtoken.NewFileStore(path).Swap(t.Context(), "1", iamscim.NewSecret("{}")); err == nil {
			t.Error("a swap of no record under version 1 succeeded")
		}
		return scimtoken.NewFileStore(path), scimtoken.NewFileStore(link)
	})
}

func TestFileStoreFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "token.json")
	store := scimtoken.NewFileStore(path)
	ctx := t.Context()
	// What a process that died left behind is in nobody's way.
	if err := os.WriteFile(path+".next", []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := store.Swap(ctx, "", iamscim.NewSecret(`{"n":1}`)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", e.Name(), info.Mode())
		}
		if e.Name() != "token.json" && e.Name() != "token.json.lock" {
			t.Errorf("the store left %s behind", e.Name())
		}
	}
	// A swap that can't be written changes nothing and leaves no secret.
	_, version, err := store.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path+".next", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := store.Swap(ctx, version, iamscim.NewSecret(`{"n":2}`)); err == nil {
		t.Error("Swap over a directory = nil, want an error")
	}
	if record, now, err := store.Load(ctx); err != nil || now != version || record.Reveal() != `{"n":1}` {
		t.Errorf("Load after it = %q, %q, %v, want the first record", record.Reveal(), now, err)
	}
	// An empty file isn't an empty store.
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Load(ctx); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("Load of an empty file = %v, want an error", err)
	}
	if err := store.Swap(ctx, "", iamscim.NewSecret(`{"n":2}`)); err == nil {
		t.Error("Swap over an empty file = nil, want an error")
	}
	// A directory that isn't there is an error, not an empty store that takes
	// a record.
	lost := scimtoken.NewFileStore(filepath.Join(dir, "no", "token.json"))
	if err := lost.Swap(ctx, "", iamscim.NewSecret(`{}`)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Swap in no directory = %v, want fs.ErrNotExist", err)
	}
}

// TestFileStoreLock: a process that holds the lock makes others wait, until
// their context ends; one that dies lets go.
func TestFileStoreLock(t *testing.T) {
	t.Parallel()
	if path := os.Getenv("SCIMTOKEN_HOLD_LOCK"); path != "" {
		unlock, err := scimtoken.Lock(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		os.Stdout.WriteString("locked\n")
		select {} // until it's killed
	}
	path := filepath.Join(t.TempDir(), "token.json")
	child := exec.Command(os.Args[0], "-test.run=^TestFileStoreLock$")
	child.Env = append(os.Environ(), "SCIMTOKEN_HOLD_LOCK="+path+".lock")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	if _, err := out.Read(make([]byte, len("locked\n"))); err != nil {
		t.Fatal(err)
	}
	store := scimtoken.NewFileStore(path)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := store.Swap(ctx, "", iamscim.NewSecret("{}")); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another process holds") {
			t.Errorf("Swap while another process holds the lock = %v", err)
		}
	})
	if record, _, err := store.Load(t.Context()); err != nil || !record.IsZero() {
		t.Errorf("Load meanwhile = %q, %v, want no record", record.Reveal(), err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := store.Swap(t.Context(), "", iamscim.NewSecret("{}")); err != nil {
		t.Errorf("Swap after that process died = %v", err)
	}
}
