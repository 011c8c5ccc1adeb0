// Package storetest tests implementations of [scimtoken.TokenStore]:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) (first, second scimtoken.TokenStore) {
//			key := newKey(t)
//			return mystore.New(key), mystore.New(key)
//		})
//	}
//
// It can't test what lasts: that a record survives the process and the host.
package storetest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtoken"
)

// Run tests a store. open is called for each test and returns two clients of
// one store that has no record: as two processes would have them. Return the
// same one twice if there is only one.
func Run(t *testing.T, open func(t *testing.T) (first, second scimtoken.TokenStore)) {
	t.Helper()
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, first, second scimtoken.TokenStore)
	}{
		{"empty", testEmpty},
		{"first swap", testFirst},
		{"stale swap", testStale},
		{"version of a record that never was", testUnknown},
		{"content", testContent},
		{"concurrent swaps", testConcurrent},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, second := open(t)
			tt.run(t, first, second)
		})
	}
}

// A record is JSON. These are none that package scimtoken writes.
func text(n int) scimtoken.Secret {
	return iamscim.NewSecret(`{"version":0,"n":` + strconv.Itoa(n) + `}`)
}

func load(t *testing.T, s scimtoken.TokenStore) (record scimtoken.Secret, version string) {
	t.Helper()
	record, version, err := s.Load(t.Context())
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	return record, version
}

func swap(t *testing.T, s scimtoken.TokenStore, version string, record scimtoken.Secret) {
	t.Helper()
	if err := s.Swap(t.Context(), version, record); err != nil {
		t.Fatalf("Swap(%q) = %v, want success", version, err)
	}
}

// wantRefused swaps in vain and checks that nothing changed.
func wantRefused(t *testing.T, s scimtoken.TokenStore, version string) {
	t.Helper()
	before, at := load(t, s)
	if err := s.Swap(t.Context(), version, text(99)); err == nil {
		t.Errorf("Swap(%q) = nil while the version is %q, want an error", version, at)
	}
	if after, now := load(t, s); after.Reveal() != before.Reveal() || now != at {
		t.Errorf("after a refused swap Load returns %q of version %q, before %q of version %q", after.Reveal(), now, before.Reveal(), at)
	}
}

func testEmpty(t *testing.T, first, second scimtoken.TokenStore) {
	for range 2 {
		if record, version := load(t, first); !record.IsZero() || version != "" {
			t.Errorf("Load of an empty store = %q, %q, want the zero Secret and \"\"", record.Reveal(), version)
		}
	}
	wantRefused(t, second, "1")
}

func testFirst(t *testing.T, first, second scimtoken.TokenStore) {
	swap(t, first, "", text(1))
	record, version := load(t, second)
	if number(t, record) != 1 || version == "" {
		t.Errorf("Load after the first swap = %q, %q, want the record and a version", record.Reveal(), version)
	}
	wantRefused(t, first, "")
	wantRefused(t, second, "")
}

func testStale(t *testing.T, first, second scimtoken.TokenStore) {
	swap(t, first, "", text(1))
	_, stale := load(t, first)
	swap(t, second, stale, text(2))
	wantRefused(t, first, stale)
	wantRefused(t, second, stale)
	record, version := load(t, first)
	if number(t, record) != 2 || version == stale {
		t.Errorf("Load after the second swap = %q, %q, want the second record and another version than %q", record.Reveal(), version, stale)
	}
	swap(t, first, version, text(3))
	if record, _ := load(t, second); number(t, record) != 3 {
		t.Errorf("Load after the third swap = %q, want the third record", record.Reveal())
	}
}

func testUnknown(t *testing.T, first, _ scimtoken.TokenStore) {
	swap(t, first, "", text(1))
	_, version := load(t, first)
	wantRefused(t, first, version+"0")
}

// testContent: a record comes back as it went in, whatever its length and its
// characters. Google Secret Manager holds 64 KiB, many times what a record has.
func testContent(t *testing.T, first, second scimtoken.TokenStore) {
	version := ""
	for _, value := range []string{`a\"b\\c`, `\u0000\u2028 é 日本 😀`, "<&>'%;-- $1", strings.Repeat("x", 60<<10)} {
		want := `{"version":0,"value":"` + value + `"}`
		swap(t, first, version, iamscim.NewSecret(want))
		var record scimtoken.Secret
		if record, version = load(t, second); canonical(t, record.Reveal()) != canonical(t, want) {
			t.Errorf("Load returns %.200q, want %.200q", record.Reveal(), want)
		}
	}
}

// testConcurrent: of the swaps that name one version one succeeds at most, so
// that no increment gets lost.
func testConcurrent(t *testing.T, first, second scimtoken.TokenStore) {
	const callers, each = 8, 5
	swap(t, first, "", text(0))
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	for i := range callers {
		store := first
		if i%2 == 1 {
			store = second
		}
		wg.Go(func() {
			for done := 0; done < each; {
				record, version, err := store.Load(t.Context())
				if err != nil {
					errs <- fmt.Errorf("load: %w", err)
					return
				}
				n, err := parse(record)
				if err != nil {
					errs <- err
					return
				}
				if store.Swap(t.Context(), version, text(n+1)) == nil {
					done++
				} else if t.Context().Err() != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
	if record, _ := load(t, first); number(t, record) != callers*each {
		t.Errorf("%d swaps succeeded and the record counts %d: some were lost", callers*each, number(t, record))
	}
}
