package emulator_test

import (
	"testing"

	"github.com/iamscim/iamscim/internal/emulator"
)

func TestURL(t *testing.T) {
	tests := []struct{ value, want string }{
		{"", ""},
		{"localhost:8085", "http://localhost:8085"},
		{"127.0.0.1:8085", "http://127.0.0.1:8085"},
		{"[::1]:8085", "http://[::1]:8085"},
		{"emulator", "http://emulator"},
		{"http://emulator:8085/", "http://emulator:8085"},
		{"https://emulator", "https://emulator"},
		{"ftp://emulator", "error"},
		{"http://emulator/v1", "error"},
		{"http://user:password@emulator", "error"},
		{"http://emulator?x", "error"},
		{":8085", "error"},
		{"http://", "error"},
		{"a b", "error"},
	}
	for _, tt := range tests {
		t.Setenv(emulator.Variable, tt.value)
		got := "error"
		if u, err := emulator.URL(); err == nil {
			got = ""
			if u != nil {
				got = u.String()
			}
		}
		if got != tt.want {
			t.Errorf("URL() with %q = %q, want %q", tt.value, got, tt.want)
		}
	}
}
