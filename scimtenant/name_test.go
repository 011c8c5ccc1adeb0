package scimtenant_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
)

func TestParseName(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // parts of the error; nil for a name that is well formed
	}{
		{"tenant", tenantText, nil},
		{"id of 4", providerText + "/scimTenants/0-0-", nil},
		{"id of 32", providerText + "/scimTenants/" + strings.Repeat("t", 32), nil},
		{"empty", "", []string{"has 1 segments, want 8", "scimTenants/SCIM_TENANT"}},
		{"id of 3", providerText + "/scimTenants/abc", []string{"SCIM tenant ID", "SCIM tenant ID", "must be 4 to 32 characters"}},
		{"id of 33", providerText + "/scimTenants/" + strings.Repeat("t", 33), []string{"SCIM tenant ID", "must be 4 to 32 characters"}},
		{"upper case", providerText + "/scimTenants/Main", []string{"SCIM tenant ID", "only a-z, 0-9 and -"}},
		{"trailing slash", tenantText + "/", []string{"has 9 segments, want 8"}},
		{"provider", providerText, []string{"has 6 segments, want 8"}},
		{"token", tenantText + "/tokens/tok1", []string{"has 10 segments, want 8"}},
		{"wrong collection", providerText + "/tenants/main", []string{"segment 7", `want "scimTenants"`}},
		{"fault in the provider", poolText + "/providers/x/scimTenants/main", []string{"provider ID", "provider ID"}},
		{"every fault", "a/-/b/x/c/y/d/z", []string{"segment 1", "location ID", "segment 3", "workforce pool ID", "segment 5", "provider ID", "segment 7", "SCIM tenant ID"}},
		{"dot dot", providerText + "/scimTenants/..", []string{"SCIM tenant ID"}},
		{"base URI", "https://iamscim.googleapis.com/v1alpha1/tenants/abc", []string{"want 8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := scimtenant.ParseName(tt.in)
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
	n := name(t, "main")
	if n.String() != tenantText || n.ID() != "main" || n.Provider() != providerName(t) {
		t.Errorf("NewName = %v, ID %q, Provider %v", n, n.ID(), n.Provider())
	}
	for _, id := range []string{"", "..", "a/b", "main/tokens/tok1", "main/", "main?hardDelete=true", "main%2F"} {
		if n, err := scimtenant.NewName(providerName(t), id); err == nil {
			t.Errorf("NewName(provider, %q) = %v, want an error", id, n)
		}
	}
	if n, err := scimtenant.NewName(provider.Name{}, "main"); err == nil {
		t.Errorf("NewName(zero provider, main) = %v, want an error", n)
	}
	if zero := (scimtenant.Name{}); zero.String() != "" || !zero.IsZero() || !zero.Provider().IsZero() {
		t.Error("the zero Name is not empty")
	}
}

func TestNameText(t *testing.T) {
	t.Parallel()
	in := map[scimtenant.Name]scimtenant.Name{name(t, "main"): name(t, "other")}
	text, err := json.Marshal(in)
	if err != nil || string(text) != `{"`+tenantText+`":"`+providerText+`/scimTenants/other"}` {
		t.Fatalf("Marshal = %s, %v", text, err)
	}
	var out map[scimtenant.Name]scimtenant.Name
	if err := json.Unmarshal(text, &out); err != nil || out[name(t, "main")] != name(t, "other") {
		t.Errorf("Unmarshal(Marshal(x)) = %v, %v, want %v", out, err, in)
	}
	n := name(t, "main")
	if err := n.UnmarshalText([]byte(providerText)); err == nil || n != name(t, "main") {
		t.Errorf("UnmarshalText(provider) = %v, name now %v, want an error and no change", err, n)
	}
	if err := n.UnmarshalText(nil); err != nil || !n.IsZero() {
		t.Errorf("UnmarshalText(nil) = %v, name now %v, want the zero Name", err, n)
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"", tenantText, providerText, tenantText + "/", strings.Repeat("/", 7)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := scimtenant.ParseName(s)
		if err != nil {
			if !n.IsZero() {
				t.Fatalf("ParseName(%q) = %v with %v", s, n, err)
			}
			return
		}
		again, err := scimtenant.NewName(n.Provider(), n.ID())
		if err != nil || again != n || n.String() != s || strings.ContainsAny(s, "?#%. ") {
			t.Fatalf("ParseName(%q) = %v, made again %v, %v", s, n, again, err)
		}
		var back scimtenant.Name
		if text, err := n.MarshalText(); err != nil || back.UnmarshalText(text) != nil || back != n {
			t.Fatalf("text of %v = %s, %v, read back as %v", n, text, err, back)
		}
	})
}

// TestNewNameSaysWhatIsWrong: with the id or with its parent, and nothing about
// the whole name, which nobody wrote.
func TestNewNameSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		parent provider.Name
		id     string
		want   string
	}{
		{providerName(t), "m", `scimtenant: SCIM tenant ID "m": must be 4 to 32 characters`},
		{providerName(t), "", "scimtenant: SCIM tenant ID is empty"},
		{providerName(t), "Ma/in", `scimtenant: SCIM tenant ID "Ma/in": only a-z, 0-9 and - are allowed`},
		{provider.Name{}, "main", `scimtenant: SCIM tenant "main": its parent's name is missing`},
	}
	for _, tt := range tests {
		if got, err := scimtenant.NewName(tt.parent, tt.id); err == nil || err.Error() != tt.want || !got.IsZero() {
			t.Errorf("NewName(%v, %q) = %v, %v, want %q", tt.parent, tt.id, got, err, tt.want)
		}
	}
}
