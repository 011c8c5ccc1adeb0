package gapi

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/api/googleapi"
)

// TestDetail: what the service said is on one line and bounded, so that a
// hostile reply makes no hostile log line.
func TestDetail(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		api  googleapi.Error
		want string
	}{
		{"message", googleapi.Error{Code: 403, Message: "Permission 'x' denied\n on resource."}, "Permission 'x' denied on resource."},
		{"a body instead of a message", googleapi.Error{Code: 502, Body: "<html>\n<h1>Bad  Gateway</h1>"}, "<html> <h1>Bad Gateway</h1>"},
		{"neither", googleapi.Error{Code: 503}, ""},
		{"long", googleapi.Error{Code: 500, Message: strings.Repeat("x", 1<<20)}, strings.Repeat("x", 300) + "…"},
		{"long, of many bytes a character", googleapi.Error{Code: 500, Message: strings.Repeat("日", 101)}, strings.Repeat("日", 100) + "…"},
		{"cut inside a character", googleapi.Error{Code: 500, Message: "x" + strings.Repeat("日", 101)}, "x" + strings.Repeat("日", 99) + "…"},
	}
	for _, tt := range tests {
		e := wrap(t.Context(), "p: get", "", 1, &tt.api, nil)
		if e.Detail != tt.want || e.Status != tt.api.Code || !utf8.ValidString(e.Error()) {
			t.Errorf("%s: wrap = %d %q, want %d %q", tt.name, e.Status, e.Detail, tt.api.Code, tt.want)
		}
	}
}
