package check_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
)

func TestList(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		add  func(*check.List)
		want []string
	}{
		{"nothing", func(*check.List) {}, nil},
		{"no error", func(l *check.List) { l.AddError("F", nil) }, nil},
		{"required", func(l *check.List) { l.Required("F", ""); l.Required("G", "x") }, []string{"F: required"}},
		{"text of the exact length", func(l *check.List) { l.Text("F", strings.Repeat("日", 3), 3) }, nil},
		{"text too long by a character", func(l *check.List) { l.Text("F", strings.Repeat("日", 4), 3) }, []string{"F: must be at most 3 characters, is 4"}},
		{"text not UTF-8", func(l *check.List) { l.Text("F", "a\xffb", 100) }, []string{"F: must be valid UTF-8"}},
		{"https", func(l *check.List) { l.HTTPS("F", "https://idp.example.com/a?b=c") }, nil},
		{"https in capitals", func(l *check.List) { l.HTTPS("F", "HTTPS://idp.example.com") }, nil},
		{"https empty", func(l *check.List) { l.HTTPS("F", "") }, []string{"F: required"}},
		{"http", func(l *check.List) { l.HTTPS("F", "http://idp.example.com") }, []string{"F: must be an https URI"}},
		{"https without a host", func(l *check.List) { l.HTTPS("F", "https://") }, []string{"F: must be an https URI"}},
		{"https opaque", func(l *check.List) { l.HTTPS("F", "https:idp.example.com") }, []string{"F: must be an https URI"}},
		{"not a URI", func(l *check.List) { l.HTTPS("F", "https://[::1") }, []string{"F: must be an https URI"}},
		{"percent in a value is no verb", func(l *check.List) { l.AddError("F", errors.New("100%d")) }, []string{"F: 100%d"}},
		{"order of the calls", func(l *check.List) { l.Add("B", "x"); l.Add("A", "y %d", 1) }, []string{"B: x", "A: y 1"}},
		{"included", func(l *check.List) {
			var other check.List
			other.Add("B", "x")
			l.Add("A", "y")
			l.Include(other)
		}, []string{"A: y", "B: x"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var l check.List
			tt.add(&l)
			err := l.Err("p: create", "n")
			if tt.want == nil {
				if err != nil {
					t.Errorf("Err() = %v, want nil", err)
				}
				return
			}
			var e *iamscim.Error
			if !errors.As(err, &e) || !errors.Is(err, iamscim.ErrInvalidArgument) || e.Op != "p: create" || e.Resource != "n" || e.Attempts != 0 {
				t.Fatalf("Err() = %#v, want an *iamscim.Error of the call", err)
			}
			var got []string
			for _, v := range e.Violations {
				got = append(got, v.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Err(): violations (-want +got)\n%s", diff)
			}
		})
	}
}

func TestCausesAreReachable(t *testing.T) {
	t.Parallel()
	var l, other check.List
	l.AddError("A", io.EOF)
	other.AddError("B", io.ErrNoProgress)
	l.Include(other)
	err := l.Err("p: create", "")
	if !errors.Is(err, io.EOF) || !errors.Is(err, io.ErrNoProgress) || !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("Err() = %v, want both causes within", err)
	}
	if got, want := err.Error(), "p: create: invalid argument: A: EOF; B: multiple Read calls return no data or error"; got != want {
		t.Errorf("Err() = %q, want %q", got, want)
	}
}

// TestSharedLimits: the limits of the discovery document.
func TestSharedLimits(t *testing.T) {
	t.Parallel()
	if check.MaxDisplayName != 32 || check.MaxDescription != 256 {
		t.Errorf("the limits are %d and %d, want 32 and 256", check.MaxDisplayName, check.MaxDescription)
	}
}
