package directory

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// The examples of RFC 7643 and RFC 7644 stand in testdata/rfc, one a
// file, named by section. Each is sent to the service or compared with what
// it answers; rfcSamples says which test does it, and TestRFCSamplesAllUsed
// that none is left out.

func rfcSample(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "rfc", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func rfcObject(t testing.TB, name string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(rfcSample(t, name)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

var rfcSamples = map[string][]string{
	"TestRFCCreate": {"rfc7643-8.1-user-minimal", "rfc7643-8.2-user-full", "rfc7643-8.3-enterprise_user", "rfc7643-8.4-group",
		"rfc7644-3.3-user-post_request", "rfc7644-3.3-user-post_response", "rfc7644-3.14-user-post_request", "rfc7644-3.14-user-post_response", "rfc7644-3.4.1-user-known-resource"},
	"TestRFCRead": {"rfc7644-3.4.2-list_response-partial_attributes", "rfc7644-3.9-user-partial_response", "rfc7644-3.5.1-user-put_request", "rfc7644-3.5.1-user-put_response"},
	"TestRFCPatchUser": {"rfc7644-3.5.2.1-patch_op-add_emails", "rfc7644-3.5.2.2-patch_op-remove_multi_complex_value", "rfc7644-3.5.2.3-patch_op-replace_all_email_values",
		"rfc7644-3.5.2.3-patch_op-replace_street_address", "rfc7644-3.5.2.3-patch_op-replace_user_work_address"},
	"TestRFCPatchGroup": {"rfc7644-3.5.2.1-patch_op-add_members", "rfc7644-3.5.2.2-patch_op-remove_all_members", "rfc7644-3.5.2.2-patch_op-remove_and_add_one_member",
		"rfc7644-3.5.2.2-patch_op-remove_one_member", "rfc7644-3.5.2.3-patch_op-replace_all_members"},
	"TestRFCErrors": {"rfc7644-3.12-error-bad_request", "rfc7644-3.12-error-not_found", "rfc7644-3.6-error-not_found", "rfc7644-3.7.3-error-invalid_syntax", "rfc7644-3.7.4-error-payload_too_large"},
	"TestRFCUnsupported": {"rfc7643-8.6-resource_type-group", "rfc7643-8.6-resource_type-user", "rfc7644-3.4.3-search_request",
		"rfc7644-3.7.1-bulk_request-circular_conflict", "rfc7644-3.7.2-bulk_request-enterprise_user", "rfc7644-3.7.2-bulk_request-temporary_identifier", "rfc7644-3.7.3-bulk_request-multiple_operations"},
	"none: a reply of an endpoint the service does not have": {"rfc7644-4-list_response-resource_types", "rfc7643-8.7.2-schema-resource_type", "rfc7644-3.4.3-list_response-post_query", "rfc7644-3.7.1-list_response-circular_reference",
		"rfc7644-3.7.2-bulk_response-temporary_identifier", "rfc7644-3.7.3-bulk_response-error_invalid_syntax", "rfc7644-3.7.3-bulk_response-multiple_errors", "rfc7644-3.7.3-bulk_response-multiple_operations"},
	"TestSchemas":               {"rfc7643-8.7.1-schema-user", "rfc7643-8.7.1-schema-group", "rfc7643-8.7.1-schema-enterprise_user", "rfc7643-8.7.2-schema-schema"},
	"TestServiceProviderConfig": {"rfc7643-8.5-service_provider_configuration", "rfc7643-8.7.2-schema-service_provider_configuration"},
}

func TestRFCSamplesAllUsed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/rfc/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	var have, used []string
	for _, f := range files {
		have = append(have, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	for _, names := range rfcSamples {
		used = append(used, names...)
	}
	slices.Sort(used)
	if diff := cmp.Diff(have, used); diff != "" {
		t.Errorf("samples (-there +used):\n%s", diff)
	}
}

// rfcFixture follows the RFCs where Google does not: users have any emails.
// Its ids are those given, in turns.
func rfcFixture(t testing.TB, ids ...string) *fixture {
	t.Helper()
	n := 0
	return newFixture(t, Config{
		Mapping: looseMapping,
		Choices: behavior.Choices{behavior.EmailRule: "ANY", behavior.ETags: "ON"},
		NewID: func() string {
			n++
			if n <= len(ids) {
				return ids[n-1]
			}
			return fmt.Sprintf("id-%d", n)
		},
	})
}

const bjensen = "2819c223-7f76-453a-919d-413861904646"

// TestRFCCreate posts each resource and reads it back. What the client says
// of id and meta does not count; password and groups are not kept. With
// Google's rule about emails most of them are refused.
func TestRFCCreate(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		sample, path, response string
		google                 int // with Google's rule about emails
	}{
		{"rfc7643-8.1-user-minimal", "/Users", "", 400},
		{"rfc7643-8.2-user-full", "/Users", "", 400},
		{"rfc7643-8.3-enterprise_user", "/Users", "", 400},
		{"rfc7644-3.3-user-post_request", "/Users", "rfc7644-3.3-user-post_response", 400},
		{"rfc7644-3.14-user-post_request", "/Users", "rfc7644-3.14-user-post_response", 400},
		{"rfc7644-3.4.1-user-known-resource", "/Users", "", 201},
		{"rfc7643-8.4-group", "/Groups", "", 400},
	} {
		t.Run(row.sample, func(t *testing.T) {
			t.Parallel()
			want := rfcObject(t, row.sample)
			id, _ := want["id"].(string)
			if id == "" {
				id = bjensen
			}
			f := rfcFixture(t, id)
			if members, ok := want["members"].([]any); ok {
				// The members are there before the group.
				f = rfcFixture(t, members[0].(map[string]any)["value"].(string), members[1].(map[string]any)["value"].(string), id)
				f.create("/Users", `{"userName":"bjensen","displayName":"Babs Jensen"}`)
				f.create("/Users", `{"userName":"mpepperidge","displayName":"Mandy Pepperidge"}`)
			}
			a := f.do("POST", row.path, rfcSample(t, row.sample))
			if a.status != 201 {
				t.Fatalf("POST %s = %d %s, want 201", row.sample, a.status, a.raw)
			}
			if row.response != "" {
				want = rfcObject(t, row.response)
				want["externalId"] = "bjensen" // section 3.14 has left it out
			}
			for _, name := range []string{"password", "groups"} {
				delete(want, name)
			}
			want["id"] = id
			if want["members"] != nil {
				if diff := cmp.Diff([]string{bjensen, "902c246b-6245-4190-8e05-00816be7344a"}, f.membersOf(id)); diff != "" {
					t.Errorf("members (-want +got):\n%s", diff)
				}
				want["members"] = []any{}
			}
			want["meta"] = map[string]any{"resourceType": strings.TrimSuffix(strings.TrimPrefix(row.path, "/"), "s"),
				"created": "2026-11-23T12:00:00.000Z", "lastModified": "2026-11-23T12:00:00.000Z", "location": f.base + row.path + "/" + id, "version": `W/"1"`}
			if diff := cmp.Diff(want, a.body); diff != "" {
				t.Errorf("reply (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, f.must(200, "GET", row.path+"/"+id, "")); diff != "" {
				t.Errorf("GET (-want +got):\n%s", diff)
			}
			for name, want := range map[string]string{"Location": f.base + row.path + "/" + id, "ETag": `W/"1"`} {
				if got := a.header.Get(name); got != want {
					t.Errorf("header %s = %q, want %q", name, got, want)
				}
			}
			google := newFixture(t, Config{Mapping: looseMapping})
			if got := google.do("POST", row.path, rfcSample(t, row.sample)); got.status != row.google {
				t.Errorf("POST %s with Google's rules = %d %s, want %d", row.sample, got.status, got.raw, row.google)
			} else if got.status == 400 && got.body["scimType"] != invalidValue {
				t.Errorf("POST %s with Google's rules: scimType %v, want invalidValue", row.sample, got.body["scimType"])
			}
		})
	}
}

func TestRFCRead(t *testing.T) {
	t.Parallel()
	f := rfcFixture(t, bjensen, "c75ad752-64ae-4823-840d-ffa80929976c")
	f.must(201, "POST", "/Users", rfcSample(t, "rfc7644-3.3-user-post_request"))
	if diff := cmp.Diff(rfcObject(t, "rfc7644-3.9-user-partial_response"), f.must(200, "GET", "/Users/"+bjensen+"?attributes=userName", "")); diff != "" {
		t.Errorf("partial response (-want +got):\n%s", diff)
	}

	f.create("/Users", `{"userName":"jsmith"}`)
	want := rfcObject(t, "rfc7644-3.4.2-list_response-partial_attributes")
	want["startIndex"], want["itemsPerPage"] = 1.0, 2.0 // optional where all is returned
	got := f.must(200, "GET", "/Users?attributes=userName", "")
	for _, r := range got["Resources"].([]any) {
		delete(r.(map[string]any), "schemas") // the sample has none, section 3.9 and RFC 7643 section 3 do
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("list with attributes (-want +got):\n%s", diff)
	}

	want = rfcObject(t, "rfc7644-3.5.1-user-put_response")
	delete(want, "meta")
	got = f.must(200, "PUT", "/Users/"+bjensen, rfcSample(t, "rfc7644-3.5.1-user-put_request"))
	if version := got["meta"].(map[string]any)["version"]; version != `W/"2"` {
		t.Errorf("version after PUT = %v, want another than before", version)
	}
	delete(got, "meta")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("PUT (-want +got):\n%s", diff)
	}
}

func TestRFCPatchUser(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	full := rfcObject(t, "rfc7643-8.2-user-full")
	work, home := full["emails"].([]any)[0], full["emails"].([]any)[1]
	homeAddress := full["addresses"].([]any)[1]
	street := maps.Clone(full["addresses"].([]any)[0].(m))
	street["streetAddress"] = "1010 Broadway Ave"
	for _, row := range []struct {
		sample string
		want   m
	}{
		// The home email is there already: it is added once. nickname is nickName.
		{"rfc7644-3.5.2.1-patch_op-add_emails", m{"emails": []any{work, home}, "nickName": "Babs"}},
		{"rfc7644-3.5.2.2-patch_op-remove_multi_complex_value", m{"emails": []any{home}}},
		{"rfc7644-3.5.2.3-patch_op-replace_all_email_values", m{"emails": []any{work, home}, "nickName": "Babs"}},
		{"rfc7644-3.5.2.3-patch_op-replace_street_address", m{"addresses": []any{street, homeAddress}}},
		{"rfc7644-3.5.2.3-patch_op-replace_user_work_address", m{"addresses": []any{m{
			"type": "work", "streetAddress": "911 Universal City Plaza", "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "US",
			"formatted": "911 Universal City Plaza\nHollywood, CA 91608 US", "primary": true}, homeAddress}}},
	} {
		t.Run(row.sample, func(t *testing.T) {
			t.Parallel()
			f := rfcFixture(t, bjensen)
			want := f.must(201, "POST", "/Users", rfcSample(t, "rfc7643-8.2-user-full"))
			maps.Copy(want, row.want)
			got := f.must(200, "PATCH", "/Users/"+bjensen, rfcSample(t, row.sample))
			delete(want, "meta")
			delete(got, "meta")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("PATCH %s (-want +got):\n%s", row.sample, diff)
			}
		})
	}
}

func TestRFCPatchGroup(t *testing.T) {
	t.Parallel()
	const (
		babs  = bjensen
		james = "08e1d05d-121c-4561-8b96-473d93df9210"
		mandy = "902c246b-6245-4190-8e05-00816be7344a"
	)
	for _, row := range []struct {
		sample        string
		babs, james   string // the samples abbreviate ids in their own ways
		before, after []string
	}{
		{"rfc7644-3.5.2.1-patch_op-add_members", babs, james, []string{mandy}, []string{mandy, babs}},
		{"rfc7644-3.5.2.2-patch_op-remove_all_members", babs, james, []string{babs, mandy}, nil},
		{"rfc7644-3.5.2.2-patch_op-remove_one_member", "2819c223-7f76-...413861904646", james, []string{"2819c223-7f76-...413861904646", mandy}, []string{mandy}},
		{"rfc7644-3.5.2.2-patch_op-remove_and_add_one_member", "2819c223...919d-413861904646", "08e1d05d...473d93df9210", []string{"2819c223...919d-413861904646", mandy}, []string{mandy, "08e1d05d...473d93df9210"}},
		{"rfc7644-3.5.2.3-patch_op-replace_all_members", babs, james, []string{mandy}, []string{babs, james}},
	} {
		t.Run(row.sample, func(t *testing.T) {
			t.Parallel()
			f := rfcFixture(t, row.babs, row.james, mandy, "G")
			for _, name := range []string{"babs", "james", "mandy"} {
				f.create("/Users", fmt.Sprintf(`{"userName":%q}`, name))
			}
			f.create("/Groups", group("Tour Guides", row.before...))
			f.must(200, "PATCH", "/Groups/G", rfcSample(t, row.sample))
			want := row.after
			if want == nil {
				want = []string{}
			}
			if diff := cmp.Diff(want, f.membersOf("G")); diff != "" {
				t.Errorf("members after %s (-want +got):\n%s", row.sample, diff)
			}
		})
	}
}

// TestRFCErrors compares errors with the RFC's: the details are the service's
// own where the RFC does not have the same.
func TestRFCErrors(t *testing.T) {
	t.Parallel()
	f := rfcFixture(t, bjensen)
	f.create("/Users", `{"userName":"bjensen"}`)
	readOnly := f.do("PATCH", "/Users/"+bjensen, patchOps(`{"op":"replace","path":"id","value":"x"}`))
	f.must(204, "DELETE", "/Users/"+bjensen, "")
	for _, row := range []struct {
		sample string
		answer answer
		detail bool
	}{
		{"rfc7644-3.12-error-bad_request", readOnly, false},
		{"rfc7644-3.7.3-error-invalid_syntax", f.do("POST", "/Users", `{`), false},
		{"rfc7644-3.7.4-error-payload_too_large", f.do("POST", "/Users", `{"userName":"`+strings.Repeat("x", maxBody)+`"}`), false},
		{"rfc7644-3.6-error-not_found", f.do("GET", "/Users/"+bjensen, ""), true},
		{"rfc7644-3.12-error-not_found", f.do("PUT", "/Users/"+bjensen, `{"userName":"bjensen"}`), true},
	} {
		want := rfcObject(t, row.sample)
		if fmt.Sprint(row.answer.status) != want["status"] {
			t.Errorf("%s: status %d, want %v", row.sample, row.answer.status, want["status"])
		}
		if !row.detail {
			if row.answer.body["detail"] == "" {
				t.Errorf("%s: no detail", row.sample)
			}
			want["detail"] = row.answer.body["detail"]
		}
		if diff := cmp.Diff(want, row.answer.body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.sample, diff)
		}
	}
}

// TestRFCUnsupported sends the requests of endpoints Google documents as
// unsupported.
func TestRFCUnsupported(t *testing.T) {
	t.Parallel()
	f := rfcFixture(t)
	for _, sample := range []string{"rfc7644-3.7.1-bulk_request-circular_conflict", "rfc7644-3.7.2-bulk_request-enterprise_user", "rfc7644-3.7.2-bulk_request-temporary_identifier", "rfc7644-3.7.3-bulk_request-multiple_operations"} {
		f.refused(501, "", "POST", "/Bulk", rfcSample(t, sample))
	}
	f.refused(501, "", "POST", "/.search", rfcSample(t, "rfc7644-3.4.3-search_request"))
	for _, sample := range []string{"rfc7643-8.6-resource_type-group", "rfc7643-8.6-resource_type-user"} {
		f.refused(501, "", "GET", "/ResourceTypes/"+rfcObject(t, sample)["id"].(string), "")
	}
	f.refused(501, "", "GET", "/ResourceTypes", "")
	if got := string(f.content()); strings.TrimSpace(got) != "" {
		t.Errorf("a refused request left something behind: %s", got)
	}
}
