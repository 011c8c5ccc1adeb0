package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

const providerJSON = `{
  "attributeCondition": "true",
  "attributeMapping": {
    "google.groups": "assertion.groups",
    "google.subject": "assertion.oid"
  },
  "description": "d",
  "detailedAuditLogging": true,
  "disabled": true,
  "displayName": "x",
  "expireTime": "2026-12-30T10:00:00Z",
  "extraAttributesOauth2Client": {"attributesType": "AZURE_AD_GROUPS_ID", "clientId": "c", "issuerUri": "https://i", "clientSecret": {"value": {"thumbprint": "t"}}, "queryParameters": {"filter": "f"}},
  "name": "locations/global/workforcePools/acme-pool/providers/entra",
  "oidc": {
    "clientId": "c",
    "clientSecret": {"value": {"thumbprint": "t"}},
    "issuerUri": "https://login.microsoftonline.com/T/v2.0",
    "webSsoConfig": {"responseType": "CODE", "assertionClaimsBehavior": "MERGE_USER_INFO_OVER_ID_TOKEN_CLAIMS", "additionalScopes": ["groups"]}
  },
  "scimUsage": "ENABLED_FOR_GROUPS",
  "state": "ACTIVE"
}`

const tenantYAML = `baseUri: https://iamscim.googleapis.com/v1alpha1/tenants/abc
claimMapping:
  google.group: group.externalId
  google.subject: user.externalId
displayName: d
name: locations/global/workforcePools/acme-pool/providers/entra/scimTenants/tenant-a
serviceAgent: o-1-abc@gcp-sa-iamscim.iam.gserviceaccount.com
state: ACTIVE
`

const samlYAML = `attributeMapping:
  google.subject: assertion.attributes['http://schemas.microsoft.com/identity/claims/objectidentifier'][0]
name: locations/global/workforcePools/acme-pool/providers/entra
saml:
  idpMetadataXml: <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sts.windows.net/T/"/>
vendorType: ENTRA_ID
`

// TestResources reads what gcloud and the API print. Each is consistent once the
// object ID is confirmed.
func TestResources(t *testing.T) {
	t.Parallel()
	const flag = "google.subject=user.externalId,google.group=group.externalId"
	withTenant := strings.Replace(providerJSON, `"state": "ACTIVE"`, `"state": "ACTIVE", "scimTenant": {"claimMapping": {"google.subject": "user.externalId", "google.group": "group.externalId"}}`, 1)
	withFlag := strings.Replace(providerJSON, `"state": "ACTIVE"`, `"state": "ACTIVE", "scimTenant": {"claimMapping": "`+flag+`"}`, 1)
	tests := []struct {
		name, text string
		args       []string
	}{
		{"describe --format=json, and a flag", providerJSON, []string{"-claim-mapping", flag}},
		{"describe --format=yaml of a SAML provider, and a flag", samlYAML, []string{"-claim-mapping", flag}},
		{"list --format=json", "[" + providerJSON + "]", []string{"-claim-mapping", flag}},
		{"the reply of the API's list", `{"workforcePoolProviders": [` + providerJSON + `], "nextPageToken": "x"}`, []string{"-claim-mapping", flag}},
		{"a provider with its tenant", withTenant, nil},
		{"a provider with its tenant's flag", withFlag, nil},
		{"providers", "providers:\n- " + strings.ReplaceAll(strings.TrimSpace(samlYAML), "\n", "\n  ") + "\n  scimTenant: {claimMapping: '" + flag + "'}\n", nil},
		{"list --format=yaml, with the tenant as a document", samlYAML + "---\n" + tenantYAML, nil},
		{"a list of both", "[" + providerJSON + ", " + `{"name": "locations/global/workforcePools/acme-pool/providers/entra/scimTenants/t", "claimMapping": "` + flag + `", "purgeTime": "2026-12-30T10:00:00Z"}]`, nil},
		{"the tenants of the API's list", `[{"workforcePoolProviderScimTenants": [{"name": "locations/global/workforcePools/acme-pool/providers/entra/scimTenants/t", "claimMapping": {"google.subject": "user.externalId", "google.group": "group.externalId"}}]}, ` + providerJSON + `]`, nil},
		{"a flag with another delimiter", strings.Replace(withFlag, flag, "^;^google.subject=user.externalId;google.group=group.externalId", 1), nil},
		{"anchors", "m: &m {google.subject: assertion.oid}\nname: locations/global/workforcePools/p/providers/q\n", nil},
		{"surrogates of JSON", strings.Replace(withTenant, `"displayName": "x"`, `"displayName": "\ud83d\ude00"`, 1), nil},
		{"indented by tabs", strings.ReplaceAll(withTenant, "  ", "\t"), nil},
	}
	for _, tt := range tests {
		if tt.name == "anchors" {
			tt.text = "- &p\n  name: locations/global/workforcePools/p/providers/q\n  vendorType: ENTRA_ID\n  attributeMapping: {google.subject: assertion.oid}\n  scimTenant: {claimMapping: &m {google.subject: user.externalId, google.group: group.externalId}}\n- <<: *p\n  name: locations/global/workforcePools/r/providers/r\n  scimTenant: {claimMapping: *m}\n  attributeMapping: {google.subject: assertion.oid}\n  vendorType: ENTRA_ID\n"
		}
		for name, encode := range encodings {
			status, findings := findingsOf(t, encode(tt.text), append([]string{"-strict", "-confirm", "entra-external-id", "-file", "-"}, tt.args...)...)
			if status != 0 || len(findings) == 0 {
				t.Errorf("%s in %s: status %d, %v, want 0 and notes", tt.name, name, status, findings)
			}
		}
	}
}

