package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
)

// steps are the step lines of an output.
func steps(output string) []string {
	return regexp.MustCompile(`(?m)^\d+\. .*$`).FindAllString(output, -1)
}

var wantSteps = []string{
	"1. Plan: what is there, and what it takes",
	"2. Apply: tenant, token and role, Entra ID's half, and then the usage",
	"3. Plan again: there is nothing left to do",
	"4. Audit: everybody has arrived",
	"5. Rotate the token",
	"6. Somebody leaves, and Entra ID's next cycle says so",
	"7. Tear down: usage off, then the tenant for good",
}

func TestRunEmbedded(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), nil, &stdout, &stderr); status != 0 {
		t.Fatalf("run() = %d, want 0\n%s%s", status, &stdout, &stderr)
	}
	output := stdout.String()
	if diff := cmp.Diff(wantSteps, steps(output)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	agent := regexp.MustCompile(`o-123456789012-([0-9a-z]+)@gcp-sa-iamscim\.iam\.gserviceaccount\.com`).FindStringSubmatch(output)
	if agent == nil {
		t.Fatalf("no service agent in\n%s", output)
	}
	for _, want := range []string{
		`claimMapping = "google.subject=user.emails[0].value.lowerAscii(),google.group=group.externalId"`,
		"Plan: 3 to create, 4 deferred.",
		"tenant           UID " + agent[1] + "\n",
		"/v1alpha1/tenants/" + agent[1] + "\n",
		"/v1alpha1/tenants/" + agent[1] + "?aadOptscim062020\n",
		"roles/iam.scimSyncer for " + agent[0],
		"its secret reads [redacted] here",
		"stored in        projects/acme-prod/secrets/scim-token",
		"google.subject=ada.lovelace@example.com",
		"identityProvider the identity provider pushes into the tenant",
		"users 3, groups 1, memberships 2, leavers 0",
		"inactive         grace@example.com",
		"users 2, groups 1, memberships 2, leavers 1",
		"usage            ENABLED_FOR_GROUPS",
		"No changes.",
		"is rejected now",
		"It had the usage ENABLED_FOR_GROUPS.",
		"The tenant quickstart is deleted for good",
		"All 7 steps held",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the output lacks %q", want)
		}
	}
	if strings.Contains(output, "fake-") || stderr.Len() > 0 {
		t.Errorf("a token was printed, or something on standard error:\n%s%s", output, &stderr)
	}
	if t.Failed() {
		t.Log(output)
	}
}

// TestRunAgainstEmulator runs both programs as a user does, in processes of
// their own, and compares the steps.
func TestRunAgainstEmulator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", dir, ".", "../emulator")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, output)
	}
	emulator := exec.CommandContext(t.Context(), filepath.Join(dir, "emulator"), "-addr", "127.0.0.1:0", "-seed", filepath.Join("testdata", "seed.json"))
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
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		t.Fatalf("the emulator said %q", line)
	}
	quickstart := exec.CommandContext(t.Context(), filepath.Join(dir, "quickstart"), "-endpoint", url, "-no-auth")
	output, err := quickstart.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", quickstart, err, output)
	}
	if diff := cmp.Diff(wantSteps, steps(string(output))); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

// TestRunFails shows that a step that does not hold ends the run with status 1
// and names the step, the resource and the remedy.
func TestRunFails(t *testing.T) {
	t.Parallel()
	const providerName = "locations/global/workforcePools/acme-pool/providers/entra"
	tests := []struct {
		name    string
		prepare func(t *testing.T, server *scimtest.Server)
		steps   int // that were begun
		want    []string
	}{
		{
			"no pool", func(*testing.T, *scimtest.Server) {}, 1,
			[]string{"step 1 (Plan", "the provider doesn't exist"},
		},
		{
			"nobody knows how the provider names users",
			func(t *testing.T, server *scimtest.Server) { seed(t, server, "assertion.employee_number") }, 1,
			[]string{"step 1 (", "no claim mapping fits the provider"},
		},
		{
			"the pool has a tenant",
			func(t *testing.T, server *scimtest.Server) {
				seed(t, server, "assertion.email.lowerAscii()")
				_, err := server.AddTenant(&iam.WorkforcePoolProviderScimTenant{
					Name:         providerName + "/scimTenants/quickstart",
					ClaimMapping: map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"},
				})
				if err != nil {
					t.Fatal(err)
				}
			}, 1,
			[]string{"step 1 (", "the pool has the tenant " + providerName + "/scimTenants/quickstart"},
		},
		{
			"the provider is in use",
			func(t *testing.T, server *scimtest.Server) {
				p := embeddedProvider(&flags{pool: "acme-pool", provider: "entra"})
				p.ScimUsage = string(iamscim.SCIMUsageGroups)
				if err := errors.Join(
					server.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}),
					server.AddProvider(p),
				); err != nil {
					t.Fatal(err)
				}
			}, 1,
			[]string{"step 1 (", "uses SCIM already (ENABLED_FOR_GROUPS)"},
		},
		{
			"the caller may not create tokens",
			func(t *testing.T, server *scimtest.Server) {
				seed(t, server, "assertion.email.lowerAscii()")
				if err := server.Fail(scimtest.Fault{Method: "POST", Path: "/v1/" + providerName + "/scimTenants/*/tokens", Status: 403}); err != nil {
					t.Fatal(err)
				}
			}, 2,
			[]string{"step 2 (Apply", "permission denied", "left behind: " + providerName + "/scimTenants/quickstart", "--hard-delete"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := scimtest.Start(t)
			tt.prepare(t, server)
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), []string{"-endpoint", server.URL(), "-no-auth"}, &stdout, &stderr)
			if got := len(steps(stdout.String())); status != 1 || got != tt.steps {
				t.Errorf("run = %d after %d steps, want 1 after %d", status, got, tt.steps)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("standard error lacks %q:\n%s", want, &stderr)
				}
			}
		})
	}
}

func TestRunCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	begin := time.Now()
	if status := run(ctx, nil, &stdout, &stderr); status != 1 || !strings.Contains(stderr.String(), "context canceled") {
		t.Errorf("run = %d, want 1 and the context's error:\n%s", status, &stderr)
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("a cancelled run took %v", took)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"live without names", []string{"-live"}, "-live needs -organization, -pool and -provider"},
		{"live at an endpoint", []string{"-live", "-endpoint", "https://x"}, "exclude each other"},
		{"no-auth without endpoint", []string{"-no-auth"}, "-no-auth goes with -endpoint"},
		{"credentials in clear", []string{"-endpoint", "http://127.0.0.1:1"}, "credentials are not sent in clear"},
		{"no URL", []string{"-endpoint", "127.0.0.1:1", "-no-auth"}, "must be an http or https URL"},
		{"argument", []string{"x"}, `unexpected argument "x"`},
		{"unknown flag", []string{"-x"}, "flag provided but not defined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), tt.args, &stdout, &stderr); status != 2 || !strings.Contains(stderr.String(), tt.want) || stdout.Len() > 0 {
				t.Errorf("run(%q) = %d, want 2 and %q:\n%s%s", tt.args, status, tt.want, &stdout, &stderr)
			}
		})
	}
}

// seed adds the pool and the provider of the embedded fake with another
// attribute mapping.
func seed(t *testing.T, server *scimtest.Server, subject string) {
	t.Helper()
	if err := server.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/acme-pool", Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
		t.Fatal(err)
	}
	p := embeddedProvider(&flags{pool: "acme-pool", provider: "entra"})
	p.AttributeMapping["google.subject"] = subject
	if err := server.AddProvider(p); err != nil {
		t.Fatal(err)
	}
}
