package audit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// small is a directory with errors of several kinds.
func small() *directory {
	d := generate(12, 6, 2)
	for i, name := range []string{"user missing", "title differs", "membership missing", "unexpected membership", "leaver still there", "key twice", "group missing", "several e-mails", "active although expected inactive"} {
		for _, p := range plants {
			if p.name == name {
				p.put(d, fmt.Sprintf("u%d", i))
			}
		}
	}
	return d
}

// An audit that is killed at any request and resumed finds what an uninterrupted
// one finds, in one stream of messages, and sends little more.
func TestKilledAtEveryRequest(t *testing.T) {
	t.Parallel()
	var want []string
	var requests int
	synctest.Test(t, func(t *testing.T) {
		d := small()
		srv := server()
		defer srv.Close()
		result, rec := run(t, d.serve(t, srv).client(), d.roster(), nil)
		want, requests = rec.findings(), result.Requests.Total()
	})
	for _, hard := range []bool{false, true} {
		name := map[bool]string{false: "interrupted", true: "killed"}[hard]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra, most := 0, 0
			for at := 1; at <= requests; at++ {
				synctest.Test(t, func(t *testing.T) {
					d := small()
					srv := server()
					defer srv.Close()
					f := d.serve(t, srv)
					file := filepath.Join(t.TempDir(), "checkpoint")
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					pipe := srv.PipeHTTPClient().Transport
					var sent atomic.Int32
					var left []byte // what a kill leaves on disk
					h := roundTripper(func(r *http.Request) (*http.Response, error) {
						if int(sent.Add(1)) == at {
							left, _ = os.ReadFile(file)
							cancel()
						}
						return pipe.RoundTrip(r)
					})
					opts := audit.Options{Mapping: mapping(t), Checkpoint: file}
					result, err := audit.Run(ctx, f.clientVia(&http.Client{Transport: h}), d.roster(), opts)
					if int(sent.Load()) < at {
						return // it verified the first no once, where the other run did twice
					}
					if !errors.Is(err, context.Canceled) || result != nil {
						t.Fatalf("at request %d: Run = %v, %v; want context.Canceled", at, result, err)
					}
					if hard {
						if err := os.WriteFile(file, left, 0o600); err != nil {
							t.Fatal(err)
						}
					}
					result, rec := run(t, f.client(), d.roster(), func(o *audit.Options) { o.Checkpoint, o.Resume = file, true })
					if diff := cmp.Diff(want, rec.findings()); diff != "" {
						t.Errorf("at request %d: findings (-want +got):\n%s", at, diff)
					}
					more := result.Requests.Total() - requests
					extra, most = extra+more, max(most, more)
					if _, err := os.Stat(file); err == nil {
						t.Error("the checkpoint is still there")
					}
				})
			}
			t.Logf("%d requests without an interruption; interrupted at each of them: %.1f more on average, at most %d", requests, float64(extra)/float64(requests), most)
		})
	}
}

// After a resume the settle time counts from the first reading.
func TestSettleTimeAfterResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := generate(10, 2, 1)
		d.dropUser("u1")
		srv := server()
		defer srv.Close()
		f := d.serve(t, srv)
		file := filepath.Join(t.TempDir(), "checkpoint")
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // all is read by then
		defer cancel()
		opts := audit.Options{Mapping: mapping(t), Checkpoint: file}
		if _, err := audit.Run(ctx, f.client(), d.roster(), opts); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		begin := time.Now()
		result, rec := run(t, f.client(), d.roster(), func(o *audit.Options) { o.Checkpoint, o.Resume = file, true })
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("the resumed audit took %v: the settle time began anew", took)
		}
		if diff := cmp.Diff([]string{"user-missing u1"}, rec.findings()); diff != "" || result.Requests.Rechecks > 3 { // of them two verify that the server knows the filter
			t.Errorf("%d rechecks; findings (-want +got):\n%s", result.Requests.Rechecks, diff)
		}
		if took := result.Ended.Sub(result.Started); took < 11*time.Minute {
			t.Errorf("the result says %v, without the first run", took)
		}
	})
}

