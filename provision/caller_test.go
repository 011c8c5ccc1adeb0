package provision_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision"
)

// TestCallerOfThisPool: whoever signs in through the pool is warned before the
// provider asks the directory who may.
func TestCallerOfThisPool(t *testing.T) {
	s := newSetup(t)
	const warning = "sign in through this pool"
	pool := "//iam.googleapis.com/" + s.spec.Provider.Pool().String()
	tests := []struct {
		name, credentials string
		usage             iamscim.SCIMUsage
		warned            bool
	}{
		{"through gcloud auth application-default login", `{"type":"external_account_authorized_user","audience":"` + pool + `/providers/entra","refresh_token":"x"}`, iamscim.SCIMUsageUsersAndGroups, true},
		{"through another provider of the pool", `{"type":"external_account","audience":"` + pool + `/providers/okta"}`, iamscim.SCIMUsageUsersAndGroups, true},
		{"who may sign in in any case", `{"type":"external_account","audience":"` + pool + `/providers/entra"}`, iamscim.SCIMUsageGroups, false},
		{"of another pool", `{"type":"external_account","audience":"` + pool + `-2/providers/entra"}`, iamscim.SCIMUsageUsersAndGroups, false},
		{"of a workload pool", `{"type":"external_account","audience":"//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/acme-pool/providers/entra"}`, iamscim.SCIMUsageUsersAndGroups, false},
		{"with a service account", `{"type":"service_account","client_email":"x@y.iam.gserviceaccount.com"}`, iamscim.SCIMUsageUsersAndGroups, false},
		{"with a file that isn't JSON", `x`, iamscim.SCIMUsageUsersAndGroups, false},
		{"without credentials", "", iamscim.SCIMUsageUsersAndGroups, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("CLOUDSDK_CONFIG", dir)
			t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", "")
			if tt.credentials != "" {
				if err := os.WriteFile(filepath.Join(dir, "application_default_credentials.json"), []byte(tt.credentials), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			clients := s.client(t, provision.WithClientOptions(s.PipeClientOptions()...), provision.WithOrganizationOptions(s.PipeOrganizationClientOptions()...), provision.WithHTTPClient(s.PipeHTTPClient()))
			spec := s.spec
			spec.Usage = tt.usage
			p, err := clients.Plan(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			step := p.Step(provision.KindUsage)
			if got := strings.Contains(strings.Join(step.Warnings, "\n"), warning); got != tt.warned {
				t.Errorf("the usage is %s with the warnings %q; warned: want %v", step.Status, step.Warnings, tt.warned)
			}
		})
	}
	t.Run("named by the variable", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "credentials.json")
		if err := os.WriteFile(path, []byte(tests[0].credentials), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
		spec := s.spec
		spec.Usage = iamscim.SCIMUsageUsersAndGroups
		for fake, opts := range map[bool][]provision.Option{
			false: {provision.WithClientOptions(s.PipeClientOptions()...), provision.WithOrganizationOptions(s.PipeOrganizationClientOptions()...)},
			true:  {provision.WithServer(s)},
		} {
			p, err := s.client(t, opts...).Plan(t.Context(), spec)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(strings.Join(p.Step(provision.KindUsage).Warnings, "\n"), warning); got == fake {
				t.Errorf("with a fake: %v; warned: %v", fake, got)
			}
		}
	})
}
