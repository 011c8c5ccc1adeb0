package gapi_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/emulator"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// TestEmulatorRetries: an attempt that fails is logged and repeated.
func TestEmulatorRetries(t *testing.T) {
	srv := scimtest.Start(t)
	if err := srv.Fail(scimtest.Fault{Path: "*:getIamPolicy"}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(emulator.Variable, strings.TrimPrefix(srv.URL(), "http://"))
	var log bytes.Buffer
	organizations, err := scimtenant.NewOrganizationClient(t.Context(), option.WithLogger(slog.New(slog.NewTextHandler(&log, nil))),
		scimtenant.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := organizations.HasSyncer(t.Context(), scimtest.DefaultOrganization, scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "x")); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "is repeated") {
		t.Errorf("the log doesn't say that an attempt is repeated:\n%s", log.String())
	}
}

// TestEmulator: the variable alone leads every client to the emulator. The
// caller's credentials, endpoint and quota project stay behind, and a line says
// so.
func TestEmulator(t *testing.T) {
	srv := scimtest.Start(t)
	const pool = "locations/global/workforcePools/acme-pool"
	if err := srv.AddPool(&iam.WorkforcePool{Name: pool, Parent: "organizations/" + scimtest.DefaultOrganization}); err != nil {
		t.Fatal(err)
	}
	t.Setenv(emulator.Variable, strings.TrimPrefix(srv.URL(), "http://"))
	var log, fallback bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&fallback, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	opts := []option.ClientOption{
		option.WithEndpoint("https://iam.invalid/"),
		option.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "google-credential"})),
		option.WithQuotaProject("google-project"),
	}
	logged := append(opts, option.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	providers, err := provider.NewClient(t.Context(), logged...)
	if err != nil {
		t.Fatal(err)
	}
	name, err := provider.ParsePoolName(pool)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := providers.GetPool(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	organizations, err := scimtenant.NewOrganizationClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := organizations.HasSyncer(t.Context(), scimtest.DefaultOrganization, scimtenant.ServiceAgentEmail(scimtest.DefaultOrganization, "x")); err != nil {
		t.Fatal(err)
	}
	// Application Default Credentials aren't looked for either.
	if _, err := scimtoken.NewClient(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(srv.Requests()); n != 2 {
		t.Fatalf("%d requests, want 2", n)
	}
	for _, r := range srv.Requests() {
		for _, header := range []string{"Authorization", "X-Goog-User-Project", "X-Goog-Api-Key"} {
			if r.Header.Get(header) != "" {
				t.Errorf("%s %s has %s", r.Method, r.Path, header)
			}
		}
	}
	for where, text := range map[string]string{"the caller's logger": log.String(), "the default logger": fallback.String()} {
		if !strings.Contains(text, "emulator="+srv.URL()) || !strings.Contains(text, "without Google credentials") {
			t.Errorf("%s got %q, want a line about the emulator", where, text)
		}
	}

	t.Setenv(emulator.Variable, "http://user@emulator/")
	if _, err := provider.NewClient(t.Context(), opts...); err == nil || !strings.Contains(err.Error(), emulator.Variable) {
		t.Errorf("NewClient = %v, want an error that names the variable", err)
	}
}
