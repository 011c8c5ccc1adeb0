package provider_test

import (
	"encoding"
	"encoding/json"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/provider"
)

// fullName is what the three kinds of names share.
type fullName interface {
	comparable
	encoding.TextMarshaler
	String() string
	IsZero() bool
}

func TestParse(t *testing.T) {
	t.Parallel()
	pool := func(s string) (any, error) { return provider.ParsePoolName(s) }
	prov := func(s string) (any, error) { return provider.ParseName(s) }
	op := func(s string) (any, error) { return provider.ParseOperationName(s) }
	tests := []struct {
		name, in string
		parse    func(string) (any, error)
		want     []string // parts of the error; nil for a name that is well formed
	}{
		{"pool", poolText, pool, nil},
		{"shortest pool id", "locations/global/workforcePools/abcdef", pool, nil},
		{"pool id of 63", "locations/global/workforcePools/" + strings.Repeat("a", 63), pool, nil},
		{"reserved pool exists", "locations/global/workforcePools/gcp-pool", pool, nil},
		{"empty", "", pool, []string{`"" has 1 segments, want 4`, "locations/LOCATION/workforcePools/WORKFORCE_POOL"}},
		{"trailing slash", poolText + "/", pool, []string{"has 5 segments, want 4"}},
		{"leading slash", "/" + poolText, pool, []string{"has 5 segments, want 4"}},
		{"full resource name of another API", "//iam.googleapis.com/" + poolText, pool, []string{"segments, want 4"}},
		{"pool id of 5", "locations/global/workforcePools/abcde", pool, []string{"workforce pool ID", "must be 6 to 63 characters"}},
		{"pool id of 64", "locations/global/workforcePools/" + strings.Repeat("a", 64), pool, []string{"workforce pool ID", "must be 6 to 63 characters"}},
		{"digit first", "locations/global/workforcePools/1acme-pool", pool, []string{"workforce pool ID", "must begin with a letter"}},
		{"hyphen last", "locations/global/workforcePools/acme-pool-", pool, []string{"workforce pool ID", "must not end with -"}},
		{"upper case", "locations/global/workforcePools/Acme-pool", pool, []string{"workforce pool ID", "only a-z, 0-9 and -"}},
		{"wrong collection", "locations/global/workloadPools/acme-pool", pool, []string{"segment 3", `want "workforcePools"`}},
		{"every fault", "places//pools/x", pool, []string{"segment 1", "location ID", "segment 3", "workforce pool ID"}},
		{"dot dot", "locations/../workforcePools/acme-pool", pool, []string{"location ID"}},
		{"escaped slash", "locations/global/workforcePools/acme%2fpool", pool, []string{"workforce pool ID"}},
		{"newline", "locations/global/workforcePools/acme\npool", pool, []string{"workforce pool ID", `acme\npool`}},
		{"provider where a pool is wanted", poolText + "/providers/entra", pool, []string{"has 6 segments, want 4"}},

		{"provider", poolText + "/providers/entra", prov, nil},
		{"provider ID of digits", poolText + "/providers/0000", prov, nil},
		{"provider ID of 32", poolText + "/providers/" + strings.Repeat("p", 32), prov, nil},
		{"provider ID of 3", poolText + "/providers/abc", prov, []string{"provider ID", "must be 4 to 32 characters"}},
		{"provider ID of 33", poolText + "/providers/" + strings.Repeat("p", 33), prov, []string{"provider ID", "must be 4 to 32 characters"}},
		{"pool where a provider is wanted", poolText, prov, []string{"has 4 segments, want 6"}},
		{"provider ID empty", poolText + "/providers/", prov, []string{"provider ID", "provider ID is empty"}},
		{"tenant where a provider is wanted", poolText + "/providers/entra/scimTenants/main", prov, []string{"has 8 segments, want 6"}},

		{"operation on a provider", poolText + "/providers/entra/operations/big6ar", op, nil},
		{"operation on a pool", poolText + "/operations/big6ar", op, nil},
		{"operation ID with odd characters", poolText + "/operations/A.b_c~1", op, nil},
		{"operation without an id", poolText + "/providers/entra/operations/", op, []string{"operation ID", "operation ID is empty"}},
		{"operation ID that climbs", poolText + "/operations/..", op, []string{"operation ID", "dot segment"}},
		{"operation ID with a blank", poolText + "/providers/entra/operations/a b", op, []string{"operation ID"}},
		{"operation on a tenant", poolText + "/providers/entra/scimTenants/main/operations/x", op, []string{"has 10 segments"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.parse(tt.in)
			if tt.want == nil {
				if err != nil || got.(interface{ String() string }).String() != tt.in {
					t.Errorf("Parse(%q) = %v, %v, want the same name", tt.in, got, err)
				}
				return
			}
			if err == nil {
				t.Fatalf("Parse(%q) = %v, nil, want an error", tt.in, got)
			}
			if !got.(interface{ IsZero() bool }).IsZero() {
				t.Errorf("Parse(%q) = %v with an error, want the zero name", tt.in, got)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("Parse(%q) = %v, want %q in it", tt.in, err, part)
				}
			}
			if strings.ContainsAny(err.Error(), "\n\r") {
				t.Errorf("Parse(%q): the error has a line break: %q", tt.in, err)
			}
		})
	}
}

