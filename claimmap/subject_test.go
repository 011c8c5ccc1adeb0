package claimmap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/claimmap"
)

func TestSubject(t *testing.T) {
	t.Parallel()
	user := claimmap.User{ExternalID: "Ext-1", UserName: "JDoe@Example.com", WorkEmail: "Jane.DÖE@Example.com"}
	tests := []struct {
		name, expression string
		user             claimmap.User
		want             string
		err              error
	}{
		{"externalId", "user.externalId", user, "Ext-1", nil},
		{"externalId lowered", "user.externalId.lowerAscii()", user, "ext-1", nil},
		{"userName", "user.userName", user, "JDoe@Example.com", nil},
		{"userName lowered", "user.userName.lowerAscii()", user, "jdoe@example.com", nil},
		{"email", "user.emails[0].value", user, "Jane.DÖE@Example.com", nil},
		{"only ASCII is lowered", "user.emails[0].value.lowerAscii()", user, "jane.dÖe@example.com", nil},
		{"empty", "user.externalId", claimmap.User{UserName: "x"}, "", claimmap.ErrEmpty},
		{"127 bytes", "user.userName", claimmap.User{UserName: strings.Repeat("x", 127)}, strings.Repeat("x", 127), nil},
		{"128 bytes", "user.userName", claimmap.User{UserName: strings.Repeat("x", 128)}, "", claimmap.ErrTooLong},
		{"64 characters of 2 bytes", "user.userName", claimmap.User{UserName: strings.Repeat("é", 64)}, "", claimmap.ErrTooLong},
		{"not UTF-8", "user.userName", claimmap.User{UserName: "a\xff"}, "", claimmap.ErrNotUTF8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := mustNew(t, map[string]string{"google.subject": tt.expression, "google.group": "group.externalId"})
			got, err := m.Subject(tt.user)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Subject(%+v) by %s = %q, %v, want %q, %v", tt.user, tt.expression, got, err, tt.want, tt.err)
			}
			var value *claimmap.ValueError
			if tt.err != nil && (!errors.As(err, &value) || value.Key != "google.subject" || value.Expression != tt.expression) {
				t.Errorf("Subject(%+v) = %#v, want a *ValueError for google.subject = %s", tt.user, err, tt.expression)
			}
		})
	}
}

func TestGroupValue(t *testing.T) {
	t.Parallel()
	group := claimmap.Group{ExternalID: "G-1", DisplayName: "Eng Team"}
	tests := []struct {
		expression string
		group      claimmap.Group
		want       string
		err        error
	}{
		{"group.externalId", group, "G-1", nil},
		{"group.externalId.lowerAscii()", group, "g-1", nil},
		{"group.displayName", group, "Eng Team", nil},
		{"group.displayName.lowerAscii()", group, "eng team", nil},
		{"group.displayName", claimmap.Group{ExternalID: "G"}, "", claimmap.ErrEmpty},
		{"group.displayName", claimmap.Group{DisplayName: "\xff"}, "", claimmap.ErrNotUTF8},
	}
	for _, tt := range tests {
		m := mustNew(t, map[string]string{"google.subject": "user.userName", "google.group": tt.expression})
		if got, err := m.GroupValue(tt.group); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("GroupValue(%+v) by %s = %q, %v, want %q, %v", tt.group, tt.expression, got, err, tt.want, tt.err)
		}
	}
}
