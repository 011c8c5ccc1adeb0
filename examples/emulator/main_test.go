package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
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
			cmd := exec.CommandContext(ctx, binary, "-addr", ":0", "-seed", "testdata/seed.json", "-granted", "-v", "-quota", "2/window")
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
			if got := stderr.String(); strings.Count(got, "msg=request") != 4 || strings.Contains(got, "fake-token") {
				t.Errorf("standard error = %s, want four requests without the token", got)
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
		{"organization", []string{"-organization", "acme"}, 1, `emulator: scimtest: WithOrganization("acme")`},
		{"lag", []string{"-lag", "-1s"}, 1, "must not be negative"},
		{"no seed", []string{"-seed", broken + "x"}, 1, "no such file"},
		{"broken seed", []string{"-seed", broken}, 1, "emulator: pools[0]: scimtest: add pool: name"},
		{"address", []string{"-addr", "127.0.0.1"}, 1, "missing port in address"},
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

func TestQuotaFlag(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"off", "1", "3000", "3000/window"} {
		var q quotaFlag
		if err := q.Set(text); err != nil || q.String() != text {
			t.Errorf("Set(%q) = %v, String %q; want the same text", text, err, q.String())
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "/window", "3000/bucket", "off/window"} {
		var q quotaFlag
		if err := q.Set(text); err == nil {
			t.Errorf("Set(%q) = nil, want an error", text)
		}
	}
}
