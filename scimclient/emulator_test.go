package scimclient_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/emulator"
	"github.com/iamscim/iamscim/scimclient"
)

// TestEmulator: tokens go to the emulator alone, by http too.
func TestEmulator(t *testing.T) {
	source := iamscim.NewSecret("fake-x").TokenSource()
	tests := []struct {
		variable, base, want string
	}{
		{"emulator:8085", "http://emulator:8085/v1alpha1/tenants/x", ""},
		{"emulator:8085", "http://EMULATOR:8085/v1alpha1/tenants/x?aadOptscim062020", ""},
		{"https://emulator", "https://emulator/v1alpha1/tenants/x", ""},
		{"emulator:8085", "https://iamscim.googleapis.com/v1alpha1/tenants/x", "unset the variable"},
		{"emulator:8085", "http://emulator:8086/v1alpha1/tenants/x", "unset the variable"},
		{"emulator:8085", "http://127.0.0.1:8085/v1alpha1/tenants/x", "unset the variable"},
		{"https://emulator", "http://emulator/v1alpha1/tenants/x", "unset the variable"},
		{"http://emulator/path", "http://emulator/v1alpha1/tenants/x", emulator.Variable},
		{"", "http://emulator:8085/v1alpha1/tenants/x", "https is required"},
	}
	for _, tt := range tests {
		t.Setenv(emulator.Variable, tt.variable)
		var log bytes.Buffer
		_, err := scimclient.New(tt.base, source, scimclient.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("New(%q) with %q = %v, want a client", tt.base, tt.variable, err)
		case tt.want == "" && !strings.Contains(log.String(), "emulator="):
			t.Errorf("New(%q) with %q logged %q, want a line about the emulator", tt.base, tt.variable, &log)
		case tt.want != "" && (!errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("New(%q) with %q = %v, want ErrInvalidArgument and %q", tt.base, tt.variable, err, tt.want)
		}
	}
}
