package resname

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	tests := []struct {
		name string
		kind Kind
		id   string
		want string // "" means valid, else a part of the message
	}{
		{"pool, shortest", Pool, "abcdef", ""},
		{"pool, longest", Pool, long[:63], ""},
		{"pool, too short", Pool, "abcde", "must be 6 to 63 characters"},
		{"pool, too long", Pool, long, "must be 6 to 63 characters"},
		{"pool, digit first", Pool, "1abcdef", "must begin with a letter"},
		{"pool, hyphen last", Pool, "abcdef-", "must not end with -"},
		{"pool, upper case", Pool, "Abcdef", "only a-z, 0-9 and - are allowed"},
		{"pool, empty", Pool, "", "is empty"},
		{"provider, digit first is allowed", Provider, "1234", ""},
		{"provider, hyphen last is allowed", Provider, "abc-", ""},
		{"provider, reserved is still a name", Provider, "gcp-x", ""},
		{"provider, too short", Provider, "abc", "must be 4 to 32 characters"},
		{"tenant, too long", Tenant, long[:33], "must be 4 to 32 characters"},
		{"tenant, slash", Tenant, "a/../b", "only a-z, 0-9 and - are allowed"},
		{"tenant, percent", Tenant, "ab%2fcd", "only a-z, 0-9 and - are allowed"},
		{"tenant, white space", Tenant, "ab cd", "only a-z, 0-9 and - are allowed"},
		{"tenant, not ASCII", Tenant, "tenänt", "only a-z, 0-9 and - are allowed"},
		{"token, digit first", Token, "1abc", "must begin with a letter"},
		{"token, hyphen last", Token, "abc-", "must not end with -"},
		{"token, every rule at once", Token, "1A-", "only a-z, 0-9 and - are allowed; must be 4 to 32 characters; must begin with a letter a-z; must not end with -"},
		{"operation", Operation, "bigar6mzulbamefi4653maqqae000000", ""},
		{"operation, the service's own alphabet", Operation, "Op_1.x", ""},
		{"operation, blank", Operation, "op 1", "only visible ASCII"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := tt.kind.Check(tt.id)
			if tt.want == "" {
				if err != nil {
					t.Fatalf("Check(%q) = %v, want nil", tt.id, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("Check(%q) = %v, want an error with %q", tt.id, err, tt.want)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		kinds    []Kind
		want     []string
		err      string
	}{
		{"pool", "locations/global/workforcePools/acme-pool", []Kind{Location, Pool}, []string{"global", "acme-pool"}, ""},
		{"operation of a provider", "locations/global/workforcePools/acme-pool/providers/entra/operations/op1", []Kind{Location, Pool, Provider, Operation}, []string{"global", "acme-pool", "entra", "op1"}, ""},
		{"empty", "", []Kind{Location, Pool}, nil, `"" has 1 segments, want 4: locations/LOCATION/workforcePools/WORKFORCE_POOL`},
		{"leading slash", "/locations/global/workforcePools/acme-pool", []Kind{Location, Pool}, nil, "has 5 segments"},
		{"trailing slash", "locations/global/workforcePools/acme-pool/", []Kind{Location, Pool}, nil, "has 5 segments"},
		{"wrong collection", "locations/global/workloadPools/acme-pool", []Kind{Location, Pool}, nil, `segment 3 is "workloadPools", want "workforcePools"`},
		{"every fault at once", "location/global/workforcePools/x", []Kind{Location, Pool}, nil, `segment 1 is "location", want "locations"; workforce pool ID "x": must be 6 to 63 characters`},
		{"dot segments", "locations/global/workforcePools/..", []Kind{Location, Pool}, nil, "only a-z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Parse(tt.in, tt.kinds...)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("Parse(%q) error = %v, want one with %q", tt.in, err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse(%q) = %v", tt.in, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("locations/global/workforcePools/acme-pool/providers/entra")
	f.Add("locations//workforcePools/../providers/%2f")
	kinds := []Kind{Location, Pool, Provider}
	f.Fuzz(func(t *testing.T, name string) {
		ids, err := Parse(name, kinds...)
		if err != nil {
			if len(err.Error()) > 4096 {
				t.Errorf("Parse(%q): error of %d bytes", name, len(err.Error()))
			}
			return
		}
		back := ""
		for i, k := range kinds {
			back = Join(back, k, ids[i])
		}
		if back != name {
			t.Errorf("Parse(%q) joins back to %q", name, back)
		}
	})
}

// TestKinds: the collection and the noun of a kind, and who may have it.
func TestKinds(t *testing.T) {
	t.Parallel()
	if c, n := Tenant.Collection(), Tenant.String(); c != "scimTenants" || n != "SCIM tenant" {
		t.Errorf("a tenant is a %q in %q", n, c)
	}
	if err := Token.CheckChild("p", "token-a"); err != nil {
		t.Errorf("CheckChild = %v", err)
	}
	if err := Token.CheckChild("p", "-"); err == nil {
		t.Error("CheckChild of a bad id = nil")
	}
	if err := Token.CheckChild("", strings.Repeat("x", 161)); err == nil || err.Error() != `SCIM token "`+strings.Repeat("x", 160)+`"… (161 bytes): its parent's name is missing` {
		t.Errorf("CheckChild without a parent = %v", err)
	}
	for id, want := range map[string]bool{"gcp-x": true, "gcp": false, "gcpx": false, "x-gcp-": false} {
		if got := Reserved(id); got != want {
			t.Errorf("Reserved(%q) = %t, want %t", id, got, want)
		}
	}
}
