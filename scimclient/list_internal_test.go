package scimclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"golang.org/x/oauth2"
)

// TestListIsBounded: a server that has always one more page.
func TestListIsBounded(t *testing.T) {
	t.Parallel()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		fmt.Fprintf(w, `{"totalResults":%d,"Resources":[{"id":"%d"}]}`, n+1, n)
	}))
	defer s.Close()
	c, err := New(s.URL, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"}), WithRate(6_000_000))
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	l := lister[User]{s: &c.Users.s, op: "Users.List", maxPages: 50}
	err = l.run(t.Context(), func(*User, error) bool { rows++; return true })
	if !errors.Is(err, ErrTruncated) || rows != 50 || n != 50 {
		t.Errorf("list = %d rows, %v after %d requests, want 50 and ErrTruncated", rows, err, n)
	}
}
