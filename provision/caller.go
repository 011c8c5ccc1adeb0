package provision

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxCredentials is more than a file of credentials has, in bytes.
const maxCredentials = 1 << 20

// callerPool returns the name of the workforce pool that Application Default
// Credentials sign in through; "" if they don't, or if there are none. The files
// are those of https://cloud.google.com/docs/authentication/application-default-credentials.
func callerPool() string {
	path := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")
	if path == "" {
		dir := os.Getenv("CLOUDSDK_CONFIG")
		if dir == "" && runtime.GOOS == "windows" {
			dir = filepath.Join(os.Getenv("APPDATA"), "gcloud")
		}
		if home, err := os.UserHomeDir(); dir == "" && err == nil {
			dir = filepath.Join(home, ".config", "gcloud")
		}
		path = filepath.Join(dir, "application_default_credentials.json")
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var file struct {
		Audience string `json:"audience"`
	}
	if json.NewDecoder(io.LimitReader(f, maxCredentials)).Decode(&file) != nil {
		return ""
	}
	name, ok := strings.CutPrefix(file.Audience, "//iam.googleapis.com/")
	pool, _, found := strings.Cut(name, "/providers/")
	if !ok || !found || !strings.Contains(pool, "/workforcePools/") {
		return ""
	}
	return pool
}
