package scimtoken

import (
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
)

const recordTenant = "locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main"

func recordName(t *testing.T, id string) Name {
	t.Helper()
	n, err := ParseName(recordTenant + "/tokens/" + id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func fullRecord(t *testing.T) record {
	t.Helper()
	tenant, err := scimtenant.ParseName(recordTenant)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 25, 8, 3, 0, 0, time.UTC)
	return record{
		Tenant: tenant, TenantUID: "uid1", Revision: 7,
		Current: held{recordName(t, "current"), iamscim.NewSecret("s-current")},
		Next:    held{recordName(t, "next"), iamscim.NewSecret(`s-"next`)}, HandedOver: true,
		Retire: []retired{{recordName(t, "before"), at, true}, {recordName(t, "lost"), at, false}},
		Lease:  lease{"host/1/abc", at, at.Add(10 * time.Minute)},
	}
}

// TestRecordRoundTrip: what is stored comes back, and its secrets are nowhere
// but in the text.
func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]record{"full": fullRecord(t), "least": {Tenant: fullRecord(t).Tenant, TenantUID: "u"}} {
		text, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeRecord(text)
		if err != nil {
			t.Fatalf("%s: decode = %v", name, err)
		}
		again, err := got.encode()
		if err != nil || again.Reveal() != text.Reveal() {
			t.Errorf("%s: it came back as %s, %v, want %s", name, again.Reveal(), err, text.Reveal())
		}
	}
	got := fullRecord(t)
	text, err := got.encode()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"tenant":"TENANT","tenantUid":"uid1","revision":7,` +
		`"current":{"name":"TENANT/tokens/current","secret":"s-current"},` +
		`"next":{"name":"TENANT/tokens/next","secret":"s-\"next","handedOver":true},` +
		`"retire":[{"name":"TENANT/tokens/before","since":"2026-11-25T08:03:00Z","predecessor":true},{"name":"TENANT/tokens/lost","since":"2026-11-25T08:03:00Z"}],` +
		`"lease":{"holder":"host/1/abc","since":"2026-11-25T08:03:00Z","until":"2026-11-25T08:13:00Z"}}`
	if shown := strings.ReplaceAll(text.Reveal(), recordTenant, "TENANT"); shown != want {
		t.Errorf("encode = %s, want %s", shown, want)
	}
}

// TestRecordRefused: whatever isn't a record of this version is refused, with a
// text that repeats nothing of it.
func TestRecordRefused(t *testing.T) {
	t.Parallel()
	good, err := fullRecord(t).encode()
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string {
		if !strings.Contains(good.Reveal(), from) {
			t.Fatalf("%q isn't in the record", from)
		}
		return strings.Replace(good.Reveal(), from, to, 1)
	}
	tests := []struct{ name, text, want string }{
		{"no JSON", "s3cret", "isn't JSON: byte 1"},
		{"cut", good.Reveal()[:len(good.Reveal())-3], "isn't JSON"},
		{"two", good.Reveal() + good.Reveal(), "isn't JSON"},
		{"null", "null", "version 0"},
		{"an array", `["s3cret"]`, "wrong type"},
		{"no version", change(`"version":1,`, ""), "version 0"},
		{"a later version", change(`"version":1`, `"version":2,"s3cret":1`), "it has version 2, and this program knows version 1"},
		{"an unknown field", change(`"revision":7`, `"s3cret":7`), "a field that this program doesn't know"},
		{"a text as number", change(`"revision":7`, `"revision":"s3cret"`), "revision has a value of the wrong type"},
		{"a time that is none", change(`"since":"2026-11-25T08:03:00Z"`, `"since":"s3cret"`), "a value that it can't read"},
		{"no tenant", change(`"tenant":"`+recordTenant, `"tenant":"s3cret`), "tenant isn't the name of a SCIM tenant"},
		{"no UID", change(`"uid1"`, `""`), "tenantUid is missing"},
		{"a secret as a name", change(recordTenant+"/tokens/current", "s3cret"), "current.name isn't the name of a SCIM token"},
		{"a token of another tenant", change("scimTenants/main/tokens/next", "scimTenants/s3cret/tokens/next"), "next.name is a token of another tenant"},
		{"a token twice", change("/tokens/before", "/tokens/current"), "retire[0].name is a token that the record names twice"},
		{"current handed over", change(`"s-current"`, `"s-current","handedOver":true`), "current.handedOver"},
		{"handed over without a secret", change(`"secret":"s-\"next",`, ""), "next was handed over and has no secret"},
		{"too long", strings.Repeat(" ", maxRecord) + good.Reveal(), "longer than"},
	}
	for _, tt := range tests {
		_, err := decodeRecord(iamscim.NewSecret(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: decode = %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: decode = %v repeats the text", tt.name, err)
		}
	}
}

// TestRecordShares: a transition leaves the record it began with alone.
func TestRecordShares(t *testing.T) {
	t.Parallel()
	r := fullRecord(t)
	r.Retire = r.Retire[:1:2] // room for another
	before, err := r.encode()
	if err != nil {
		t.Fatal(err)
	}
	r.promote(epoch)
	r.reserve(recordName(t, "other"), epoch)
	r.keep(iamscim.NewSecret("x"))
	r.drop([]Name{recordName(t, "before")}, nil)
	r.drop(nil, []Name{recordName(t, "before")})
	if after, err := r.encode(); err != nil || after.Reveal() != before.Reveal() {
		t.Errorf("the record changed to %s, %v, was %s", after.Reveal(), err, before.Reveal())
	}
	if full := r.Retire[:2]; full[1].Name.ID() != "lost" {
		t.Errorf("a transition wrote behind the record: %v", full)
	}
}