func TestNewNameIsNotFooledBySlashes(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", ".", "..", "a/b", "entra/scimTenants/main", "entra/", "/entra", "entra?x=1", "entra#", "entra%2F", "éntra", "entra\x00"} {
		if n, err := provider.NewName(poolName(t), id); err == nil {
			t.Errorf("NewName(pool, %q) = %v, want an error", id, n)
		}
		if n, err := provider.NewPoolName("global", "acme-pool/"+id); err == nil {
			t.Errorf("NewPoolName(global, %q) = %v, want an error", "acme-pool/"+id, n)
		}
		if n, err := provider.NewPoolName(id, "acme-pool"); err == nil {
			t.Errorf("NewPoolName(%q, acme-pool) = %v, want an error", id, n)
		}
	}
	if n, err := provider.NewName(provider.PoolName{}, "entra"); err == nil {
		t.Errorf("NewName(zero pool, entra) = %v, want an error", n)
	}
}

func TestNameAccessors(t *testing.T) {
	t.Parallel()
	n := name(t, "entra")
	if n.ID() != "entra" || n.Pool() != poolName(t) || n.Pool().ID() != "acme-pool" || n.Pool().Location() != "global" || n.IsZero() {
		t.Errorf("Name %v: ID %q, Pool %v, zero %v", n, n.ID(), n.Pool(), n.IsZero())
	}
	zero := provider.Name{}
	if zero.String() != "" || !zero.IsZero() || !zero.Pool().IsZero() || (provider.OperationName{}).String() != "" {
		t.Error("the zero names are not empty")
	}
}

func TestNamesAreComparable(t *testing.T) {
	t.Parallel()
	again, err := provider.ParseName(poolText + "/providers/entra")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[provider.Name]int{name(t, "entra"): 1, name(t, "okta"): 2}
	if seen[again] != 1 || len(seen) != 2 {
		t.Errorf("map[%v] = %d, want 1", again, seen[again])
	}
	pools := map[provider.PoolName]bool{poolName(t): true}
	if !pools[again.Pool()] {
		t.Errorf("map[%v] = false, want true", again.Pool())
	}
}

