package provider_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

func subjectName(t *testing.T, id string) provider.SubjectName {
	t.Helper()
	n, err := provider.NewSubjectName(poolName(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSubjects: a subject is what google.subject says, whatever characters that has,
// and reaches no other resource.
func TestSubjects(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"alice@example.com", "a/b", "../subjects/other", "x:revokeSessions", "50%", "%2F", "a b+c", "ü", "?q=1#f", strings.Repeat("x", 127)} {
		srv, client := start(t)
		n := subjectName(t, id)
		if err := client.RevokeSessions(t.Context(), n); err != nil {
			t.Errorf("RevokeSessions(%q) = %v", id, err)
		}
		if err := client.DeleteSubject(t.Context(), n); err != nil {
			t.Errorf("DeleteSubject(%q) = %v", id, err)
		}
		if got := srv.State().DeletedSubjects; len(got) != 1 || !slices.Contains([]string{poolText + "/subjects/" + id, n.String()}, got[0]) {
			t.Errorf("DeleteSubject(%q) deleted %q", id, got)
		}
		if err := client.DeleteSubject(t.Context(), n); !errors.Is(err, iamscim.ErrFailedPrecondition) {
			t.Errorf("DeleteSubject(%q) again = %v, want ErrFailedPrecondition", id, err)
		}
		if err := client.UndeleteSubject(t.Context(), n); err != nil {
			t.Errorf("UndeleteSubject(%q) = %v", id, err)
		}
		if got := srv.State().DeletedSubjects; len(got) != 0 {
			t.Errorf("UndeleteSubject(%q) left %q", id, got)
		}
		for _, r := range srv.Requests() {
			if strings.Contains(r.Path, "workforcePools") && !strings.Contains(r.Path, "/subjects/") {
				t.Errorf("%q: %s %s is about another resource", id, r.Method, r.Path)
			}
		}
	}
}

func TestSubjectsRefused(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	for id, want := range map[string]string{"": "empty", ".": "dot segment", "..": "dot segment", strings.Repeat("é", 64): "at most 127 bytes, is 128", "a\xff": "valid UTF-8"} {
		if n, err := provider.NewSubjectName(poolName(t), id); err == nil || !n.IsZero() || !strings.Contains(err.Error(), want) {
			t.Errorf("NewSubjectName(%q) = %v, %v, want %q", id, n, err, want)
		}
	}
	if _, err := provider.NewSubjectName(provider.PoolName{}, "a"); err == nil || !strings.Contains(err.Error(), "pool is missing") {
		t.Errorf("NewSubjectName of no pool = %v", err)
	}
	for what, err := range map[string]error{
		"DeleteSubject": client.DeleteSubject(t.Context(), provider.SubjectName{}), "UndeleteSubject": client.UndeleteSubject(t.Context(), provider.SubjectName{}),
		"RevokeSessions": client.RevokeSessions(t.Context(), provider.SubjectName{}),
	} {
		wantError(t, what, err, iamscim.ErrInvalidArgument, "name: required")
	}
}

// TestRevokeSessionsOldReply: an older page has an empty object for a reply.
func TestRevokeSessionsOldReply(t *testing.T) {
	t.Parallel()
	_, client := start(t, scimtest.WithBehavior(scimtest.RevokeReply, "EMPTY"))
	if err := client.RevokeSessions(t.Context(), subjectName(t, "alice")); err != nil {
		t.Errorf("RevokeSessions = %v", err)
	}
}
