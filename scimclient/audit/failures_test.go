package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtest"
)

// once is a policy that repeats nothing.
var once = scimclient.WithRetry(iamscim.RetryPolicy{MaxAttempts: 1})

// A request that fails is not a clean bill: it's read again, and reported.
func TestRequestFails(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault scimtest.Fault
		want  []string
	}{
		{"once", scimtest.Fault{Path: "Users", Skip: 8, Status: 503}, nil},
		{"twice", scimtest.Fault{Path: "Users", Skip: 8, Times: 1000, Status: 500}, []string{"a run of failures"}},
		{"a group once", scimtest.Fault{Path: "Groups", Status: 503}, nil},
		{"a membership once", scimtest.Fault{Path: "Groups", Skip: 15, Status: 500}, nil},
		{"a cut reply", scimtest.Fault{Path: "Users", Skip: 8, Kind: scimtest.FaultCutBody}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(60, 10, 1)
				srv := server()
				defer srv.Close()
				f := d.serve(t, srv)
				srv.Fail(test.fault)
				rec := &recorder{}
				result, err := audit.Run(context.Background(), f.client(once), d.roster(), audit.Options{Mapping: mapping(t), Handle: rec.handle})
				if test.want != nil {
					if !errors.Is(err, iamscim.ErrUnavailable) || result != nil || rec.messages[len(rec.messages)-1].Failure == nil {
						t.Errorf("Run = %+v, %v; want ErrUnavailable after a run of failures", result, err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if !result.Clean() || result.Changed != 1 || rec.findings() != nil {
					t.Errorf("clean %v, changed %d, findings %v; want a clean result after a second reading", result.Clean(), result.Changed, rec.findings())
				}
			})
		})
	}
}

// A user for whom every request fails isn't checked, and the result isn't clean.
func TestNotChecked(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{"user": "u7%40example.com", "group": "Group+7", "leaver": "leaver"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(20, 20, 1)
				d.leavers = []idp.Leaver{{User: idp.User{Key: "l", UserName: "leaver"}}}
				srv := server()
				defer srv.Close()
				pipe := srv.PipeHTTPClient().Transport
				f := d.serve(t, srv)
				c := f.clientVia(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.RawQuery, query+"%22") {
						return nil, errors.New("broken")
					}
					return pipe.RoundTrip(r)
				})}, once)
				result, rec := run(t, c, d.roster(), nil)
				want := map[string]string{"user": "not-checked u7", "group": "not-checked g7", "leaver": "not-checked l"}[name]
				if diff := cmp.Diff([]string{want}, rec.findings()); diff != "" {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
				if result.Clean() || result.Errors != 1 {
					t.Errorf("clean %v with %d errors", result.Clean(), result.Errors)
				}
			})
		})
	}
}

// What every request would meet ends the audit at once.
func TestEndsEarly(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		fault scimtest.Fault
		want  error
	}{
		{"token", scimtest.Fault{Path: "Users", Skip: 3, Times: 1000, Status: 401}, scimclient.ErrTokenRejected},
		{"token at once", scimtest.Fault{Path: "Users", Times: 1000, Status: 401}, scimclient.ErrTokenRejected},
		{"role", scimtest.Fault{Path: "Users", Skip: 3, Times: 1000, Status: 403}, scimclient.ErrNotSyncer},
		{"tenant", scimtest.Fault{Path: "Groups", Times: 1000, Status: 404}, scimclient.ErrTenantUnknown},
		{"redirect", scimtest.Fault{Path: "Users", Skip: 3, Times: 1000, Kind: scimtest.FaultRedirect, Header: http.Header{"Location": {"https://example.com"}}}, iamscim.ErrRedirected},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(60, 10, 1)
				srv := server()
				defer srv.Close()
				f := d.serve(t, srv)
				srv.Fail(test.fault)
				rec := &recorder{}
				result, err := audit.Run(context.Background(), f.client(), d.roster(), audit.Options{Mapping: mapping(t), Handle: rec.handle})
				if !errors.Is(err, test.want) || result != nil {
					t.Errorf("Run = %v, %v; want %v", result, err, test.want)
				}
				if last := rec.messages[len(rec.messages)-1]; last.Failure == nil || last.Failure.Error != err.Error() {
					t.Errorf("the last message is %+v, want the failure", last)
				}
				if n := len(srv.Requests()); n > 60 {
					t.Errorf("%d requests were sent", n)
				}
			})
		})
	}
}

