package secretmanager_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/api/googleapi"
	"google.golang.org/api/option"
	sm "google.golang.org/api/secretmanager/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtest"
)

// TestReadsBehind: a load that begins after a swap shows that swap, however far reads
// of the secret are behind, and whichever process swapped.
func TestReadsBehind(t *testing.T) {
	t.Parallel()
	for i, lag := range []int{1, 3, 10, 40, 1, 3, 10, 40} { // requests
		v := newVault(t, scimtest.WithReplicationLag(time.Duration(lag)*time.Second), scimtest.WithClock(ticking()))
		if i >= 4 {
			v.withSecret()
			for range lag {
				_, _ = v.raw.Projects.Secrets.Get(secretName).Do() // until it can be read
			}
		}
		one, two := v.store(secretmanager.WithCreate()), v.store(secretmanager.WithCreate())
		for i := range 8 {
			put(t, one, record(i))
			got, _, err := two.Load(t.Context())
			if err != nil || got.Reveal() != record(i).Reveal() {
				t.Errorf("reads %d requests behind, swap %d: Load = %q, %v, want the record of that swap", lag, i, got.Reveal(), err)
			}
			one, two = two, one
		}
	}
}

// TestOthersChanges: changes of the secret by others neither get lost nor stop a swap,
// and a version that somebody added is disabled.
func TestOthersChanges(t *testing.T) {
	t.Parallel()
	v := newVault(t).withSecret()
	put(t, v.store(), record(1))
	edited := false
	store, _ := v.hooked(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if r.Method == http.MethodPatch && !edited {
			edited = true
			s := v.secret()
			s.Annotations["owner"] = "somebody-else"
			if _, err := v.raw.Projects.Secrets.Patch(secretName, &sm.Secret{Annotations: s.Annotations, Labels: map[string]string{"team": "a"}}).UpdateMask("annotations,labels").Do(); err != nil {
				t.Error(err)
			}
			v.add("YnkgaGFuZA==")
		}
		return send()
	})
	put(t, store, record(2))
	v.wantRecord(record(2).Reveal())
	if s := v.secret(); s.Annotations["owner"] != "somebody-else" || s.Labels["team"] != "a" || s.Annotations["iamscim-current"] != "4" {
		t.Errorf("the secret has %v and %v, want the changes of both", s.Annotations, s.Labels)
	}
	if got, want := v.states(), "DISABLED DISABLED DISABLED ENABLED"; got != want {
		t.Errorf("versions %s, want %s", got, want)
	}
	// Added by hand after the record: the next load makes sure that it isn't one.
	v.add("YnkgaGFuZA==")
	v.wantRecord(record(2).Reveal())
	if got, want := v.states(), "DISABLED DISABLED DISABLED ENABLED DISABLED"; got != want {
		t.Errorf("versions %s, want %s", got, want)
	}
}

