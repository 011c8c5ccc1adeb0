package scimtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest"
)

// TestSignIn: who signs in, in which groups, and the documented texts of failures.
func TestSignIn(t *testing.T) {
	t.Parallel()
	patch := func(mask, body string) func(*world) { return control("PATCH", providerName+"?updateMask="+mask, body) }
	use := func(usage string) func(*world) { return patch("scimUsage", `{"scimUsage":"`+usage+`"}`) }
	mapping := func(rules string) func(*world) {
		return patch("attributeMapping", `{"attributeMapping":{`+rules+`}}`)
	}
	claims := func(rules string) func(*world) {
		return steps(control("DELETE", tenantName+"?hardDelete=true", ""), control("POST", providerName+"/scimTenants?workforcePoolProviderScimTenantId=tenant-a", tenantBody(rules)),
			func(w *world) {
				if _, err := w.srv.AddUser(tenantName, []byte(`{"userName":"u1","externalId":"x-u1","displayName":"`+strings.Repeat("é", 51)+`","emails":[{"type":"work","value":"u1@example.com"}]}`)); err != nil {
					w.t.Fatal(err)
				}
			})
	}
	deactivate := scimRequest("PATCH", "/Users/u1", patchBody(`{"op":"replace","path":"active","value":false}`))
	const scimText = "The workforce identity pool provider is configured to use identity information that is provided using SCIM, but "
	oid := func(s string) map[string]any { return map[string]any{"oid": s, "groups": []any{"a", "b"}} }
	const withGroups = `"google.subject":"assertion.oid","google.groups":"assertion.groups"`
	for _, tt := range []struct {
		name      string
		prepare   func(*world)
		assertion map[string]any
		want      *scimtest.Identity
		reason    string
	}{
		{"groups of the token", mapping(withGroups + `,"attribute.first":"assertion.groups[0]","attribute.none":"assertion.missing"`), oid("x-u1"),
			&scimtest.Identity{Subject: "x-u1", Groups: []string{"a", "b"}, Attributes: map[string]string{"google.subject": "x-u1", "attribute.first": "a"}}, ""},
		{"a single group", mapping(`"google.subject":"assertion.oid","google.groups":"assertion.oid.extract('x-{id}')"`), oid("x-u1"),
			&scimtest.Identity{Subject: "x-u1", Groups: []string{"u1"}, Attributes: map[string]string{"google.subject": "x-u1"}}, ""},
		{"SAML", mapping(`"google.subject":"assertion.attributes['mail'][0].lowerAscii()"`), map[string]any{"subject": "s", "attributes": map[string]any{"mail": []any{"ADA@x"}}},
			&scimtest.Identity{Subject: "ada@x", Groups: []string{}, Attributes: map[string]string{"google.subject": "ada@x"}}, ""},
		{"no subject", nil, map[string]any{}, nil, "Could not obtain a value for google.subject from the given credential"},
		{"an empty subject", nil, oid(""), nil, "Could not obtain a value for google.subject from the given credential"},
		{"a subject that is no text", nil, map[string]any{"oid": 7}, nil, "The mapped attribute 'google.subject' must be of type STRING"},
		{"an attribute that is a list", mapping(`"google.subject":"assertion.oid","attribute.role":"assertion.groups"`), oid("x"), nil, "The mapped attribute 'attribute.role' must be of type STRING"},
		{"a long subject", nil, oid(strings.Repeat("x", 128)), nil, "The size of mapped attribute google.subject exceeds the 127 bytes limit."},
		{"too much", mapping(`"google.subject":"assertion.oid","attribute.big":"assertion.big"`), map[string]any{"oid": "x", "big": strings.Repeat("x", 16<<10)}, nil, "The size of the entire mapped attributes exceeds the 16 KB limit."},
		{"condition holds", patch("attributeCondition", `{"attributeCondition":"google.subject.startsWith('x-') && assertion.oid != ''"}`), oid("x-9"),
			&scimtest.Identity{Subject: "x-9", Groups: []string{}, Attributes: map[string]string{"google.subject": "x-9"}}, ""},
		{"condition fails", patch("attributeCondition", `{"attributeCondition":"'b' in google.groups"}`), oid("x"), nil, "The given credential is rejected by the attribute condition"},
		{"a deleted subject", control("DELETE", poolName+"/subjects/x-u1", ""), oid("x-u1"), nil, "The subject is deleted."},
		{"a disabled provider", patch("disabled", `{"disabled":true}`), oid("x-u1"), nil, "The workforce identity pool or its provider is disabled or deleted."},
		{"a deleted provider", control("DELETE", providerName, ""), oid("x-u1"), nil, "The workforce identity pool or its provider is disabled or deleted."},
		{"a deleted pool", control("DELETE", poolName, ""), oid("x-u1"), nil, "Requested entity was not found."},

		{"groups of SCIM", steps(mapping(withGroups), use("ENABLED_FOR_GROUPS")), oid("x-u1"),
			&scimtest.Identity{Subject: "x-u1", Groups: []string{"x-g1"}, Attributes: map[string]string{"google.subject": "x-u1"}}, ""},
		{"groups of SCIM, nobody there", steps(mapping(withGroups), use("ENABLED_FOR_GROUPS")), oid("nobody"),
			&scimtest.Identity{Subject: "nobody", Attributes: map[string]string{"google.subject": "nobody"}}, ""},
		{"groups of SCIM, inactive", steps(use("ENABLED_FOR_GROUPS"), deactivate), oid("x-u1"),
			&scimtest.Identity{Subject: "x-u1", Groups: []string{"x-g1"}, Attributes: map[string]string{"google.subject": "x-u1"}}, ""},
		{"no tenant", steps(use("ENABLED_FOR_GROUPS"), control("DELETE", tenantName, "")), oid("x-u1"), nil, "There was an issue signing in with your identity provider."},
		{"users of SCIM", use("ENABLED_FOR_USERS_GROUPS"), oid("x-u1"),
			&scimtest.Identity{Subject: "x-u1", Groups: []string{"x-g1"}, Attributes: map[string]string{"google.subject": "x-u1"}}, ""},
		{"users of SCIM, nobody there", use("ENABLED_FOR_USERS_GROUPS"), oid("X-U1"), nil, scimText + "a SCIM User could not be associated with the google.subject from the given credential."},
		{"users of SCIM, inactive", steps(use("ENABLED_FOR_USERS_GROUPS"), deactivate), oid("x-u1"), nil, scimText + "the SCIM User associated with the google.subject from the given credential is not active."},
		{"attributes of SCIM", steps(claims(`,"google.email":"user.emails.filter(e, e.type == 'work')[0].value"`), use("ENABLED_FOR_USERS_GROUPS")), oid("x-u1"),
			&scimtest.Identity{Subject: "x-u1", Attributes: map[string]string{"google.subject": "x-u1", "google.email": "u1@example.com"}}, ""},
		{"attributes of SCIM that fail", steps(claims(`,"google.email":"user.phoneNumbers[0].value"`), use("ENABLED_FOR_USERS_GROUPS")), oid("x-u1"), nil, "Failed to map attributes from the given credential with SCIM Tenant config."},
		{"a long display name of SCIM", steps(claims(`,"google.display_name":"user.displayName"`), use("ENABLED_FOR_USERS_GROUPS")), oid("x-u1"), nil, "The size of SCIM mapped attribute google.display_name exceeds the 100 bytes limit."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if tt.prepare != nil {
				tt.prepare(w)
			}
			got, err := w.srv.SignIn(providerName, tt.assertion)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("SignIn (-want +got):\n%s", diff)
			}
			failure, ok := errors.AsType[*scimtest.SignInError](err)
			if ok != (tt.reason != "") || ok && (failure.Reason != tt.reason || failure.Rule == "") {
				t.Errorf("SignIn = %v, want %q with a rule", err, tt.reason)
			}
		})
	}
	for answer, want := range map[string][]string{"COUNT": {"x-g1"}, "NONE": nil} {
		w := newWorld(t, scimtest.WithBehavior(scimtest.InactiveMembers, answer))
		steps(use("ENABLED_FOR_GROUPS"), deactivate)(w)
		got, err := w.srv.SignIn(providerName, oid("x-u1"))
		if err != nil || fmt.Sprint(got.Groups) != fmt.Sprint(want) {
			t.Errorf("InactiveMembers = %s: SignIn = %+v, %v, want the groups %q", answer, got, err, want)
		}
	}
}
