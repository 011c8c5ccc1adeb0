package faulttest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/scimtest"
)

// A Call is made with all clients.
type Call = func(context.Context, *testenv.Clients) error

// A Method is a row of the table.
type Method struct {
	Name string
	// The request that is faulted: its verb, its path as in [scimtest.Fault],
	// and how many such requests pass first.
	Verb, Path string
	Skip       int
	// Wrong is a reply of a 200 that is about something else.
	Wrong string
	// Prepare puts the server in the state the call begins with, using clients
	// without faults, and returns the call. The call returns [ErrEmpty] if all
	// it got is an empty reply, and an error if the result is wrong.
	Prepare func(*testing.T, *scimtest.Server, *testenv.Clients) Call
	// State says what of the server's state the call is about, and States what
	// that is for each code of the table.
	State  func(*scimtest.Server) string
	States map[string]string
	// Lost is the code, and Kind the error, of a call whose reply is lost while
	// replicas are behind. Without them it's "+" and no error.
	Lost string
	Kind error
}

// ErrEmpty is an empty reply where one is possible.
var ErrEmpty = errors.New("an empty reply")

// writes are rows of the sections about changes; the others only read, or fault
// a read.
func (m *Method) writes() bool {
	return len(m.States) > 1 && !strings.HasSuffix(m.Name, "[operation]") && !strings.HasSuffix(m.Name, "[read-back]") && !strings.HasSuffix(m.Name, "[read]")
}

// matches reports whether a request is the one of the method that is faulted.
func (m *Method) matches(r *http.Request) bool {
	escaped := strings.Split(r.URL.EscapedPath(), "/")
	tail := strings.Join(escaped[max(0, len(escaped)-strings.Count(m.Path, "/")-1):], "/")
	ok, err := path.Match(m.Path, tail)
	return err == nil && ok && r.Method == m.Verb
}

// At returns a Prepare that puts resources in place.
func At(until testenv.Seed, call Call) func(*testing.T, *scimtest.Server, *testenv.Clients) Call {
	return func(t *testing.T, srv *scimtest.Server, _ *testenv.Clients) Call {
		testenv.Prepare(t, srv, until)
		return call
	}
}

// After returns a Prepare that makes another call first.
func After(until testenv.Seed, first, call Call) func(*testing.T, *scimtest.Server, *testenv.Clients) Call {
	return func(t *testing.T, srv *scimtest.Server, c *testenv.Clients) Call {
		testenv.Prepare(t, srv, until)
		if err := first(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		return call
	}
}

// WantState is an error unless a resource came back in the state.
func WantState(what string, got, want iamscim.State, err error) error {
	if err == nil && got != want {
		return fmt.Errorf("%s is %q, want %q", what, got, want)
	}
	return err
}

// Held is the error of asking for one permission, ErrEmpty if the caller has none.
func Held(got []string, err error, want string) error {
	switch {
	case err == nil && got == nil:
		return ErrEmpty
	case err == nil && !slices.Equal(got, []string{want}):
		return fmt.Errorf("the caller has %v", got)
	}
	return err
}

// FirstOf returns the error of a list, ErrEmpty if it is empty.
func FirstOf[T any](items func(func(*T, error) bool)) error {
	result := ErrEmpty
	for item, err := range items {
		result = err
		if err == nil && item == nil {
			result = errors.New("a nil item")
		}
		break
	}
	return result
}

// ID is the last part of a name.
func ID(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
