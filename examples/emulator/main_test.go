package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestProcess runs the emulator as a user does: it says where it listens,
// serves what the seed holds, logs, and ends by a signal.
func TestProcess(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "emulator")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, binary, "-addr", ":0", "-seed", "testdata/seed.json", "-granted", "-v", "-quota", "2/window", "-token-lifetime", "1h", "-shuffle", "0", "-behavior", "QuotaModel=WINDOW", "-behavior", "BaseURISlash=NO")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(stdout)
			line, err := lines.ReadString('\n')
			m := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:[0-9]+)\n$`).FindStringSubmatch(line)
			if m == nil {
				cmd.Process.Kill()
				t.Fatalf("the first line is %q, %v; want where it listens\n%s", line, err, &stderr)
			}
			get := func(path string) (int, string) {
				t.Helper()
				req, err := http.NewRequestWithContext(ctx, "GET", m[1]+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer fake-token")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				return resp.StatusCode, string(body)
			}
			const tenant = "/v1/locations/global/workforcePools/acme-pool/providers/entra/scimTenants/tenant-a"
			if code, body := get(tenant); code != 200 || !strings.Contains(body, `"baseUri": "`+m[1]+`/v1alpha1/tenants/uid1"`) {
				t.Errorf("GET the tenant = %d %s, want the seeded one at this address", code, body)
			}
			if code, body := get("/healthz"); code != 200 || body != "ok\n" {
				t.Errorf("GET /healthz = %d %q, want 200", code, body)
			}
			codes := [3]int{}
			for i := range codes {
				codes[i], _ = get("/v1alpha1/tenants/uid1/Users")
			}
			// The minute may turn between two requests.
			if codes[0] != 200 || codes[1] != 200 && codes[2] != 200 {
				t.Errorf("GET /Users three times = %v, want the quota to let two through", codes)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(lines)
			if err != nil || len(rest) > 0 {
				t.Errorf("standard output goes on with %q, %v", rest, err)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("it ended in %v, want status 0\n%s", err, &stderr)
			}
			if got := stderr.String(); strings.Count(got, "msg=request") != 4 || strings.Contains(got, "fake-token") || !strings.Contains(got, `query="" status=429 rule=Quota reason="Rate limit exceeded`) {
				t.Errorf("standard error = %s, want four requests without the token, and the reason of the refusal", got)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "seed.json")
	if err := os.WriteFile(broken, []byte(`{"pools":[{"name":"x"}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		status int
		want   string // on standard error
	}{
		{"help", []string{"-h"}, 0, "-organization number"},
		{"unknown flag", []string{"-x"}, 2, "flag provided but not defined: -x"},
		{"argument", []string{"serve"}, 2, `emulator: unexpected argument "serve"`},
		{"quota", []string{"-quota", "many"}, 2, "want off, N or N/window"},
		{"organization", []string{"-organization", "acme"}, 2, `emulator: scimtest: WithOrganization("acme")`},
		{"lag", []string{"-lag", "-1s"}, 2, "want a time such as 80s, not negative"},
		{"token lifetime", []string{"-token-lifetime", "soon"}, 2, "want a time such as 80s"},
		{"host", []string{"-host", "http://x"}, 2, "want a host name without port"},
		{"behavior", []string{"-behavior", "ThirdToken=MAYBE"}, 2, `ThirdToken can't be "MAYBE": want FAILED_PRECONDITION, RESOURCE_EXHAUSTED`},
		{"no behavior", []string{"-behavior", "Nothing=X"}, 2, `no such behavior: "Nothing"`},
		{"half a behavior", []string{"-behavior", "ThirdToken"}, 2, "want ID=ANSWER"},
		{"shuffle", []string{"-shuffle", "x"}, 2, "want a number"},
		{"granted", []string{"-granted=maybe"}, 2, "invalid"},
		{"no seed", []string{"-seed", broken + "x"}, 1, "no such file"},
		{"broken seed", []string{"-seed", broken}, 1, "emulator: " + broken + ":1: pools[0]: scimtest: add pool: name"},
		{"address", []string{"-addr", "127.0.0.1"}, 2, "missing port in address"},
		{"port", []string{"-addr", "127.0.0.1:http"}, 2, "isn't a number up to 65535"},
		{"high port", []string{"-addr", ":65536"}, 2, "isn't a number up to 65535"},
		{"an address that isn't here", []string{"-addr", "192.0.2.1:0"}, 1, "192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), tt.args, &stdout, &stderr); status != tt.status {
				t.Errorf("run(%q) = %d, want %d\n%s", tt.args, status, tt.status, &stderr)
			}
			if !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("run(%q) printed %q, want it to contain %q", tt.args, &stderr, tt.want)
			}
			if stdout.Len() > 0 {
				t.Errorf("run(%q) printed %q on standard output, want nothing", tt.args, &stdout)
			}
		})
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"off": "0 BUCKET", "1": "1 BUCKET", "3000": "3000 BUCKET", "3000/window": "3000 WINDOW"} {
		if n, model, err := quota(text); err != nil || fmt.Sprint(n, " ", model) != want {
			t.Errorf("quota(%q) = %d, %s, %v, want %s", text, n, model, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "/window", "3000/bucket", "off/window"} {
		if _, _, err := quota(text); err == nil {
			t.Errorf("quota(%q) = nil, want an error", text)
		}
	}
}

// TestGuard: web pages reach nothing, clients of the API everything.
func TestGuard(t *testing.T) {
	t.Parallel()
	const foreignOrigin = "http://evil.example"
	for _, tt := range []struct {
		name     string
		loopback bool
		hosts    []string
		host     string
		header   [2]string
		path     string
		want     int
	}{
		{"gcloud", true, nil, "127.0.0.1:8085", [2]string{}, "/v1/x", 299},
		{"localhost", true, nil, "LOCALHOST:8085", [2]string{}, "/v1/x", 299},
		{"localhost with a dot", true, nil, "localhost.:8085", [2]string{}, "/v1/x", 299},
		{"IPv6", true, nil, "[::1]:8085", [2]string{}, "/v1/x", 299},
		{"IPv6 without a port", true, nil, "[::1]", [2]string{}, "/v1/x", 299},
		{"another loopback address", true, nil, "127.0.0.2", [2]string{}, "/v1/x", 299},
		{"a name that was rebound", true, nil, "evil.example:8085", [2]string{}, "/v1/x", 403},
		{"a name that begins like a loopback address", true, nil, "127.0.0.1.evil.example", [2]string{}, "/v1/x", 403},
		{"a name below localhost", true, nil, "evil.localhost", [2]string{}, "/v1/x", 403},
		{"no host", true, nil, "", [2]string{}, "/v1/x", 403},
		{"an address of the network", true, nil, "192.168.1.2:8085", [2]string{}, "/v1/x", 403},
		{"a name that was given", true, []string{"fake.test"}, "Fake.test:80", [2]string{}, "/v1/x", 299},
		{"a name that wasn't", true, []string{"fake.test"}, "fake.test.evil.example", [2]string{}, "/v1/x", 403},
		{"any name, not on loopback", false, nil, "emulator:8085", [2]string{}, "/v1/x", 299},
		{"a name that wasn't given, not on loopback", false, []string{"emulator"}, "evil.example", [2]string{}, "/v1/x", 403},
		{"a foreign origin", true, nil, "127.0.0.1:8085", [2]string{"Origin", foreignOrigin}, "/v1/x", 403},
		{"a foreign origin, not on loopback", false, nil, "emulator:8085", [2]string{"Origin", foreignOrigin}, "/v1/x", 403},
		{"a foreign origin with a name that was given", true, []string{"evil.example"}, "evil.example:8085", [2]string{"Origin", foreignOrigin}, "/v1/x", 403},
		{"another port", true, nil, "127.0.0.1:8085", [2]string{"Origin", "http://127.0.0.1:3000"}, "/v1/x", 403},
		{"an opaque origin", true, nil, "127.0.0.1:8085", [2]string{"Origin", "null"}, "/v1/x", 403},
		{"its own origin", true, nil, "127.0.0.1:8085", [2]string{"Origin", "http://127.0.0.1:8085"}, "/v1/x", 299},
		{"an image of another site", true, nil, "127.0.0.1:8085", [2]string{"Sec-Fetch-Site", "cross-site"}, "/v1/x", 403},
		{"an image of the same site", true, nil, "localhost:8085", [2]string{"Sec-Fetch-Site", "same-site"}, "/v1/x", 403},
		{"a page that was typed", true, nil, "localhost:8085", [2]string{"Sec-Fetch-Site", "none"}, "/v1/x", 299},
		{"a health check", true, nil, "evil.example", [2]string{"Origin", foreignOrigin}, "/healthz", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			reached := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(299) })
			req := httptest.NewRequest("POST", "http://x"+tt.path, nil)
			if tt.path == "/healthz" {
				req.Method = "GET"
			}
			req.Host = tt.host
			if tt.header[0] != "" {
				req.Header.Set(tt.header[0], tt.header[1])
			}
			rec := httptest.NewRecorder()
			guard(reached, tt.loopback, tt.hosts).ServeHTTP(rec, req)
			if rec.Code != tt.want {
				t.Errorf("Host %q, %s: %q = %d %s, want %d", tt.host, tt.header[0], tt.header[1], rec.Code, rec.Body, tt.want)
			}
			if rec.Code == 403 && !json.Valid(rec.Body.Bytes()) {
				t.Errorf("the refusal %q is no JSON", rec.Body)
			}
		})
	}
}

// TestReachable: the first line is an address to copy, also of 0.0.0.0.
func TestReachable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		hosts []string
		addr  net.TCPAddr
		want  string
	}{
		{nil, net.TCPAddr{IP: net.IPv4zero, Port: 8085}, "127.0.0.1:8085"},
		{nil, net.TCPAddr{IP: net.IPv6unspecified, Port: 1}, "127.0.0.1:1"},
		{[]string{"emulator"}, net.TCPAddr{IP: net.IPv6unspecified, Port: 1}, "emulator:1"},
		{[]string{"emulator"}, net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}, "127.0.0.1:1"},
		{nil, net.TCPAddr{IP: net.IPv6loopback, Port: 1}, "[::1]:1"},
	} {
		if got := (&options{hosts: tt.hosts}).reachable(&tt.addr); got != tt.want {
			t.Errorf("reachable(%v) with hosts %q = %s, want %s", &tt.addr, tt.hosts, got, tt.want)
		}
	}
}