// TestBadSecrets: a secret that isn't the store's, or that somebody has broken. Nothing
// is changed, and the error says what to do.
func TestBadSecrets(t *testing.T) {
	t.Parallel()
	annotate := func(v *vault, annotations map[string]string) {
		if _, err := v.raw.Projects.Secrets.Patch(secretName, &sm.Secret{Annotations: annotations}).UpdateMask("annotations").Do(); err != nil {
			v.t.Fatal(err)
		}
	}
	version := func(v *vault, n int, verb string) {
		name := fmt.Sprintf("%s/versions/%d", secretName, n)
		var err error
		if verb == "disable" {
			_, err = v.raw.Projects.Secrets.Versions.Disable(name, &sm.DisableSecretVersionRequest{}).Do()
		} else {
			_, err = v.raw.Projects.Secrets.Versions.Destroy(name, &sm.DestroySecretVersionRequest{}).Do()
		}
		if err != nil {
			v.t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		play func(v *vault)
		kind error
		want string
	}{
		{"no secret", func(v *vault) {}, iamscim.ErrNotFound, "gcloud secrets create scim-token --project=acme-prod"},
		{"a password", func(v *vault) { v.withSecret().add("aHVudGVyMg==") }, iamscim.ErrFailedPrecondition, "use a secret of its own"},
		{"a JSON document", func(v *vault) { v.withSecret().add("eyJ1c2VyIjoiYSJ9") }, iamscim.ErrFailedPrecondition, "use a secret of its own"},
		{"a password that was disabled", func(v *vault) { v.withSecret().add("aHVudGVyMg=="); version(v, 1, "disable") }, iamscim.ErrFailedPrecondition, "use a secret of its own"},
		{"the annotation is gone", func(v *vault) { put(v.t, v.withSecret().store(), record(1)); annotate(v, nil) }, iamscim.ErrFailedPrecondition, "restore the annotation"},
		{"the annotation is a word", func(v *vault) { annotate(v.withSecret(), map[string]string{"iamscim-current": "latest"}) }, iamscim.ErrFailedPrecondition, "newest version that holds a record"},
		{"the annotation is negative", func(v *vault) { annotate(v.withSecret(), map[string]string{"iamscim-current": "-1"}) }, iamscim.ErrFailedPrecondition, "newest version that holds a record"},
		{"the annotation names nothing", func(v *vault) { annotate(v.withSecret(), map[string]string{"iamscim-current": "7"}) }, iamscim.ErrFailedPrecondition, "set the annotation iamscim-current"},
		{"the record is disabled", func(v *vault) { put(v.t, v.withSecret().store(), record(1)); version(v, 1, "disable") }, iamscim.ErrFailedPrecondition, "gcloud secrets versions enable 1 --secret=scim-token --project=acme-prod"},
		{"the record is destroyed", func(v *vault) { put(v.t, v.withSecret().store(), record(1)); version(v, 1, "destroy") }, iamscim.ErrFailedPrecondition, "disabled or destroyed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			tt.play(v)
			v.srv.ClearRequests()
			store := v.store(secretmanager.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Replication: 20 * time.Millisecond}))
			_, _, err := store.Load(t.Context())
			if !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Load = %v, want %v with %q", err, tt.kind, tt.want)
			}
			for _, version := range []string{"", "1"} {
				if err := store.Swap(t.Context(), version, record(2)); err == nil && !strings.HasPrefix(tt.name, "the record is") {
					t.Errorf("Swap(%q) = nil, want an error", version)
				}
			}
			if strings.HasPrefix(tt.name, "the record is") {
				return // who has its version may replace it
			}
			if n := len(v.srv.Requests()); n > 15 && tt.name != "the annotation is gone" {
				t.Errorf("%d requests for three calls, want each to fail at once", n)
			}
			for _, r := range v.srv.Requests() {
				if r.Method != http.MethodGet {
					t.Errorf("it sent %s %s", r.Method, r.Path)
				}
			}
		})
	}
}

// TestPermissions: without a permission, the call fails and names it, or, where that is
// not worth a failure, succeeds.
func TestPermissions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		permission string
		opts       []option.ClientOption
		load, swap bool
	}{
		{"secretmanager.secrets.get", nil, false, false},
		{"secretmanager.versions.access", nil, false, true},
		{"secretmanager.secrets.update", nil, true, false},
		{"secretmanager.versions.add", nil, true, false},
		{"secretmanager.versions.list", nil, true, true},
		{"secretmanager.versions.disable", nil, true, true},
		{"secretmanager.versions.destroy", []option.ClientOption{secretmanager.WithDestroy()}, true, true},
	} {
		t.Run(tt.permission, func(t *testing.T) {
			t.Parallel()
			v := newVault(t).withSecret()
			put(t, v.store(), record(1))
			v.add("YnkgaGFuZA==") // so that a load has something to make sure of
			denied := newVault(t, scimtest.WithDeniedPermissions(tt.permission))
			denied.srv.Restore(v.srv.Snapshot())
			var log bytes.Buffer
			store := denied.store(append(tt.opts, option.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
			got, _, err := store.Load(t.Context())
			check := func(call string, ok bool, err error) {
				t.Helper()
				var api *googleapi.Error
				switch {
				case ok && err != nil:
					t.Errorf("%s = %v, want success", call, err)
				case !ok && (!errors.Is(err, iamscim.ErrPermissionDenied) || !errors.As(err, &api) || !strings.Contains(err.Error(), "grant the caller a role with "+tt.permission+" on the resource")):
					t.Errorf("%s = %v, want ErrPermissionDenied that says what to grant", call, err)
				}
			}
			check("Load", tt.load, err)
			if tt.load && got.Reveal() != record(1).Reveal() {
				t.Errorf("Load = %q, want the record", got.Reveal())
			}
			err = store.Swap(t.Context(), "1", record(2))
			check("Swap", tt.swap, err)
			if tt.swap && tt.load && !strings.Contains(log.String(), "stay") {
				t.Errorf("the log doesn't say that old versions stay enabled:\n%s", log.String())
			}
		})
	}
}

// TestNothingLeaks: neither the records nor parts of them are in logs at any level, in
// errors, or in what the fake records, when everything works and when nothing does.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	const token = "hunter2-the-token-of-the-tenant"
	secret := iamscim.NewSecret(`{"version":0,"secret":"` + token + `"}`)
	var needles []string
	for shift := range 3 { // base64 has three spellings of a text inside another
		needles = append(needles, base64.StdEncoding.EncodeToString([]byte("xxx"[:shift] + token))[4:32])
	}
	needles = append(needles, token, "hunter2")
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	mirror := func(n int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		resp, err := send()
		if err != nil || n%4 != 0 {
			return resp, err
		}
		// A proxy that shows what it was sent, and what it received.
		var b bytes.Buffer
		if r.GetBody != nil {
			body, _ := r.GetBody()
			_, _ = b.ReadFrom(body)
		}
		_, _ = b.ReadFrom(resp.Body)
		resp.Body.Close()
		again := httpReply(r, 502, b.String())
		return again, nil
	}
	for _, trouble := range []bool{false, true} {
		v := newVault(t).withSecret()
		opts := []option.ClientOption{option.WithLogger(log)}
		store := v.store(opts...)
		if trouble {
			store, _ = v.hooked(mirror, opts...)
		}
		for range 6 {
			got, version, err := store.Load(t.Context())
			if err != nil {
				fmt.Fprintf(&text, "%v %+v", err, err)
			}
			if err := store.Swap(t.Context(), version, secret); err != nil {
				fmt.Fprintf(&text, "%v %+v %#v", err, err, err)
			}
			fmt.Fprintf(&text, "%v %+v", got, store)
		}
		// One whose checksum is wrong, and one that isn't the one asked for.
		for _, change := range [][2]string{{`"dataCrc32c":"`, `"dataCrc32c":"1`}, {"versions/", "versions/1"}} {
			store, _ := v.hooked(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
				resp, err := send()
				if err != nil || !strings.HasSuffix(r.URL.Path, ":access") {
					return resp, err
				}
				var b bytes.Buffer
				_, _ = b.ReadFrom(resp.Body)
				resp.Body.Close()
				return httpReply(r, resp.StatusCode, strings.Replace(b.String(), change[0], change[1], 1)), nil
			}, opts...)
			_, _, err := store.Load(t.Context())
			if !errors.Is(err, iamscim.ErrBadReply) {
				t.Errorf("Load of a changed reply = %v, want ErrBadReply", err)
			}
			fmt.Fprintf(&text, "%v %+v %#v", err, err, err)
		}
		for _, r := range v.srv.Requests() {
			fmt.Fprintf(&text, "%+v %s", r, r.Body)
		}
	}
	if !strings.Contains(text.String(), "secretmanager.projects.secrets.addVersion") || !strings.Contains(text.String(), "502") {
		t.Fatal("the log has no requests, or nothing went wrong")
	}
	for _, needle := range needles {
		if i := strings.Index(text.String(), needle); i >= 0 {
			t.Errorf("%q leaks: …%.300s", needle, text.String()[max(0, i-200):])
		}
	}
}

