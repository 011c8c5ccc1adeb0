package gapi

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/api/googleapi"

	"github.com/iamscim/iamscim"
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
		{"long", googleapi.Error{Code: 500, Message: strings.Repeat("x", 64<<10)}, strings.Repeat("x", 300) + "…"},
		{"long, of many bytes a character", googleapi.Error{Code: 500, Message: strings.Repeat("日", 101)}, strings.Repeat("日", 100) + "…"},
		{"cut inside a character", googleapi.Error{Code: 500, Message: "x" + strings.Repeat("日", 101)}, "x" + strings.Repeat("日", 99) + "…"},
	}
	for _, tt := range tests {
		e := wrap(t.Context(), "p: get", "", 1, &tt.api)
		if e.Detail != tt.want || e.Status != tt.api.Code || !utf8.ValidString(e.Error()) {
			t.Errorf("%s: wrap = %d %q, want %d %q", tt.name, e.Status, e.Detail, tt.api.Code, tt.want)
		}
	}
}

// TestPagesEnd: a service that hands out tokens for ever, long ones or the same one
// twice, is an error, and costs little memory.
func TestPagesEnd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		token func(page int) string
		items int
		want  string
	}{
		{"without an end", strconv.Itoa, 0, "does not end after 1000 pages"},
		{"the same token", func(int) string { return "again" }, 0, "repeats after 2 pages"},
		{"two tokens in turn", func(n int) string { return strconv.Itoa(n % 2) }, 0, "repeats after"},
		{"a long token", func(int) string { return strings.Repeat("x", 1<<20) }, 0, "a page token has 1048576 bytes"},
		{"more rows than were asked for", func(int) string { return "" }, 101, "a page has 101 items"},
	}
	for _, tt := range tests {
		n := 0
		fetch := func(context.Context, string) ([]*int, string, error) {
			n++
			return make([]*int, tt.items), tt.token(n), nil
		}
		var err error
		for _, err = range pages(t.Context(), "p: list", "r", fetch, func(i *int) (*int, error) { return i, nil }) {
		}
		if !errors.Is(err, iamscim.ErrBadReply) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: the list ended in %v, want ErrBadReply with %q", tt.name, err, tt.want)
		}
	}
}
