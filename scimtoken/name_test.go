package scimtoken_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // parts of the error; nil for a name that is well formed
	}{
		{"token", tenantText + "/tokens/token-a", nil},
		{"id of 4", tenantText + "/tokens/abcd", nil},
		{"id of 32", tenantText + "/tokens/" + strings.Repeat("k", 32), nil},
		{"generated id", tenantText + "/tokens/r20261123t0803-abcd2345", nil},
		{"empty", "", []string{"has 1 segments, want 10", "tokens/SCIM_TOKEN"}},
		{"id of 3", tenantText + "/tokens/abc", []string{"SCIM token ID", "SCIM token ID", "must be 4 to 32 characters"}},
		{"id of 33", tenantText + "/tokens/" + strings.Repeat("k", 33), []string{"SCIM token ID", "must be 4 to 32 characters"}},
		{"digit first", tenantText + "/tokens/1abc", []string{"SCIM token ID", "must begin with a letter"}},
		{"hyphen last", tenantText + "/tokens/abc-", []string{"SCIM token ID", "must not end with -"}},
		{"two faults in one id", tenantText + "/tokens/1ab-", []string{"must begin with a letter", "must not end with -"}},
		{"trailing slash", tenantText + "/tokens/abcd/", []string{"has 11 segments, want 10"}},
		{"tenant", tenantText, []string{"has 8 segments, want 10"}},
		{"wrong collection", tenantText + "/keys/abcd", []string{"segment 9", `want "tokens"`}},
		{"fault in the tenant", providerText + "/scimTenants/x/tokens/abcd", []string{"SCIM tenant ID", "SCIM tenant ID"}},
		{"secret pasted as a name", "fake-0123456789", []string{"want 10"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := scimtoken.ParseName(tt.in)
			if tt.want == nil {
				if err != nil || got.String() != tt.in || got.IsZero() {
					t.Errorf("ParseName(%q) = %v, %v, want the same name", tt.in, got, err)
				}
				return
			}
			if err == nil || !got.IsZero() {
				t.Fatalf("ParseName(%q) = %v, %v, want the zero Name and an error", tt.in, got, err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("ParseName(%q) = %v, want %q in it", tt.in, err, part)
				}
			}
		})
	}
}

func TestNewName(t *testing.T) {
	t.Parallel()
	n := name(t, "token-a")
	if n.String() != tenantText+"/tokens/token-a" || n.ID() != "token-a" || n.Tenant() != tenantName(t) || n.Tenant().Provider().Pool().ID() != "acme-pool" {
		t.Errorf("NewName = %v, ID %q, Tenant %v", n, n.ID(), n.Tenant())
	}
	for _, id := range []string{"", "..", "a/b", "abcd/", "abcd:undelete", "abcd?x=y", "abcd%2F"} {
		if n, err := scimtoken.NewName(tenantName(t), id); err == nil {
			t.Errorf("NewName(tenant, %q) = %v, want an error", id, n)
		}
	}
	if n, err := scimtoken.NewName(scimtenant.Name{}, "token-a"); err == nil {
		t.Errorf("NewName(zero tenant, token-a) = %v, want an error", n)
	}
	if zero := (scimtoken.Name{}); zero.String() != "" || !zero.IsZero() || !zero.Tenant().IsZero() {
		t.Error("the zero Name is not empty")
	}
}

func TestNameText(t *testing.T) {
	t.Parallel()
	in := map[scimtoken.Name]scimtoken.Name{name(t, "token-a"): name(t, "token-b")}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"`+tenantText+`/tokens/token-a":"`+tenantText+`/tokens/token-b"}` {
		t.Fatalf("Marshal = %s, %v", text, err)
	}
	var out map[scimtoken.Name]scimtoken.Name
	if err := json.Unmarshal(text, &out); err != nil || out[name(t, "token-a")] != name(t, "token-b") {
		t.Errorf("Unmarshal(Marshal(x)) = %v, %v, want %v", out, err, in)
	}
	n := name(t, "token-a")
	if err := n.UnmarshalText([]byte(tenantText)); err == nil || n != name(t, "token-a") {
		t.Errorf("UnmarshalText(tenant) = %v, name now %v, want an error and no change", err, n)
	}
	if err := n.UnmarshalText(nil); err != nil || !n.IsZero() {
		t.Errorf("UnmarshalText(nil) = %v, name now %v, want the zero Name", err, n)
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"", tenantText, tenantText + "/tokens/token-a", tenantText + "/tokens/", strings.Repeat("/", 9)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := scimtoken.ParseName(s)
		if err != nil {
			if !n.IsZero() {
				t.Fatalf("ParseName(%q) = %v with %v", s, n, err)
			}
			return
		}
		again, err := scimtoken.NewName(n.Tenant(), n.ID())
		if err != nil || again != n || n.String() != s || strings.ContainsAny(s, "?#%. ") {
			t.Fatalf("ParseName(%q) = %v, made again %v, %v", s, n, again, err)
		}
		var back scimtoken.Name
		if text, err := n.MarshalText(); err != nil || back.UnmarshalText(text) != nil || back != n {
			t.Fatalf("text of %v = %s, %v, read back as %v", n, text, err, back)
		}
	})
}
