package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The values of a plan in JSON.
type (
	object = map[string]any
	list   = []any
)

// edited returns a real plan after an edit: no Terraform run printed it.
func edited(t testing.TB, name string, edit func(plan object)) string {
	t.Helper()
	var plan object
	if err := json.Unmarshal([]byte(readFile(t, "testdata/plans/"+name+".json")), &plan); err != nil {
		t.Fatal(err)
	}
	edit(plan)
	text, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// resourceChange returns the entry of resource_changes with an address.
func resourceChange(t testing.TB, plan object, address string) (entry, change object) {
	t.Helper()
	for _, rc := range plan["resource_changes"].(list) {
		if rc := rc.(object); rc["address"] == address {
			return rc, rc["change"].(object)
		}
	}
	t.Fatalf("the plan has no %s", address)
	return nil, nil
}

// copied is a deep copy.
func copied(t testing.TB, o object) object {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out object
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const tenantAddress = "google_iam_workforce_pool_provider_scim_tenant.tenant"

// TestPlanLifecycle changes the real plan of an update in place.
func TestPlanLifecycle(t *testing.T) {
	t.Parallel()
	same := func(change object) { change["after"] = copied(t, change["before"].(object)) }
	before := func(change object, key string, value any) { change["before"].(object)[key] = value }
	tests := []struct {
		name string
		edit func(entry, change object, plan object)
		want []string // rules of the errors
		text string   // in one of the messages
	}{
		{"as it was planned", func(object, object, object) {}, []string{ruleImmutable}, "terraform apply -replace='" + tenantAddress + "'"},
		{"an update of something else", func(_, c, _ object) { same(c); c["after"].(object)["hard_delete"] = true }, nil, ""},
		{"no change", func(_, c, _ object) { same(c); c["actions"] = list{"no-op"} }, nil, ""},
		{"read again", func(_, c, _ object) { same(c); c["actions"] = list{"read"} }, nil, ""},
		{"a key more", func(_, c, _ object) {
			same(c)
			c["after"].(object)["claim_mapping"].(object)["google.email"] = "user.emails[0].value"
		}, []string{ruleImmutable}, ""},
		{"a key less", func(_, c, _ object) {
			same(c)
			c["before"].(object)["claim_mapping"].(object)["google.email"] = "user.emails[0].value"
		}, []string{ruleImmutable}, ""},
		{"another spelling of the same", func(_, c, _ object) {
			same(c)
			c["after"].(object)["claim_mapping"].(object)["google.subject"] = "user['externalId']"
		}, []string{ruleImmutable}, ""},
		{"changed to what is known after apply", func(_, c, _ object) {
			same(c)
			delete(c["after"].(object), "claim_mapping")
			c["after_unknown"] = object{"claim_mapping": true}
		}, []string{ruleImmutable, ruleUnknown}, ""},
		{"one rule known after apply", func(_, c, _ object) {
			same(c)
			c["after_unknown"] = object{"claim_mapping": object{"google.subject": true}}
		}, []string{ruleUnknown}, ""},
		{"all known after apply", func(_, c, _ object) { same(c); c["after_unknown"] = true }, []string{ruleUnknown}, ""},
		{"a replacement", func(_, c, _ object) { c["actions"] = list{"delete", "create"} }, []string{ruleReplacement}, "hard_delete"},
		{"a replacement that deletes for good", func(_, c, _ object) {
			c["actions"] = list{"delete", "create"}
			before(c, "hard_delete", true)
		}, nil, ""},
		{"a replacement that sets hard_delete at once", func(_, c, _ object) {
			c["actions"] = list{"delete", "create"}
			c["after"].(object)["hard_delete"] = true
		}, []string{ruleReplacement}, "apply that first"},
		{"a replacement that creates first", func(_, c, _ object) {
			c["actions"] = list{"create", "delete"}
			before(c, "hard_delete", true)
		}, []string{ruleReplacement}, "create_before_destroy"},
		{"a replacement that abandons", func(_, c, _ object) {
			c["actions"] = list{"delete", "create"}
			before(c, "hard_delete", true)
			before(c, "deletion_policy", "ABANDON")
		}, []string{ruleReplacement}, "ABANDON"},
		{"a deletion", func(_, c, _ object) { c["actions"] = list{"delete"}; c["after"] = nil }, nil, ""},
		{"a removed block", func(_, c, _ object) { c["actions"] = list{"forget"}; c["after"] = nil }, nil, ""},
		{"a second tenant in the pool", func(entry, c, plan object) {
			same(c)
			second := copied(t, entry)
			second["address"], second["name"] = tenantAddress+"2", "tenant2"
			plan["resource_changes"] = append(plan["resource_changes"].(list), second)
		}, []string{ruleOccupied}, "room for one"},
		{"a second tenant, while the first is deleted softly", func(entry, c, plan object) {
			same(c)
			second := copied(t, entry)
			second["address"] = tenantAddress + "2"
			second["change"].(object)["actions"] = list{"create"}
			c["actions"], c["after"] = list{"delete"}, nil
			plan["resource_changes"] = append(plan["resource_changes"].(list), second)
		}, []string{ruleOccupied}, "deleted softly"},
		{"a second tenant, while the first is forgotten", func(entry, c, plan object) {
			same(c)
			second := copied(t, entry)
			second["address"] = tenantAddress + "2"
			c["actions"], c["after"] = list{"forget"}, nil
			plan["resource_changes"] = append(plan["resource_changes"].(list), second)
		}, []string{ruleOccupied}, "left there"},
		{"a second tenant, after the first is deleted for good", func(entry, c, plan object) {
			same(c)
			second := copied(t, entry)
			second["address"] = tenantAddress + "2"
			before(c, "hard_delete", true)
			c["actions"], c["after"] = list{"delete"}, nil
			plan["resource_changes"] = append(plan["resource_changes"].(list), second)
		}, nil, ""},
		{"a deposed tenant", func(entry, c, plan object) {
			same(c)
			second := copied(t, entry)
			second["deposed"], second["change"].(object)["actions"], second["change"].(object)["after"] = "4a1f", list{"delete"}, nil
			plan["resource_changes"] = append(plan["resource_changes"].(list), second)
		}, []string{ruleOccupied}, ""},
		{"a data source", func(entry, _, _ object) { entry["mode"] = "data" }, nil, ""},
		{"deferred", func(entry, c, plan object) {
			plan["deferred_changes"] = list{object{"reason": "provider_config_unknown", "resource_change": copied(t, entry)}}
			plan["resource_changes"] = list{}
			plan["complete"] = false
		}, []string{ruleUnknown}, "provider_config_unknown"},
		{"a usage that is misspelt", func(_, c, plan object) {
			same(c)
			_, provider := resourceChange(t, plan, "google_iam_workforce_pool_provider.entra")
			provider["after"].(object)["scim_usage"] = "ENABLED"
		}, []string{ruleInput}, "scim_usage"},
		{"a vendor that contradicts the issuer", func(_, c, plan object) {
			same(c)
			_, provider := resourceChange(t, plan, "google_iam_workforce_pool_provider.entra")
			provider["after"].(object)["vendor_type"] = "OKTA"
		}, []string{ruleInput, "unproven"}, "contradicts"},
		{"an attribute mapping known after apply", func(_, c, plan object) {
			same(c)
			_, provider := resourceChange(t, plan, "google_iam_workforce_pool_provider.entra")
			provider["after_unknown"] = object{"attribute_mapping": object{"google.subject": true}}
		}, []string{"unproven"}, "known only after apply"},
		{"no attribute mapping", func(_, c, plan object) {
			same(c)
			_, provider := resourceChange(t, plan, "google_iam_workforce_pool_provider.entra")
			delete(provider["after"].(object), "attribute_mapping")
		}, []string{"unproven"}, "has no attribute_mapping"},
		{"no resources", func(_, _, plan object) { delete(plan, "resource_changes") }, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := edited(t, "immutable", func(plan object) {
				entry, change := resourceChange(t, plan, tenantAddress)
				tt.edit(entry, change, plan)
			})
			status, findings := findingsOf(t, text, "-plan", "-")
			var got, messages []string
			for _, f := range findings {
				if f.Level == levelError {
					if !slices.Contains(got, f.Rule) {
						got = append(got, f.Rule)
					}
					messages = append(messages, f.Message)
				}
			}
			slices.Sort(got)
			slices.Sort(tt.want)
			if diff := cmp.Diff(tt.want, got); diff != "" || (status == 1) != (tt.want != nil) || !strings.Contains(strings.Join(messages, "\n"), tt.text) {
				t.Errorf("status %d, want errors and %q; rules (-want +got):\n%s\n%s", status, tt.text, diff, strings.Join(messages, "\n"))
			}
		})
	}
}

// TestPlanOwners changes the real plan of modules: which provider a tenant has.
func TestPlanOwners(t *testing.T) {
	t.Parallel()
	const (
		module   = `module.unknownpool`
		tenant   = module + `.google_iam_workforce_pool_provider_scim_tenant.t[0]`
		provider = module + `.google_iam_workforce_pool_provider.p["entra-a"]`
	)
	moduleConfig := func(plan object) object {
		calls := plan["configuration"].(object)["root_module"].(object)["module_calls"].(object)
		return calls["unknownpool"].(object)["module"].(object)
	}
	references := func(t testing.TB, plan object, refs ...string) {
		t.Helper()
		for _, r := range moduleConfig(plan)["resources"].(list) {
			if r := r.(object); r["type"] == typeTenant {
				var list list
				for _, ref := range refs {
					list = append(list, ref)
				}
				r["expressions"].(object)["provider_id"] = object{"references": list}
			}
		}
	}
	second := func(t testing.TB, plan object) {
		t.Helper()
		entry, _ := resourceChange(t, plan, provider)
		other := copied(t, entry)
		other["address"], other["index"] = module+`.google_iam_workforce_pool_provider.p["entra-b"]`, "entra-b"
		after := other["change"].(object)["after"].(object)
		delete(after, "provider_id")
		after["attribute_mapping"] = object{"google.subject": "assertion.email"}
		delete(entry["change"].(object)["after"].(object), "provider_id")
		plan["resource_changes"] = append(plan["resource_changes"].(list), other)
		_, c := resourceChange(t, plan, tenant)
		delete(c["after"].(object), "provider_id")
	}
	tests := []struct {
		name string
		edit func(t testing.TB, plan object)
		want string // rule of the tenant
		text string
	}{
		{"as it was planned: the pool is known after apply", func(testing.TB, object) {}, "requires", "entra-external-id"},
		{"no configuration", func(_ testing.TB, plan object) { delete(plan, "configuration") }, "unproven", "refers to no provider"},
		{"a local value", func(t testing.TB, plan object) { references(t, plan, "local.provider") }, "unproven", "refers to no provider"},
		{"one of two providers, by its key", func(t testing.TB, plan object) { second(t, plan) }, "requires", "entra-external-id"},
		{"the other of two providers", func(t testing.TB, plan object) {
			second(t, plan)
			references(t, plan, `google_iam_workforce_pool_provider.p["entra-b"].provider_id`, `google_iam_workforce_pool_provider.p["entra-b"]`, `google_iam_workforce_pool_provider.p`)
		}, "inconsistent", "assertion.email"},
		{"all of two providers", func(t testing.TB, plan object) {
			second(t, plan)
			references(t, plan, "google_iam_workforce_pool_provider.p")
		}, "unproven", "refers to 2 providers"},
		{"the instance of the same key", func(t testing.TB, plan object) {
			second(t, plan)
			references(t, plan, "google_iam_workforce_pool_provider.p", "each.key")
			entry, _ := resourceChange(t, plan, tenant)
			entry["index"] = "entra-b"
		}, "inconsistent", "assertion.email"},
		{"through a variable of the module", func(t testing.TB, plan object) {
			entry, change := resourceChange(t, plan, "google_iam_workforce_pool_provider.saml")
			delete(change["after"].(object), "workforce_pool_id")
			delete(change["after"].(object), "provider_id")
			_ = entry
			references(t, plan, "var.provider")
			calls := plan["configuration"].(object)["root_module"].(object)["module_calls"].(object)
			calls["unknownpool"].(object)["expressions"].(object)["provider"] = object{"references": list{"google_iam_workforce_pool_provider.saml.provider_id", "google_iam_workforce_pool_provider.saml"}}
			_, c := resourceChange(t, plan, tenant)
			delete(c["after"].(object), "provider_id")
		}, "unproven", "assertion.subject"},
		{"through an output of a module", func(t testing.TB, plan object) {
			references(t, plan, "module.inner.provider", "module.inner")
			inner := object{"outputs": object{"provider": object{"expression": object{"references": list{"google_iam_workforce_pool_provider.x.provider_id", "google_iam_workforce_pool_provider.x"}}}}}
			moduleConfig(plan)["module_calls"] = object{"inner": object{"module": inner}}
			entry, _ := resourceChange(t, plan, provider)
			entry["address"] = module + ".module.inner.google_iam_workforce_pool_provider.x"
		}, "requires", "entra-external-id"},
		{"variables that refer to each other", func(t testing.TB, plan object) {
			references(t, plan, "module.inner.a")
			moduleConfig(plan)["module_calls"] = object{"inner": object{"expressions": object{"b": object{"references": list{"module.inner.a"}}},
				"module": object{"outputs": object{"a": object{"expression": object{"references": list{"var.b"}}}}}}}
		}, "unproven", "refers to no provider"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, findings := findingsOf(t, edited(t, "modules", func(plan object) { tt.edit(t, plan) }), "-plan", "-")
			found := false
			for _, f := range findings {
				if f.Name == tenant && f.Level != levelNote {
					found = true
					if f.Rule != tt.want || !strings.Contains(f.Message, tt.text) {
						t.Errorf("%s: %s, want %s with %q", f.Rule, f.Message, tt.want, tt.text)
					}
				}
			}
			if !found {
				t.Errorf("nothing was found about %s, want %s", tenant, tt.want)
			}
		})
	}
}

