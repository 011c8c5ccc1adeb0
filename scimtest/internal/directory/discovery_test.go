package directory

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// TestSchemas compares the schemas with those of RFC 7643 section 8.7.1. What
// differs is Google's, or the reason is given here.
func TestSchemas(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	got := map[string]map[string]any{}
	list := f.must(200, "GET", "/Schemas", "")
	if list["totalResults"] != 3.0 {
		t.Errorf("totalResults = %v, want 3", list["totalResults"])
	}
	for _, r := range list["Resources"].([]any) {
		s := r.(map[string]any)
		id := s["id"].(string)
		got[id] = s
		if diff := cmp.Diff(s, f.must(200, "GET", "/Schemas/"+id, "")); diff != "" {
			t.Errorf("GET /Schemas/%s differs from the list (-list +one):\n%s", id, diff)
		}
		if problems := conforms(rfcObject(t, "rfc7643-8.7.2-schema-schema")["attributes"].([]any), s, ""); len(problems) > 0 {
			t.Errorf("schema %s does not conform to RFC 7643 section 8.7.2: %q", id, problems)
		}
	}
	want := []string{
		"User.password: missing",                // documented
		"User.emails: required true, not false", // documented, as the next three
		"User.emails.value: required true, not false",
		"User.emails.type: required true, not false",
		"User.emails.type: canonicalValues [work], not [work home other]",
		"User.groups: missing",                           // documented
		"User.roles.display: missing",                    // documented
		"User.x509Certificates.display: missing",         // documented
		"Group.displayName: uniqueness server, not none", // documented
		"Group.members.value: caseExact true, not false", // ids are, and these are ids
		"EnterpriseUser.manager.value: required false, not true",
		"EnterpriseUser.manager.$ref: required false, not true",
		"EnterpriseUser.manager.displayName: mutability readWrite, not readOnly", // nothing else fills it
	}
	var differences []string
	for _, sample := range []string{"rfc7643-8.7.1-schema-user", "rfc7643-8.7.1-schema-group", "rfc7643-8.7.1-schema-enterprise_user"} {
		rfc := rfcObject(t, sample)
		ours := got[rfc["id"].(string)]
		if ours == nil || ours["name"] != rfc["name"] {
			t.Errorf("no schema %s named %s", rfc["id"], rfc["name"])
			continue
		}
		differences = append(differences, compareAttributes(rfc["name"].(string), rfc["attributes"], ours["attributes"])...)
	}
	if diff := cmp.Diff(want, differences); diff != "" {
		t.Errorf("differences from RFC 7643 (-want +got):\n%s", diff)
	}

	f.refused(404, "", "GET", "/Schemas/urn:none", "")
	f.refused(404, "", "GET", "/Schemas/"+urnUser+"/x", "")
	f.refused(405, "", "POST", "/Schemas", `{}`)
	f.refused(403, "", "GET", "/Schemas?filter="+escape(`id eq "x"`), "") // RFC 7644 section 4
}

// compareAttributes lists how our attributes differ from the RFC's, but for
// descriptions.
func compareAttributes(place string, rfc, ours any) []string {
	var differences []string
	list, _ := ours.([]any)
	for _, a := range rfc.([]any) {
		want := a.(map[string]any)
		name := place + "." + want["name"].(string)
		i := slices.IndexFunc(list, func(b any) bool { return b.(map[string]any)["name"] == want["name"] })
		if i < 0 {
			differences = append(differences, name+": missing")
			continue
		}
		got := list[i].(map[string]any)
		for _, c := range []struct {
			name  string
			usual any // what the RFC's schemas leave out
		}{{"type", "string"}, {"multiValued", false}, {"required", false}, {"caseExact", false}, {"mutability", "readWrite"}, {"returned", "default"}, {"uniqueness", "none"}} {
			w := want[c.name]
			if w == nil {
				w = c.usual
			}
			if got[c.name] != w {
				differences = append(differences, fmt.Sprintf("%s: %s %v, not %v", name, c.name, got[c.name], w))
			}
		}
		for _, c := range []string{"canonicalValues", "referenceTypes"} {
			if !cmp.Equal(want[c], got[c]) {
				differences = append(differences, fmt.Sprintf("%s: %s %v, not %v", name, c, got[c], want[c]))
			}
		}
		if want["subAttributes"] != nil {
			differences = append(differences, compareAttributes(name, want["subAttributes"], got["subAttributes"])...)
		}
	}
	return differences
}

// conforms checks an object against a schema's attributes: required ones are
// there, all have the right type.
func conforms(attributes []any, o map[string]any, place string) []string {
	var problems []string
	for _, raw := range attributes {
		a := raw.(map[string]any)
		name := a["name"].(string)
		v, there := o[name]
		if !there {
			if a["required"] == true {
				problems = append(problems, place+name+" is missing")
			}
			continue
		}
		values := []any{v}
		if a["multiValued"] == true {
			list, ok := v.([]any)
			if !ok {
				problems = append(problems, place+name+" is no list")
			}
			values = list
		}
		for _, v := range values {
			ok := false
			switch a["type"] {
			case "boolean":
				_, ok = v.(bool)
			case "integer":
				_, ok = v.(float64)
			case "complex":
				var inner map[string]any
				if inner, ok = v.(map[string]any); ok && a["subAttributes"] != nil {
					problems = append(problems, conforms(a["subAttributes"].([]any), inner, place+name+".")...)
				}
			default:
				_, ok = v.(string)
			}
			if !ok {
				problems = append(problems, fmt.Sprintf("%s%s is no %v", place, name, a["type"]))
			}
		}
	}
	return problems
}

func TestServiceProviderConfig(t *testing.T) {
	t.Parallel()
	for etags, choice := range map[bool]string{false: "OFF", true: "ON"} {
		f := newFixture(t, Config{Choices: behavior.Choices{behavior.ETags: choice}})
		got := f.must(200, "GET", "/ServiceProviderConfig", "")
		if problems := conforms(rfcObject(t, "rfc7643-8.7.2-schema-service_provider_configuration")["attributes"].([]any), got, ""); len(problems) > 0 {
			t.Errorf("it does not conform to RFC 7643 section 8.7.2: %q", problems)
		}
		for name := range rfcObject(t, "rfc7643-8.5-service_provider_configuration") {
			if got[name] == nil {
				t.Errorf("%s is missing", name)
			}
		}
		want := map[string]any{
			"patch": map[string]any{"supported": true}, "filter": map[string]any{"supported": true, "maxResults": 100.0},
			"bulk":           map[string]any{"supported": false, "maxOperations": 0.0, "maxPayloadSize": 0.0},
			"changePassword": map[string]any{"supported": false}, "sort": map[string]any{"supported": false}, "etag": map[string]any{"supported": etags},
		}
		for name, w := range want {
			if diff := cmp.Diff(w, got[name]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		f.refused(405, "", "PUT", "/ServiceProviderConfig", `{}`)
		f.refused(404, "", "GET", "/ServiceProviderConfig/x", "")
	}
}
