package scimclient_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

// TestBrokenRules: a 400 names the documented rule that the request breaks, and
// nothing of the request or of what the service said.
func TestBrokenRules(t *testing.T) {
	t.Parallel()
	const emails = "emails: exactly one, of type work"
	mail := func(types ...string) *scimclient.User {
		u := &scimclient.User{UserName: "bjensen@example.com"}
		for _, typ := range types {
			u.Emails = append(u.Emails, scimclient.MultiValue{Value: "bjensen@example.com", Type: typ})
		}
		return u
	}
	long := strings.Repeat("bjensen", 19) // 133 bytes
	tests := []struct {
		name   string
		user   *scimclient.User
		detail string
		want   string
	}{
		{"no e-mail", mail(), "", emails},
		{"two", mail("work", "work"), "bjensen@example.com is one too many", emails},
		{"one at home", mail("home"), "", emails},
		{"one without a type", mail(""), "", emails},
		{"one of type Work, which is work", mail("Work"), "", "HTTP 400 invalidValue"},
		{"a long name", &scimclient.User{UserName: long, Emails: mail("work").Emails}, "", "userName: at most 127 bytes"},
		{"a long external id", &scimclient.User{UserName: "b", ExternalID: long, Emails: mail("work").Emails}, "", "externalId: at most 127 bytes"},
		{"another rule", mail("work"), "The displayName of bjensen@example.com, and EMAILS, are odd: displayname", "the service names displayName, emails"},
		{"a rule in other words", mail("work"), "bjensen@example.com is not allowed", "HTTP 400 invalidValue"},
	}
	for _, tt := range tests {
		_, c := serve(t, replyWith(400, fmt.Sprintf(`{"scimType":"invalidValue","detail":%q}`, tt.detail)))
		tt.user.ID = "1"
		for call, err := range map[string]error{"Create": second(c.Users.Create(t.Context(), tt.user)), "Replace": second(c.Users.Replace(t.Context(), tt.user))} {
			if !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s of %s = %v, want it to say %q", call, tt.name, err, tt.want)
			}
			if strings.Contains(err.Error(), "bjensen") || strings.Contains(err.Error(), "%") || strings.Contains(err.Error(), "print") {
				t.Errorf("%s of %s = %v, which has data in it, or asks to be printed", call, tt.name, err)
			}
		}
	}
	// The fake, as the service.
	_, c := start(t)
	if _, err := c.Users.Create(t.Context(), mail()); !errors.Is(err, iamscim.ErrInvalidArgument) || !strings.Contains(err.Error(), emails) {
		t.Errorf("Create without an e-mail = %v, want it to say %q", err, emails)
	}
	// A group has no e-mails.
	_, c = serve(t, replyWith(400, `{"scimType":"invalidValue"}`))
	if _, err := c.Groups.Create(t.Context(), &scimclient.Group{DisplayName: "g"}); strings.Contains(err.Error(), "emails") {
		t.Errorf("Create of a group = %v, which speaks of e-mails", err)
	}
}

// TestWaitToken: the token is known, and the role may be missing.
func TestWaitToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		replies []int
		want    error // of WaitToken
		checks  int
	}{
		{[]int{401, 404, 401, 200}, nil, 4},
		{[]int{401, 403, 200}, scimclient.ErrNotSyncer, 2},
		{[]int{403, 200}, scimclient.ErrNotSyncer, 1},
		{[]int{503, 429, 200}, nil, 3},
		{[]int{302, 200}, iamscim.ErrRedirected, 1},
		{[]int{401, 401, 401, 401, 401, 401}, scimclient.ErrTokenRejected, 4}, // the policy's attempts
	} {
		n := 0
		_, c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			status := tt.replies[min(n, len(tt.replies)-1)]
			n++
			replyWith(status, `{"totalResults":0}`)(w, r)
		})
		access, err := c.WaitToken(t.Context())
		if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || n != tt.checks {
			t.Errorf("WaitToken with %v = %v after %d checks, want %v after %d", tt.replies, err, n, tt.want, tt.checks)
		}
		if err == nil && access.Checks != tt.checks {
			t.Errorf("WaitToken with %v: Checks = %d, want %d", tt.replies, access.Checks, tt.checks)
		}
	}
	// As the README does it.
	s := scimtest.Start(t)
	c := clientFor(t, seed(t, s), scimclient.WithHTTPClient(s.HTTPClient()))
	if _, err := c.WaitToken(t.Context()); !errors.Is(err, scimclient.ErrNotSyncer) {
		t.Errorf("WaitToken without the role = %v, want ErrNotSyncer", err)
	}
}

// TestAccessUsers: the field counts what its comment says, with Google's counting
// and with that of RFC 7644.
func TestAccessUsers(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	for i, want := range []int{0, 1, 1} {
		access, err := c.CheckAccess(t.Context())
		if err != nil || access.Users != want {
			t.Errorf("CheckAccess with %d users = %+v, %v, want Users %d: the service counts the reply's", i, access, err, want)
		}
		mustCreate(t, c, fmt.Sprintf("u%d@example.com", i))
	}
	_, c = serve(t, replyWith(200, `{"totalResults":137,"Resources":[{"id":"1"}]}`))
	if access, err := c.CheckAccess(t.Context()); err != nil || access.Users != 137 {
		t.Errorf("CheckAccess = %+v, %v, want Users 137", access, err)
	}
}
