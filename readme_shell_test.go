package iamscim_test

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestREADMEEmulator runs the commands with the emulator that the README shows:
// the emulator always, gcloud where it is installed. What CI runs of the README's
// other commands is in .ci/run.
func TestREADMEEmulator(t *testing.T) {
	t.Parallel()
	shown := regexp.MustCompile("(?s)```\n\\$ go run ./examples/emulator (.*?)\nlistening on (http://\\S+)\n(.*?)\n```").FindStringSubmatch(readFile(t, "README.md"))
	if shown == nil {
		t.Fatal("the README does not show the emulator")
	}
	args, address, commands := strings.Fields(shown[1]), shown[2], shown[3]

	out := startEmulator(t, args)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the emulator said %q", line)
	}
	checkTerraformBlock(t, address, url)
	if os.Getenv("IAMSCIM_GCLOUD") == "" {
		t.Skip("IAMSCIM_GCLOUD is not set: .ci/run sets it where gcloud is installed")
	}
	script := strings.ReplaceAll(strings.ReplaceAll(commands, address, url), "$ ", "")
	shell := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script)
	shell.Env = append(os.Environ(), "CLOUDSDK_CONFIG="+t.TempDir(), "CLOUDSDK_CORE_DISABLE_PROMPTS=1")
	if output, err := shell.CombinedOutput(); err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, output)
	}
	resp, err := http.Get(url + "/v1/locations/global/workforcePools/acme-pool/providers/entra/scimTenants/tenant-a")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("GET of the tenant that gcloud created = %d, want 200", resp.StatusCode)
	}
}

// TestREADMEEntra runs the emulator with Entra ID as the README shows it, compares what it says, and
// applies the spec that the README shows. Cycles are quicker.
func TestREADMEEntra(t *testing.T) {
	t.Parallel()
	readme := readFile(t, "README.md")
	shown := regexp.MustCompile("(?s)```\n\\$ go run ./examples/emulator ([^\n]*-idp entra[^\n]*)\n(listening on (http://\\S+)\n.*?\n)```").FindStringSubmatch(readme)
	spec := regexp.MustCompile("(?s)```yaml\n([^`]*loginEndpoint[^`]*)```").FindStringSubmatch(readme)
	apply := regexp.MustCompile(`\n\$ export (IAMSCIM_EMULATOR_HOST=\S+) (AZURE_CLIENT_SECRET=\S+)\n\$ go run ./examples/scimctl (apply [^\n]*)\n`).FindStringSubmatch(readme)
	if shown == nil || spec == nil || apply == nil {
		t.Fatal("the README does not show the emulator with Entra ID")
	}
	out := startEmulator(t, append(strings.Fields(shown[1]), "-idp-cycle", "200ms"))
	var said strings.Builder
	for range strings.Count(shown[2], "\n") {
		line, err := out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		said.WriteString(line)
	}
	url := strings.TrimPrefix(strings.SplitN(said.String(), "\n", 2)[0], "listening on ")
	if got := strings.ReplaceAll(said.String(), url, shown[3]); got != shown[2] {
		t.Errorf("the emulator says\n%s, the README\n%s", got, shown[2])
	}

	dir := t.TempDir()
	binary := filepath.Join(dir, "scimctl")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/scimctl").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	if err := os.WriteFile(filepath.Join(dir, "emulator.yaml"), []byte(strings.ReplaceAll(spec[1], shown[3], url)), 0o600); err != nil {
		t.Fatal(err)
	}
	host := func(s string) string { return strings.TrimPrefix(s, "http://") }
	scimctl := exec.CommandContext(t.Context(), binary, strings.Fields(apply[3])...)
	scimctl.Dir = dir
	scimctl.Env = append(os.Environ(), strings.Replace(apply[1], host(shown[3]), host(url), 1), apply[2])
	output, err := scimctl.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "No changes.") {
		t.Errorf("%s = %v, want nothing to be left\n%s", scimctl, err, output)
	}
}

// startEmulator builds the emulator and runs it on a free port until the test ends. It returns what the
// emulator says.
func startEmulator(t *testing.T, args []string) *bufio.Reader {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "emulator")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./examples/emulator").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	emulator := exec.CommandContext(t.Context(), binary, append(args, "-addr", "127.0.0.1:0")...)
	out, err := emulator.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := emulator.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = emulator.Process.Kill()
		_ = emulator.Wait()
	})
	return bufio.NewReader(out)
}

// checkTerraformBlock: what Terraform's google provider puts behind the endpoints of the README's block
// is served at them.
func checkTerraformBlock(t *testing.T, address, url string) {
	t.Helper()
	block := regexp.MustCompile("(?s)```hcl\n(.*?)\n```").FindStringSubmatch(readFile(t, "README.md"))
	if block == nil {
		t.Fatal("the README does not show the provider of Terraform")
	}
	for field, request := range map[string][2]string{
		"iam_workforce_pool_custom_endpoint": {"GET", "locations/global/workforcePools/acme-pool"},
		"resource_manager_custom_endpoint":   {"POST", "organizations/123456789012:getIamPolicy"},
	} {
		m := regexp.MustCompile(field + ` += "(\S+)"`).FindStringSubmatch(block[1])
		if m == nil {
			t.Errorf("the block does not set %s", field)
			continue
		}
		req, err := http.NewRequestWithContext(t.Context(), request[0], strings.Replace(m[1], address, url, 1)+request[1], nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer none")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s %s = %d, want 200", req.Method, req.URL, resp.StatusCode)
		}
	}
}
