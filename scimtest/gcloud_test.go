package scimtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
)

var updateGcloud = flag.Bool("update-gcloud", false, "rewrite testdata/gcloud from what the installed gcloud sends")

// A gcloudCase is a folder in testdata/gcloud: commands of one story, in
// order, with the requests that gcloud made for each.
type gcloudCase struct {
	// Seed is loaded first.
	Seed  json.RawMessage `json:"seed,omitempty"`
	Steps []gcloudStep    `json:"steps"`
}

type gcloudStep struct {
	Command []string        `json:"command"`
	Fails   bool            `json:"fails,omitempty"` // gcloud exits with an error
	Output  string          `json:"output"`          // a part of what it prints
	Traffic []gcloudRequest `json:"requests"`
}

type gcloudRequest struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Query  string          `json:"query,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Status int             `json:"status"`
}

func gcloudFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/gcloud/*/case.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in testdata/gcloud: %v", err)
	}
	return files
}

func readGcloud(t *testing.T, file string) gcloudCase {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c gcloudCase
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return c
}

func (c gcloudCase) load(t *testing.T, srv *scimtest.Server) {
	t.Helper()
	if c.Seed != nil {
		if err := srv.Load(bytes.NewReader(c.Seed)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGcloudRequests sends what gcloud is known to send, whether it is
// installed or not, and wants the statuses it got then.
func TestGcloudRequests(t *testing.T) {
	t.Parallel()
	for _, file := range gcloudFiles(t) {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			c := readGcloud(t, file)
			a := newAPI(t)
			c.load(t, a.srv)
			operation, etag := "", ""
			for _, step := range c.Steps {
				for _, r := range step.Traffic {
					path := strings.TrimPrefix(strings.ReplaceAll(r.Path, "OPERATION", operation), "/")
					if r.Query != "" {
						path += "?" + r.Query
					}
					var body any
					if r.Body != nil {
						body = strings.ReplaceAll(string(r.Body), "ETAG", etag)
					}
					code, reply := a.call(r.Method, path, body)
					if code != r.Status {
						t.Errorf("gcloud %s: %s %s = %d %v, want %d", strings.Join(step.Command, " "), r.Method, path, code, reply, r.Status)
					}
					if name, _ := reply["name"].(string); strings.Contains(name, "/operations/") {
						operation = name[strings.LastIndex(name, "/")+1:]
					}
					if e, ok := reply["etag"].(string); ok {
						etag = e
					}
				}
			}
		})
	}
}

// TestGcloud runs gcloud itself against the server, and holds what it sends
// against the recorded requests.
func TestGcloud(t *testing.T) {
	t.Parallel()
	gcloud := os.Getenv("IAMSCIM_GCLOUD")
	if gcloud == "" {
		t.Skip("IAMSCIM_GCLOUD is not set: .ci/run sets it where gcloud is installed")
	}
	for _, file := range gcloudFiles(t) {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			c := readGcloud(t, file)
			srv := scimtest.Start(t)
			c.load(t, srv)
			config := t.TempDir()
			for i, step := range c.Steps {
				srv.ClearRequests()
				output, err := runGcloud(t, gcloud, srv.URL(), config, step.Command)
				if (err != nil) != step.Fails {
					t.Fatalf("gcloud %s: %v, fails should be %v\n%s", strings.Join(step.Command, " "), err, step.Fails, output)
				}
				if !strings.Contains(output, step.Output) {
					t.Errorf("gcloud %s printed\n%s\nwant it to contain %q", strings.Join(step.Command, " "), output, step.Output)
				}
				sent := sentByGcloud(t, srv.Requests())
				if *updateGcloud {
					c.Steps[i].Traffic = sent
					continue
				}
				if diff := cmp.Diff(pretty(t, step.Traffic), pretty(t, sent)); diff != "" {
					t.Errorf("gcloud %s: requests (-recorded +sent):\n%s", strings.Join(step.Command, " "), diff)
				}
			}
			if *updateGcloud {
				if err := os.WriteFile(file, []byte(pretty(t, c)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// runGcloud runs one command with a configuration of its own, without
// credentials, and with both services led to the server.
func runGcloud(t *testing.T, gcloud, url, config string, command []string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args := make([]string, len(command))
	for i, arg := range command {
		args[i] = strings.ReplaceAll(arg, "TESTDATA", "testdata")
	}
	cmd := exec.CommandContext(ctx, gcloud, args...)
	cmd.Env = append(os.Environ(),
		"CLOUDSDK_CONFIG="+config,
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM="+url+"/",
		"CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER="+url+"/",
		"CLOUDSDK_AUTH_DISABLE_CREDENTIALS=1",
		"CLOUDSDK_CORE_DISABLE_PROMPTS=1",
		"CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=1",
		"CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=1",
		"CLOUDSDK_SURVEY_DISABLE_PROMPTS=1",
		"NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1",
	)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

var operationID = regexp.MustCompile(`/operations/[0-9a-f]+`)

// sentByGcloud are recorded requests with what differs from run to run taken
// out: operation ids, etags, the number of times an operation was polled.
func sentByGcloud(t *testing.T, requests []scimtest.Request) []gcloudRequest {
	t.Helper()
	sent := []gcloudRequest{}
	for _, r := range requests {
		query := url.Values{}
		for name, values := range r.Query {
			query[name] = values
		}
		request := gcloudRequest{
			Method: r.Method,
			Path:   operationID.ReplaceAllString(r.Path, "/operations/OPERATION"),
			Query:  query.Encode(),
			Status: r.Status,
		}
		if len(r.Body) > 0 {
			var body map[string]any
			if err := json.Unmarshal(r.Body, &body); err != nil {
				t.Fatalf("gcloud sent %s: %v", r.Body, err)
			}
			if policy, ok := body["policy"].(map[string]any); ok && policy["etag"] != nil {
				policy["etag"] = "ETAG"
			}
			request.Body = json.RawMessage(pretty(t, body))
		}
		if n := len(sent); n > 0 && strings.HasSuffix(request.Path, "/OPERATION") && fmt.Sprint(sent[n-1]) == fmt.Sprint(request) {
			continue
		}
		sent = append(sent, request)
	}
	return sent
}

func pretty(t *testing.T, v any) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}
