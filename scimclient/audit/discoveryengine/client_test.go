package discoveryengine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/discoveryengine"
)

const engine = "projects/my-project/locations/global/collections/default_collection/engines/my-engine"

var quick = discoveryengine.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond, Max: time.Millisecond, MaxAttempts: 3})

// start serves the two calls as the API's discovery document describes them.
// Nobody has called the real ones.
func start(t *testing.T, h http.HandlerFunc) *discoveryengine.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := discoveryengine.New(engine, s.Client(), discoveryengine.WithEndpoint(s.URL), quick)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var _ audit.Witness = (*discoveryengine.Client)(nil)

func TestGroups(t *testing.T) {
	t.Parallel()
	var bodies []string
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1alpha/"+engine+":checkFeaturePolicyMembers" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		var in struct {
			Members []struct{ Type, ID string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		var checks []string
		for _, m := range in.Members {
			status := `{"code":3,"message":"unknown group"}` // INVALID_ARGUMENT
			if m.Type == "GROUP" && (m.ID == "value-1" || m.ID == "id-2") {
				status = `{}`
			}
			checks = append(checks, fmt.Sprintf(`{"member":{"type":"GROUP","id":%q},"status":%s}`, m.ID, status))
		}
		bodies = append(bodies, fmt.Sprint(in.Members))
		fmt.Fprintf(w, `{"directorySource":"SCIM","memberChecks":[%s]}`, strings.Join(checks, ","))
	})
	source, known, err := c.Groups(context.Background(), []audit.WitnessGroup{{Value: "value-1", ID: "id-1"}, {Value: "value-2", ID: "id-2"}, {Value: "value-3", ID: "id-3"}})
	if err != nil || source != "SCIM" {
		t.Fatal(source, err)
	}
	if diff := cmp.Diff([]bool{true, true, false}, known); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"[{GROUP value-1} {GROUP value-2} {GROUP value-3}]", "[{GROUP id-2} {GROUP id-3}]"}, bodies); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if _, _, err := c.Groups(context.Background(), make([]audit.WitnessGroup, 0)); err != nil {
		t.Error(err)
	}
	many := make([]audit.WitnessGroup, 101)
	for i := range many {
		many[i].Value = "v"
	}
	if _, _, err := c.Groups(context.Background(), many); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("101 groups: %v", err)
	}
}

func TestSubjects(t *testing.T) {
	t.Parallel()
	c := start(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != "/v1alpha/projects/my-project/locations/global:completeExternalIdentities" ||
			q.Get("useScimIdentities") != "true" || q.Get("entityTypeFilter") != "USERS" || q.Get("prefixQuery") != "a&b=c@example.com" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		fmt.Fprint(w, `{"externalIdentities":[
			{"externalId":"x","subject":"s-1","userMetadata":{"primaryEmail":"A&B=C@example.com"}},
			{"subject":"s-2","userMetadata":{"primaryEmail":"a&b=c@example.com.evil"}},
			{"subject":"s-3","groupMetadata":{}}]}`)
	})
	got, err := c.Subjects(context.Background(), "a&b=c@example.com")
	if diff := cmp.Diff([]string{"s-1"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := c.Subjects(context.Background(), ""); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("an empty address: %v", err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		reply    func(w http.ResponseWriter)
		want     error
		attempts int32
	}{
		{"denied", status(403), iamscim.ErrPermissionDenied, 1},
		{"not signed in", status(401), iamscim.ErrUnauthenticated, 1},
		{"no such engine", status(404), iamscim.ErrNotFound, 1},
		{"bad request", status(400), iamscim.ErrInvalidArgument, 1},
		{"throttled", status(429), iamscim.ErrThrottled, 3},
		{"unavailable", status(503), iamscim.ErrUnavailable, 3},
		{"an unlisted 5xx", status(524), iamscim.ErrUnavailable, 3},
		{"redirect", func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.com")
			w.WriteHeader(307)
		}, iamscim.ErrRedirected, 1},
		{"teapot", status(418), iamscim.ErrBadReply, 1},
		{"HTML", func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }, iamscim.ErrBadReply, 1},
		{"empty", func(w http.ResponseWriter) {}, iamscim.ErrBadReply, 1},
		{"too few answers", func(w http.ResponseWriter) { fmt.Fprint(w, `{"directorySource":"SCIM"}`) }, iamscim.ErrBadReply, 1},
		{"too long", func(w http.ResponseWriter) { fmt.Fprint(w, strings.Repeat(" ", 5<<20)) }, iamscim.ErrBadReply, 1},
		{"cut", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "{")
		}, iamscim.ErrUnavailable, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var attempts atomic.Int32
			c := start(t, func(w http.ResponseWriter, r *http.Request) {
				attempts.Add(1)
				test.reply(w)
			})
			_, _, err := c.Groups(context.Background(), []audit.WitnessGroup{{Value: "Secret Group"}})
			if !errors.Is(err, test.want) || attempts.Load() != test.attempts || strings.Contains(err.Error(), "Secret") {
				t.Errorf("%v after %d attempts, want %v after %d", err, attempts.Load(), test.want, test.attempts)
			}
			if _, err := c.Subjects(context.Background(), "secret@example.com"); test.name != "too few answers" && (err == nil || strings.Contains(err.Error(), "secret")) {
				t.Errorf("Subjects: %v", err)
			}
		})
	}
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	c, err := discoveryengine.New(engine, &http.Client{}, discoveryengine.WithEndpoint("http://127.0.0.1:1"), quick)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subjects(context.Background(), "secret@example.com"); !errors.Is(err, iamscim.ErrUnavailable) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Subjects(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "projects/p", engine + "/x", "/" + engine, strings.Replace(engine, "my-engine", "a?b", 1), strings.Replace(engine, "my-engine", "a%2fb", 1), strings.Replace(engine, "global", "..", 1)} {
		if _, err := discoveryengine.New(name, &http.Client{}); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("New(%q) = %v", name, err)
		}
	}
	for name, opt := range map[string]discoveryengine.Option{
		"path": discoveryengine.WithEndpoint("https://example.com/v1"), "scheme": discoveryengine.WithEndpoint("ftp://example.com"), "host": discoveryengine.WithEndpoint("https://"),
		"policy": discoveryengine.WithRetry(iamscim.RetryPolicy{MaxAttempts: -1}),
	} {
		if _, err := discoveryengine.New(engine, &http.Client{}, opt); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := discoveryengine.New(engine, nil); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("no HTTP client: %v", err)
	}
	if _, err := discoveryengine.New(engine, &http.Client{}, nil); !errors.Is(err, iamscim.ErrInvalidArgument) {
		t.Errorf("a nil option: %v", err)
	}
}