// TestPlanSAML takes the vendor of a SAML provider from its metadata.
func TestPlanSAML(t *testing.T) {
	t.Parallel()
	const tenant = "google_iam_workforce_pool_provider_scim_tenant.saml"
	tests := []struct {
		name, metadata, want string
	}{
		{"Okta", `<?xml version="1.0" encoding="UTF-16"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="http://www.okta.com/exk1"/>`, "requires"},
		{"Entra", `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sts.windows.net/T/"><IDPSSODescriptor/></EntityDescriptor>`, "unproven"},
		{"nothing known", `<EntityDescriptor/>`, "unproven"},
		{"no XML", `{`, "unproven"},
	}
	for _, tt := range tests {
		text := edited(t, "modules", func(plan object) {
			_, change := resourceChange(t, plan, "google_iam_workforce_pool_provider.saml")
			change["after"].(object)["saml"] = list{object{"idp_metadata_xml": tt.metadata}}
		})
		_, findings := findingsOf(t, text, "-plan", "-")
		var got []string
		for _, f := range findings {
			if f.Name == tenant && (f.Rule == "requires" || f.Rule == "unproven") && !slices.Contains(got, f.Rule) {
				got = append(got, f.Rule)
			}
		}
		if !slices.Equal(got, []string{tt.want}) {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
}

// TestSensitive shows that no output holds a value that Terraform calls sensitive.
func TestSensitive(t *testing.T) {
	t.Parallel()
	const secret = "user.nickNameOfTheBoss"
	text := edited(t, "modules", func(plan object) {
		for _, address := range []string{`module.sensitive.google_iam_workforce_pool_provider_scim_tenant.t[0]`, `module.good.google_iam_workforce_pool_provider_scim_tenant.t[0]`} {
			_, change := resourceChange(t, plan, address)
			change["after"].(object)["claim_mapping"].(object)["google.subject"] = secret
			change["after_sensitive"] = object{"claim_mapping": object{"google.subject": true}}
		}
		_, change := resourceChange(t, plan, `module.many["y"].google_iam_workforce_pool_provider.p["entra-a"]`)
		change["after"].(object)["attribute_mapping"] = object{"google.subject": "assertion." + secret}
		change["after_sensitive"] = object{"attribute_mapping": true}
	})
	for format := range writers {
		status, stdout, stderr := claimlint(t, text, "-format", format, "-")
		if status != 1 || strings.Contains(stdout+stderr, "nickNameOfTheBoss") {
			t.Errorf("claimlint -format %s = %d; the output holds the sensitive value:\n%s%s", format, status, stdout, stderr)
		}
	}
}