// encodings are what shells and editors write.
var encodings = map[string]func(string) string{
	"UTF-8":                func(s string) string { return s },
	"UTF-8 with a mark":    func(s string) string { return "\xef\xbb\xbf" + s },
	"UTF-16LE with a mark": func(s string) string { return "\xff\xfe" + encode(s, binary.LittleEndian) },
	"UTF-16BE with a mark": func(s string) string { return "\xfe\xff" + encode(s, binary.BigEndian) },
	"UTF-16LE":             func(s string) string { return encode(s, binary.LittleEndian) },
	"UTF-16BE":             func(s string) string { return encode(s, binary.BigEndian) },
	"UTF-8 with CRLF":      func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"UTF-16LE, mark, CRLF": func(s string) string {
		return "\xff\xfe" + encode(strings.ReplaceAll(s, "\n", "\r\n"), binary.LittleEndian)
	},
	"UTF-8 with a blank end": func(s string) string { return s + "\n\n" },
}

func encode(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, unit)
	}
	return string(b)
}

// TestPlanEncodings reads a plan as PowerShell writes it.
func TestPlanEncodings(t *testing.T) {
	t.Parallel()
	text := readFile(t, "testdata/plans/immutable.json")
	for name, encode := range encodings {
		if status, findings := findingsOf(t, encode(text), "-plan", "-"); status != 1 || !strings.Contains(strings.Join(rulesFound(findings), " "), ruleImmutable) {
			t.Errorf("a plan in %s: status %d, %v", name, status, findings)
		}
	}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestMisspelled shows that what is misspelled is refused, all of it at once, with
// its line.
func TestMisspelled(t *testing.T) {
	t.Parallel()
	text := `- name: locations/global/workforcePools/p/providers/q
  vendorTyp: OKTA
  scimUsage: ENABLED_FOR_GROUP
  vendorType: ENTRA
  attributeMapping: {google.subject: assertion.sub, attribute.n: 5}
  oidc: {issuerURI: https://i}
  scimTenant:
    claimMappings: {}
    claimMapping: {google.subject: user.externalId}
- name: locations/global/workforcePools/p/providers/r
  scimUsage: true
  vendorType: okta
  saml: [1]
  scimTenant: {}
- name: locations/global/workforcePools/p/providers/s
  oidc: {issuerUri: https://login.microsoftonline.com/T/v2.0}
  saml: {}
  vendorType: OKTA
- 7
- {claimMapping: 5}
`
	status, stdout, stderr := claimlint(t, text, "-file", "-")
	var got []string
	for line := range strings.SplitSeq(strings.TrimSpace(stderr), "\n") {
		got = append(got, strings.TrimPrefix(line, "claimlint: "))
	}
	expected := []string{
		`standard input:2: a provider has no field "vendorTyp"`,
		`standard input:5: attributeMapping: attribute.n is no string`,
		`standard input:6: oidc has no field "issuerURI"`,
		`standard input:4: vendorType "ENTRA" is not one of the API's: ENTRA_ID, OKTA, PING_FEDERATE, ADFS, KEYCLOAK, FORGE_ROCK, JUMP_CLOUD, ONE_LOGIN, GENERIC`,
		`standard input:3: scimUsage: `,
		`standard input:8: a tenant has no field "claimMappings"`,
		`standard input:13: saml is no object`,
		`standard input:12: vendorType "okta" is not one of the API's: ENTRA_ID, OKTA, PING_FEDERATE, ADFS, KEYCLOAK, FORGE_ROCK, JUMP_CLOUD, ONE_LOGIN, GENERIC`,
		`standard input:11: scimUsage is no string`,
		`standard input:14: a tenant has no claimMapping`,
		`standard input:17: a provider has oidc or saml, not both`,
		`standard input:18: vendorType OKTA contradicts the issuer https://login.microsoftonline.com/T/v2.0`,
		`standard input:19: a provider, a tenant or a list of them is needed`,
		`standard input:20: claimMapping is neither an object nor a flag`,
	}
	for i := range got {
		if strings.HasPrefix(got[i], "standard input:3: scimUsage: ") {
			got[i] = "standard input:3: scimUsage: "
		}
	}
	if diff := cmp.Diff(expected, got); diff != "" || status != 2 || stdout != "" {
		t.Errorf("claimlint = %d, %q; problems (-want +got):\n%s", status, stdout, diff)
	}
}

// TestVendorFlag shows that -vendor counts only where nothing else tells it.
func TestVendorFlag(t *testing.T) {
	t.Parallel()
	const text = "vendorType: V\noidc: {issuerUri: 'I'}\nname: locations/global/workforcePools/p/providers/q\nattributeMapping: {google.subject: assertion.sub}\nscimTenant: {claimMapping: {google.subject: user.externalId, google.group: group.externalId}}\n"
	tests := []struct {
		name, vendorType, issuer string
		want                     []string
	}{
		{"nothing known", "VENDOR_TYPE_UNSPECIFIED", "https://sso.acme.example", []string{"requires"}},
		{"the issuer is known", "VENDOR_TYPE_UNSPECIFIED", "https://login.microsoftonline.com/T/v2.0", []string{"inconsistent"}},
		{"the type is known", "ENTRA_ID", "https://sso.acme.example", []string{"inconsistent"}},
	}
	for _, tt := range tests {
		_, findings := findingsOf(t, strings.NewReplacer("V\n", tt.vendorType+"\n", "'I'", tt.issuer).Replace(text), "-vendor", "okta", "-")
		if diff := cmp.Diff(tt.want, rulesFound(findings)); diff != "" {
			t.Errorf("%s: rules (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestLines shows that a finding stands at the line of its rule.
func TestLines(t *testing.T) {
	t.Parallel()
	const text = `# a comment
- name: locations/global/workforcePools/p/providers/q
  vendorType: ENTRA_ID
  attributeMapping: {google.subject: assertion.oid}
  scimTenant:
    claimMapping:
      google.group: group.id
      attribute.a: user.title
      google.subject: user.mail
      attribute.b: |
        user.title == ''
          ? user.titel : ''
`
	_, findings := findingsOf(t, text, "-file", "-")
	got := map[string]int{}
	for _, f := range findings {
		got[f.Key] = f.Line
	}
	if diff := cmp.Diff(map[string]int{"google.group": 7, "google.subject": 9, "attribute.b": 12}, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	_, findings = findingsOf(t, strings.ReplaceAll(`{"vendorType": "ENTRA_ID", "attributeMapping": {"google.subject": "assertion.email"},
 "scimTenant": {"claimMapping": {
  "google.group": "group.externalId",
  "google.subject": "user.externalId"}}}`, "\n", "\r\n"), "-file", "-")
	for _, f := range findings {
		if f.Rule == "inconsistent" && f.Line != 4 {
			t.Errorf("%v is in line %d, want 4, that of google.subject", f.Rule, f.Line)
		}
	}
}

// TestDirectory reads all files below a directory, matches them, and says what it
// skips.
func TestDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a/provider.JSON", providerJSON)
	write("b/c/tenant.yml", tenantYAML)
	write("plan.json", readFile(t, "testdata/plans/immutable.json"))
	write("package.json", `{"name": "left-pad"}`)
	write("notes.txt", "claimMapping: 5")
	write(".git/x.json", "{")
	status, stdout, stderr := claimlint(t, "", "-confirm", "entra-external-id", dir)
	if status != 1 || !strings.Contains(stdout, "2 checked: 1 errors") || !strings.Contains(stdout, "claim_mapping is changed in place") ||
		strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "skipped "+filepath.Join(dir, "package.json")) {
		t.Errorf("claimlint of a directory = %d\n%s%s", status, stdout, stderr)
	}
	status, stdout, _ = claimlint(t, "", "-strict", "-confirm", "entra-external-id", filepath.Join(dir, "b"), filepath.Join(dir, "a", "provider.JSON"))
	if status != 0 || !strings.Contains(stdout, "1 checked: 0 errors, 0 warnings") {
		t.Errorf("claimlint of a directory and a file = %d\n%s", status, stdout)
	}
	write("broken.yaml", "a: [")
	if status, _, stderr := claimlint(t, "", dir); status != 2 || !strings.Contains(stderr, "broken.yaml") {
		t.Errorf("claimlint of a directory with a broken file = %d, %s", status, stderr)
	}
}

// TestTwoTenantsInAPool: a pool has room for one.
func TestTwoTenantsInAPool(t *testing.T) {
	t.Parallel()
	const provider = "name: locations/global/workforcePools/p/providers/N\nvendorType: ENTRA_ID\nattributeMapping: {google.subject: assertion.oid}\nscimTenant: {claimMapping: {google.subject: user.externalId, google.group: group.externalId}}\n"
	two := strings.Replace(provider, "N", "a", 1) + "---\n" + strings.Replace(provider, "N", "b", 1)
	_, findings := findingsOf(t, two, "-confirm", "entra-external-id", "-")
	if diff := cmp.Diff([]string{ruleOccupied}, rulesFound(findings)); diff != "" {
		t.Errorf("two tenants of one pool: rules (-want +got):\n%s", diff)
	}
	_, findings = findingsOf(t, strings.Replace(two, "workforcePools/p/providers/b", "workforcePools/q/providers/b", 1), "-confirm", "entra-external-id", "-")
	if diff := cmp.Diff([]string{}, rulesFound(findings)); diff != "" {
		t.Errorf("two tenants of two pools: rules (-want +got):\n%s", diff)
	}
}

// TestProviderTwice: two providers of one name that differ are no provider.
func TestProviderTwice(t *testing.T) {
	t.Parallel()
	const provider = "name: locations/global/workforcePools/acme-pool/providers/entra\nvendorType: ENTRA_ID\nattributeMapping: {google.subject: assertion.C}\n---\n"
	oid, sub := strings.Replace(provider, "C", "oid", 1), strings.Replace(provider, "C", "sub", 1)
	for text, want := range map[string]string{oid + oid + tenantYAML: ruleRequires, oid + sub + tenantYAML: "unproven", sub + oid + tenantYAML: "unproven"} {
		_, findings := findingsOf(t, text, "-")
		if diff := cmp.Diff([]string{want}, rulesFound(findings)); diff != "" {
			t.Errorf("claimlint of\n%s: rules (-want +got):\n%s", text, diff)
		}
	}
}

// TestTenantWithoutProvider is never a pass by silence.
func TestTenantWithoutProvider(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"no provider": tenantYAML, "no name": "claimMapping: 'google.subject=user.externalId,google.group=group.externalId'", "no mapping of the provider": tenantYAML + "---\nname: locations/global/workforcePools/acme-pool/providers/entra\nvendorType: OKTA\n"} {
		status, findings := findingsOf(t, text, "-")
		if diff := cmp.Diff([]string{"unproven"}, rulesFound(findings)); diff != "" || status != 1 {
			t.Errorf("%s: status %d, rules (-want +got):\n%s", name, status, diff)
		}
	}
}