func httpReply(r *http.Request, code int, body string) *http.Response {
	return &http.Response{
		StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   readCloser{strings.NewReader(body)}, ContentLength: int64(len(body)),
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// TestHostile: replies that another service or a broken one would send.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`null`, `{}`, `[]`, `{"name":"projects/1/secrets/other","etag":"\"1\""}`, `{"name":"projects/1/secrets/scim-token"}`,
		`{"name":"projects/1/secrets/scim-token","etag":"\"1\"","annotations":{"iamscim-current":"99999999999999999999"}}`,
		`{"name":"projects/1/secrets/scim-token","etag":"\"1\"","annotations":{"iamscim-current":"1"},"payload":{"data":"e30=","dataCrc32c":"2"}}`,
		`{"name":"projects/1/secrets/scim-token/versions/1","etag":"\"1\"","payload":{}}`,
	} {
		v := newVault(t)
		store, h := v.hooked(func(_ int, r *http.Request, _ func() (*http.Response, error)) (*http.Response, error) {
			return httpReply(r, 200, body), nil
		}, secretmanager.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Replication: 20 * time.Millisecond}))
		if _, _, err := store.Load(t.Context()); err == nil {
			t.Errorf("Load with the reply %s = nil, want an error", body)
		}
		if err := store.Swap(t.Context(), "1", record(1)); err == nil {
			t.Errorf("Swap with the reply %s = nil, want an error", body)
		}
		if h.n > 100 {
			t.Errorf("%d requests after the reply %s", h.n, body)
		}
	}
	// Every number is a version.
	v := newVault(t).withSecret()
	put(t, v.store(), record(1))
	store, h := v.hooked(func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		if name, ok := strings.CutSuffix(r.URL.Path, ":access"); ok {
			return httpReply(r, 200, fmt.Sprintf(`{"name":%q,"payload":{"data":"e30=","dataCrc32c":"2325421374"}}`, strings.TrimPrefix(name, "/v1/"))), nil
		}
		return send()
	})
	if _, _, err := store.Load(t.Context()); !errors.Is(err, iamscim.ErrBadReply) {
		t.Errorf("Load of a secret without an end = %v after %d requests, want ErrBadReply", err, h.n)
	}
}

