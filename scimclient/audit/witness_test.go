package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// witness is a consumer that knows everything, but for what a test changes.
type witness struct {
	source  func() string
	group   func(value string) bool
	subject func(email string) ([]string, error)
	asked   []int // groups in each call
	people  map[string]bool
}

func (w *witness) Groups(_ context.Context, groups []audit.WitnessGroup) (string, []bool, error) {
	w.asked = append(w.asked, len(groups))
	var known []bool
	for _, g := range groups {
		known = append(known, w.group(g.Value))
	}
	return w.source(), known, nil
}

func (w *witness) Subjects(_ context.Context, email string) ([]string, error) {
	w.people[email] = true
	return w.subject(email)
}

func TestWitness(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(w *witness, begin time.Time)
		want   []string
		clean  bool
	}{
		{name: "agrees", change: func(*witness, time.Time) {}, clean: true},
		{name: "doesn't use the tenant", change: func(w *witness, _ time.Time) { w.source = func() string { return "GOOGLE" } }, want: []string{"witness-elsewhere"}},
		{name: "doesn't know a group", change: func(w *witness, _ time.Time) { w.group = func(value string) bool { return value != "xg7" } }, want: []string{"witness-group-missing g7"}},
		{name: "follows late", change: func(w *witness, begin time.Time) {
			w.group = func(string) bool { return time.Since(begin) > time.Minute }
			w.source = func() string {
				if time.Since(begin) > time.Minute {
					return "SCIM"
				}
				return "NONE"
			}
		}, clean: true},
		{name: "doesn't know people", change: func(w *witness, _ time.Time) { w.subject = func(string) ([]string, error) { return nil, nil } }, want: all("witness-user-missing")},
		{name: "has other subjects", change: func(w *witness, _ time.Time) {
			w.subject = func(email string) ([]string, error) { return []string{email}, nil }
		}, want: all("witness-subject-differs")},
		{name: "fails", change: func(w *witness, _ time.Time) {
			w.subject = func(email string) ([]string, error) {
				return nil, fmt.Errorf("%w: %s", iamscim.ErrPermissionDenied, email)
			}
		}, want: []string{"not-checked"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(8, 130, 20)
				srv := server()
				defer srv.Close()
				w := &witness{people: map[string]bool{}, source: func() string { return "SCIM" }, group: func(string) bool { return true }, subject: func(email string) ([]string, error) {
					return []string{"somebody else", "x" + strings.TrimSuffix(email, "@example.com")}, nil
				}}
				test.change(w, time.Now())
				result, rec := run(t, d.serve(t, srv).client(), d.roster(), func(o *audit.Options) { o.Witness, o.WitnessUsers = w, 5 })
				got := rec.findings()
				if want := test.want; len(want) == 1 && strings.HasSuffix(want[0], "*") {
					for i, f := range got {
						if !strings.HasPrefix(f, strings.TrimSuffix(want[0], "*")) {
							t.Errorf("finding %s, want %s", got[i], want[0])
						}
					}
					if len(got) != 5 {
						t.Errorf("%d findings, want 5: %v", len(got), got)
					}
				} else if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
				if result.Clean() != test.clean || result.Witness.Groups != 130 || result.Witness.Users != 5 || len(w.people) > 5 {
					t.Errorf("clean %v, want %v; %+v; asked about %d people", result.Clean(), test.clean, result.Witness, len(w.people))
				}
				if len(w.asked) < 2 || w.asked[0] != 100 || w.asked[1] != 30 || slices.Max(w.asked) > 100 {
					t.Errorf("groups in each call: %v", w.asked)
				}
				for _, m := range rec.messages {
					if m.Finding != nil && strings.Contains(m.Finding.Detail, "@") {
						t.Errorf("a name is in the detail: %s", m.Finding.Detail)
					}
				}
			})
		})
	}
}

func all(code string) []string { return []string{code + "*"} }

// A witness that doesn't answer about every group isn't believed.
func TestWitnessAnswersTooLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(2, 2, 1)
		srv := server()
		defer srv.Close()
		_, rec := run(t, d.serve(t, srv).client(), d.roster(), func(o *audit.Options) { o.Witness = mute{} })
		if diff := cmp.Diff([]string{"not-checked"}, rec.findings()); diff != "" {
			t.Errorf("findings (-want +got):\n%s", diff)
		}
	})
}

type mute struct{}

func (mute) Groups(context.Context, []audit.WitnessGroup) (string, []bool, error) {
	return "SCIM", nil, nil
}
func (mute) Subjects(context.Context, string) ([]string, error) { return nil, errors.New("never") }