func TestNameText(t *testing.T) {
	t.Parallel()
	type doc struct {
		Pool     provider.PoolName
		Provider provider.Name
		ByName   map[provider.Name]int
	}
	in := doc{Pool: poolName(t), Provider: name(t, "entra"), ByName: map[provider.Name]int{name(t, "okta"): 7}}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Pool":"locations/global/workforcePools/acme-pool","Provider":"locations/global/workforcePools/acme-pool/providers/entra","ByName":{"locations/global/workforcePools/acme-pool/providers/okta":7}}`
	if string(text) != want {
		t.Errorf("Marshal = %s, want %s", text, want)
	}
	var out doc
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	if out.Pool != in.Pool || out.Provider != in.Provider || out.ByName[name(t, "okta")] != 7 {
		t.Errorf("Unmarshal(Marshal(x)) = %+v, want %+v", out, in)
	}
	var o provider.OperationName
	if err := o.UnmarshalText([]byte(poolText + "/operations/x1")); err != nil || map[provider.OperationName]bool{o: true}[provider.OperationName{}] {
		t.Errorf("UnmarshalText(operation) = %v, name now %v", err, o)
	}
	if text, err := o.MarshalText(); err != nil || string(text) != poolText+"/operations/x1" {
		t.Errorf("MarshalText(%v) = %s, %v", o, text, err)
	}
	if err := o.UnmarshalText([]byte("x")); err == nil || o.IsZero() {
		t.Errorf("UnmarshalText(x) = %v, name now %v, want an error and no change", err, o)
	}
	if err := o.UnmarshalText(nil); err != nil || !o.IsZero() {
		t.Errorf("UnmarshalText(nil) = %v, name now %v, want the zero OperationName", err, o)
	}
	// An empty text is the zero name; a malformed one changes nothing.
	n := name(t, "entra")
	if err := n.UnmarshalText([]byte("nonsense")); err == nil || n != name(t, "entra") {
		t.Errorf("UnmarshalText(nonsense) = %v, name now %v, want an error and no change", err, n)
	}
	if err := n.UnmarshalText(nil); err != nil || !n.IsZero() {
		t.Errorf("UnmarshalText(nil) = %v, name now %v, want the zero Name", err, n)
	}
	p := poolName(t)
	if err := p.UnmarshalText([]byte("x/y")); err == nil || p != poolName(t) {
		t.Errorf("UnmarshalText(x/y) = %v, name now %v, want an error and no change", err, p)
	}
	if err := p.UnmarshalText(nil); err != nil || !p.IsZero() {
		t.Errorf("UnmarshalText(nil) = %v, name now %v, want the zero PoolName", err, p)
	}
}

// fuzzName: what parses prints as it was read, has no byte that means
// something in a URL, and survives its text form.
func fuzzName[N fullName](f *testing.F, parse func(string) (N, error), unmarshal func(*N, []byte) error, seeds ...string) {
	for _, s := range append(seeds, "", "/", "locations", strings.Repeat("/", 40), "locations/global/workforcePools/..") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parse(s)
		if err != nil {
			if !n.IsZero() || strings.ContainsAny(err.Error(), "\n\r\x00") {
				t.Fatalf("parse(%q) = %v, %q", s, n, err)
			}
			return
		}
		parent, _, _ := strings.Cut(s, "/operations/") // the service chooses the ids of operations
		if n.String() != s || n.IsZero() || strings.ContainsAny(s, " \n") || strings.Contains(s, "//") || strings.HasSuffix(s, "/..") || strings.ContainsAny(parent, "?#%.") {
			t.Fatalf("parse(%q) = %v", s, n)
		}
		text, err := n.MarshalText()
		var back N
		if err != nil || unmarshal(&back, text) != nil || back != n {
			t.Fatalf("text of %v = %s, %v, read back as %v", n, text, err, back)
		}
	})
}

func FuzzParsePoolName(f *testing.F) {
	fuzzName(f, provider.ParsePoolName, (*provider.PoolName).UnmarshalText, poolText)
}

func FuzzParseName(f *testing.F) {
	fuzzName(f, provider.ParseName, (*provider.Name).UnmarshalText, poolText+"/providers/entra")
}

func FuzzParseOperationName(f *testing.F) {
	fuzzName(f, provider.ParseOperationName, (*provider.OperationName).UnmarshalText, poolText+"/operations/abc", poolText+"/providers/entra/operations/abc")
}