// TestArguments: what is refused before anything is sent.
func TestArguments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "scim-token", "projects/p", "projects//secrets/s", "projects/p/secrets/", "projects/p/secrets/a.b", "projects/p/secrets/s/versions/1",
		"projects/../secrets/s", "projects/p/locations/europe-west3/secrets/s", "/projects/p/secrets/s", "projects/p/secrets/s\n"} {
		if s, err := secretmanager.NewStore(t.Context(), name, option.WithoutAuthentication()); s != nil || !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("NewStore(%q) = %v, %v, want ErrInvalidArgument", name, s, err)
		}
	}
	for _, name := range []string{"projects/123/secrets/S_1-a", "projects/example.com:p/secrets/s"} {
		if s, err := secretmanager.NewStore(t.Context(), name, option.WithoutAuthentication()); err != nil || s.String() != name {
			t.Errorf("NewStore(%q) = %v, %v", name, s, err)
		}
	}
	v := newVault(t).withSecret()
	v.srv.ClearRequests()
	store := v.store()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"nothing":     store.Swap(t.Context(), "", iamscim.Secret{}),
		"64 KiB + 1":  store.Swap(t.Context(), "", iamscim.NewSecret(strings.Repeat("x", 64<<10+1))),
		"a version":   store.Swap(t.Context(), "latest", record(1)),
		"an ended":    store.Swap(ended, "", record(1)),
		"zero Store":  new(secretmanager.Store).Swap(t.Context(), "", record(1)),
		"nil Store":   (*secretmanager.Store)(nil).Swap(t.Context(), "", record(1)),
		"nil Store's": func() error { _, _, err := (*secretmanager.Store)(nil).Load(t.Context()); return err }(),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := len(v.srv.Requests()); n != 0 {
		t.Errorf("%d requests were sent, want none", n)
	}
	if err := store.Swap(t.Context(), "", iamscim.NewSecret(strings.Repeat("x", 64<<10))); err != nil {
		t.Errorf("Swap of 64 KiB = %v", err)
	}
}

// TestContextEnds: a call ends with its context, wherever that happens, and says so.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		v := newVault(t).withSecret()
		put(t, v.store(), record(1))
		v.add("YnkgaGFuZA==")
		ctx, cancel := context.WithCancel(t.Context())
		store, h := v.hooked(func(n int, _ *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
			if n == at {
				cancel()
			}
			return send()
		})
		_, version, err := store.Load(ctx)
		if err == nil {
			err = store.Swap(ctx, version, record(2))
		}
		cancel()
		if h.n < at {
			break
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("canceled at request %d: %v, want the end of the context", at, err)
		}
	}
}

// TestLostReplies: the reply to a change of the secret is lost, and reads are behind it.
// What became of it is settled once they show it.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	for _, lag := range []int{1, 4, 8, 15, 30} { // requests
		for lost := 1; lost <= 2; lost++ { // the change that takes the secret, and the swap
			v := newVault(t, scimtest.WithReplicationLag(time.Duration(lag)*time.Second), scimtest.WithClock(ticking())).withSecret()
			for range lag {
				_, _ = v.raw.Projects.Secrets.Get(secretName).Do() // until it can be read
			}
			store, _ := v.hooked(losing(lost))
			if err := store.Swap(t.Context(), "", record(1)); err != nil {
				t.Errorf("reads %d requests behind, change %d lost: Swap = %v", lag, lost, err)
			}
			v.wantRecord(record(1).Reveal())
		}
	}
}

// losing drops the reply to a PATCH, counted from 1.
func losing(lost int) func(int, *http.Request, func() (*http.Response, error)) (*http.Response, error) {
	patches := 0
	return func(_ int, r *http.Request, send func() (*http.Response, error)) (*http.Response, error) {
		resp, err := send()
		if r.Method != http.MethodPatch || err != nil {
			return resp, err
		}
		if patches++; patches == lost {
			resp.Body.Close()
			return nil, syscall.ECONNRESET
		}
		return resp, nil
	}
}

// TestOutcomeUnknown: the reply to the swap is lost, and reads never show it. The
// version may be the record, so it stays.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	later := func() {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Hour)
	}
	v := newVault(t, scimtest.WithReplicationLag(time.Minute), scimtest.WithClock(clock)).withSecret()
	later()
	put(t, v.store(), record(1))
	later()
	brief := secretmanager.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Replication: 20 * time.Millisecond})
	store, _ := v.hooked(losing(1), brief)
	if err := store.Swap(t.Context(), "1", record(2)); !errors.Is(err, iamscim.ErrOutcomeUnknown) {
		t.Errorf("Swap = %v, want ErrOutcomeUnknown", err)
	}
	later()
	v.wantRecord(record(2).Reveal())
}