// A roster that is cut isn't a smaller directory, and nothing is sent.
func TestRosterIsCut(t *testing.T) {
	t.Parallel()
	d := generate(5, 2, 1)
	whole := d.roster()
	tests := []struct {
		name string
		set  func(r *idp.Roster)
		want error
		text string
	}{
		{"users", func(r *idp.Roster) { r.Users = cut(r.Users) }, idp.ErrCut, "users of the roster"},
		{"groups", func(r *idp.Roster) { r.Groups = cut(r.Groups) }, idp.ErrCut, "groups of the roster"},
		{"memberships", func(r *idp.Roster) { r.Memberships = cut(r.Memberships) }, idp.ErrCut, "memberships of the roster"},
		{"leavers", func(r *idp.Roster) { r.Leavers = cut(r.Leavers) }, idp.ErrCut, "leavers of the roster"},
		{"no users", func(r *idp.Roster) { r.Users = nil }, nil, "no list of users"},
		{"memberships without groups", func(r *idp.Roster) { r.Groups = nil }, nil, "no list of groups"},
		{"a user without a key", func(r *idp.Roster) { r.Users = idp.Of(idp.User{}) }, nil, "a user has no key"},
		{"a group without a key", func(r *idp.Roster) { r.Groups = idp.Of(idp.Group{}) }, nil, "a group has no key"},
		{"a leaver without a key", func(r *idp.Roster) { r.Leavers = idp.Of(idp.Leaver{}) }, nil, "a leaver has no key"},
		{"an unknown attribute", func(r *idp.Roster) {
			r.Users = idp.Of(idp.User{Key: "k", Attributes: map[string]string{"hair": "red"}})
		}, nil, "unknown attribute"},
		{"no user with the mapped attribute", func(r *idp.Roster) {
			many := generate(10, 1, 1)
			for i := range many.users {
				many.users[i].ExternalID = ""
			}
			r.Users = idp.Of(many.users...)
		}, nil, "no user of the roster has user.externalId, which google.subject is mapped from"},
		{"a failing source", func(r *idp.Roster) {
			r.Users = func(yield func(idp.User, error) bool) { yield(idp.User{}, context.DeadlineExceeded) }
		}, context.DeadlineExceeded, "users of the roster"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := server()
			defer srv.Close()
			f := d.serve(t, srv)
			r := whole
			test.set(&r)
			_, err := audit.Run(context.Background(), f.client(), r, audit.Options{Mapping: mapping(t)})
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("Run = %v, want %v %q", err, test.want, test.text)
			}
			if n := len(srv.Requests()); n > 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// cut drops the last element, which is the end mark.
func cut[T any](list iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range list {
			if _, end := errors.AsType[idp.End](err); end || !yield(row, err) {
				return
			}
		}
	}
}

// A roster that differs at the second reading ends the audit.
func TestRosterChanges(t *testing.T) {
	t.Parallel()
	for _, change := range []func(d *directory) idp.User{
		func(d *directory) idp.User { return idp.User{Key: "new"} },
		func(d *directory) idp.User { u := d.users[0]; u.DisplayName = "other"; return u },
	} {
		synctest.Test(t, func(t *testing.T) {
			d := generate(5, 2, 1)
			srv := server()
			defer srv.Close()
			f := d.serve(t, srv)
			r := d.roster()
			var times atomic.Int32
			r.Users = func(yield func(idp.User, error) bool) {
				list := slices.Clone(d.users)
				if times.Add(1) > 1 {
					list[0] = change(d)
				}
				for row, err := range idp.Of(list...) {
					if !yield(row, err) {
						return
					}
				}
			}
			if _, err := audit.Run(context.Background(), f.client(), r, audit.Options{Mapping: mapping(t)}); !errors.Is(err, audit.ErrRosterChanged) {
				t.Errorf("Run = %v, want ErrRosterChanged", err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	d := generate(1, 1, 1)
	srv := server()
	defer srv.Close()
	f := d.serve(t, srv)
	tests := []struct {
		name   string
		client *scimclient.Client
		opts   audit.Options
		want   string
	}{
		{"no client", nil, audit.Options{Mapping: mapping(t)}, "the client is nil"},
		{"nothing", f.client(), audit.Options{}, "Mapping must be the tenant's claim mapping, is empty"},
		{"pace", f.client(), audit.Options{Mapping: mapping(t), PerMinute: -1}, "PerMinute is -1"},
		{"resume", f.client(), audit.Options{Mapping: mapping(t), Resume: true}, "to Resume takes a Checkpoint"},
		{"sample", f.client(), audit.Options{Mapping: mapping(t), Sample: &audit.Sample{Users: -1, Confidence: 2}}, "Confidence is 2"},
		{"every fault", f.client(), audit.Options{PerMinute: -1}, "Mapping must be the tenant's claim mapping, is empty\nPerMinute is -1"},
	}
	for _, test := range tests {
		if _, err := audit.Run(context.Background(), test.client, d.roster(), test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Run = %v, want %q", test.name, err, test.want)
		}
		if _, err := audit.Estimate(context.Background(), test.client, d.roster(), test.opts); test.name != "resume" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: Estimate = %v, want %q", test.name, err, test.want)
		}
	}
	if _, err := audit.Run(context.Background(), f.client(), idp.Roster{}, audit.Options{Mapping: claimmap.Mapping{}}); err == nil {
		t.Error("zero values are accepted")
	}
}

// A handler's error ends the audit.
func TestHandlerFails(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for _, at := range []string{"config", "finding", "progress", "result"} {
		synctest.Test(t, func(t *testing.T) {
			d := generate(100, 2, 1)
			d.dropUser("u1")
			srv := server()
			defer srv.Close()
			f := d.serve(t, srv)
			result, err := audit.Run(context.Background(), f.client(), d.roster(), audit.Options{Mapping: mapping(t), Handle: func(m audit.Message) error {
				if m.Config != nil && at == "config" || m.Finding != nil && at == "finding" || m.Progress != nil && at == "progress" || m.Result != nil && at == "result" {
					return full
				}
				return nil
			}})
			if !errors.Is(err, full) || result != nil {
				t.Errorf("at the %s: Run = %v, %v", at, result, err)
			}
		})
	}
}

// The identity provider that writes beside an audit at the default pace is never
// throttled, and an audit yields to one that writes more.
func TestSharesTheQuota(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		perSecond int
		throttled bool // the audit
	}{{20, false}, {40, true}} {
		t.Run(fmt.Sprint(test.perSecond), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(500, 20, 1)
				srv := server(scimtest.WithQuota(3000))
				defer srv.Close()
				f := d.serve(t, srv)
				ctx, cancel := context.WithCancel(context.Background())
				var writes, refused atomic.Int32
				writer := &http.Client{Transport: srv.PipeHTTPClient().Transport}
				var done sync.WaitGroup
				done.Go(func() {
					for tick := time.NewTicker(time.Second / time.Duration(test.perSecond)); ctx.Err() == nil; {
						select {
						case <-tick.C:
						case <-ctx.Done():
							return
						}
						r, _ := http.NewRequestWithContext(ctx, "PATCH", f.base+"/Users/"+f.userID["u5"], strings.NewReader(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"nickName","value":"x"}]}`))
						r.Header = http.Header{"Authorization": {"Bearer " + testToken}, "Content-Type": {"application/scim+json"}}
						resp, err := writer.Do(r)
						if err != nil {
							return
						}
						resp.Body.Close()
						writes.Add(1)
						if resp.StatusCode == 429 {
							refused.Add(1)
						}
					}
				})
				var auditRefused atomic.Int32
				pipe := srv.PipeHTTPClient().Transport
				c := f.clientVia(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := pipe.RoundTrip(r)
					if err == nil && resp.StatusCode == 429 {
						auditRefused.Add(1)
					}
					return resp, err
				})})
				begin := time.Now()
				result, rec := run(t, c, d.roster(), nil)
				cancel()
				done.Wait()
				rate := float64(result.Requests.Total()) / time.Since(begin).Seconds()
				t.Logf("the identity provider wrote %d times and met %d 429; the audit met %d at %.1f requests per second", writes.Load(), refused.Load(), auditRefused.Load(), rate)
				if !result.Clean() || rec.findings() != nil {
					t.Errorf("clean %v, findings %v", result.Clean(), rec.findings())
				}
				if !test.throttled && (refused.Load() > 0 || auditRefused.Load() > 0) {
					t.Error("somebody was throttled")
				}
				if test.throttled && rate > 15 {
					t.Errorf("the audit didn't slow down: %.1f requests per second beside %d", rate, test.perSecond)
				}
			})
		})
	}
}

// Names don't reach logs.
func TestFindingsLogNoNames(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	f := audit.Finding{Code: audit.UserDiffers, User: "anna@example.com", UserID: "id-1", Group: "Secret Group", GroupID: "id-2", Attribute: "displayName", Expected: "Anna", Found: "Änne", Detail: "x"}
	slog.New(slog.NewJSONHandler(&b, nil)).Info("finding", "f", f)
	for _, name := range []string{"anna", "Secret", "Anna", "Änne"} {
		if strings.Contains(b.String(), name) {
			t.Errorf("%q is in the log: %s", name, &b)
		}
	}
	if !strings.Contains(b.String(), "id-1") || !strings.Contains(b.String(), "user-differs") {
		t.Errorf("the code or the ID isn't in the log: %s", &b)
	}
}

// A tenant without any membership is no proof that the filter is answered.
func TestNoMembershipAtAll(t *testing.T) {
	t.Parallel()
	for name, filter := range memberFilters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := generate(40, 4, 2)
				clear(d.tenant.members)
				srv := server(filter)
				defer srv.Close()
				result, rec := run(t, d.serve(t, srv).client(), d.roster(), nil)
				if result.Clean() || result.Findings[audit.NotChecked] != 40 || len(rec.findings()) != 40 {
					t.Errorf("clean %v, findings %v", result.Clean(), result.Findings)
				}
				if n := result.Requests.Total(); n > 4+40+80+3*40+40 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}