func TestCheckpointRefuses(t *testing.T) {
	t.Parallel()
	interrupt := func(t *testing.T, f *fixture, r idp.Roster, opts audit.Options) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := audit.Run(ctx, f.client(), r, opts); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		set  func(t *testing.T, o *audit.Options, r *idp.Roster, d *directory)
		want string // "": accepted
	}{
		{name: "the same", set: func(*testing.T, *audit.Options, *idp.Roster, *directory) {}},
		{name: "another order", set: func(_ *testing.T, _ *audit.Options, r *idp.Roster, d *directory) {
			rand.Shuffle(len(d.users), func(i, j int) { d.users[i], d.users[j] = d.users[j], d.users[i] })
			rand.Shuffle(len(d.members), func(i, j int) { d.members[i], d.members[j] = d.members[j], d.members[i] })
			*r = d.roster()
		}},
		{name: "another attribute", want: "another roster", set: func(_ *testing.T, _ *audit.Options, r *idp.Roster, d *directory) {
			d.users[3].Attributes = map[string]string{"title": "other"}
			*r = d.roster()
		}},
		{name: "a membership less", want: "another roster", set: func(_ *testing.T, _ *audit.Options, r *idp.Roster, d *directory) {
			d.members = d.members[1:]
			*r = d.roster()
		}},
		{name: "a user twice", want: "another roster", set: func(_ *testing.T, _ *audit.Options, r *idp.Roster, d *directory) {
			d.users = append(d.users, d.users[0], d.users[0])
			*r = d.roster()
		}},
		{name: "another claim mapping", want: "another claim mapping", set: func(t *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) {
			var err error
			if o.Mapping, err = claimmap.Parse("google.subject=user.userName,google.group=group.externalId"); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a sample", want: "another sample", set: func(_ *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) { o.Sample = &audit.Sample{} }},
		{name: "no resume", want: "an audit was interrupted", set: func(_ *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) { o.Resume = false }},
		{name: "no file", want: "no such file", set: func(_ *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) { o.Checkpoint += ".other" }},
		{name: "another file", want: "isn't a checkpoint", set: func(t *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) {
			if err := os.WriteFile(o.Checkpoint, []byte(`{"version":"x"}`), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "a task of no kind", want: "isn't a checkpoint", set: replaceInFile(`"kind":"u"`, `"kind":""`)},
		{name: "a task without a user", want: "doesn't fit the roster", set: replaceInFile(`"user":{"Key"`, `"other":{"Key"`)},
		{name: "an unknown group", want: "", set: replaceInFile(`"g1":`, `"nobody":`)},
		{name: "a cut file", want: "isn't a checkpoint", set: func(t *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) {
			if err := os.Truncate(o.Checkpoint, 100); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(20, 4, 1)
				d.dropUser("u1")
				srv := server()
				defer srv.Close()
				f := d.serve(t, srv)
				opts := audit.Options{Mapping: mapping(t), Checkpoint: filepath.Join(t.TempDir(), "checkpoint")}
				interrupt(t, f, d.roster(), opts)
				if info, err := os.Stat(opts.Checkpoint); err != nil || info.Mode().Perm() != 0o600 {
					t.Fatalf("checkpoint: %v, %v", info, err)
				}
				opts.Resume = true
				r := d.roster()
				test.set(t, &opts, &r, d)
				_, err := audit.Run(context.Background(), f.client(), r, opts)
				if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, audit.ErrCheckpoint) || !strings.Contains(err.Error(), test.want)) {
					t.Errorf("Run = %v, want %q", err, test.want)
				}
			})
		})
	}
}

// replaceInFile changes the checkpoint.
func replaceInFile(from, to string) func(*testing.T, *audit.Options, *idp.Roster, *directory) {
	return func(t *testing.T, o *audit.Options, _ *idp.Roster, _ *directory) {
		t.Helper()
		text := mustRead(t, o.Checkpoint)
		if !strings.Contains(text, from) {
			t.Fatalf("%s isn't in %s", from, text)
		}
		if err := os.WriteFile(o.Checkpoint, []byte(strings.Replace(text, from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
