package provision_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/provision"
)

// TestDoctorPage: docs/doctor.md is what the table of codes says.
func TestDoctorPage(t *testing.T) {
	t.Parallel()
	const path = "../docs/doctor.md"
	page := provision.DoctorPageForTest()
	if *update {
		if err := os.MkdirAll("../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), page); diff != "" {
		t.Errorf("%s (-file +table): run go test ./provision -run TestDoctorPage -update\n%s", path, diff)
	}
}

// TestCodes: codes are unique and in order, and each is the finding of a scene.
func TestCodes(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^SCIM[1-4]\d\d$`)
	played := map[provision.Code]bool{}
	for _, a := range ailments {
		for _, c := range a.want() {
			played[c] = true
		}
	}
	all := provision.Codes()
	for i, c := range all {
		switch {
		case !form.MatchString(string(c)):
			t.Errorf("%s: want SCIM and a number", c)
		case i > 0 && c <= all[i-1]:
			t.Errorf("%s comes after %s", c, all[i-1])
		case !played[c]:
			t.Errorf("no scene has %s: %s", c, c.Title())
		case c.Title() == "" || strings.HasSuffix(c.Title(), ".") || !slices.Contains(provision.Severities(), c.Severity()):
			t.Errorf("%s has the title %q and the severity %q", c, c.Title(), c.Severity())
		}
		delete(played, c)
	}
	for c := range played {
		t.Errorf("a scene has %s, which is no code", c)
	}
	if c := provision.Code("SCIM999"); c.Title() != "" || c.Severity() != "" {
		t.Errorf("%s has the title %q and the severity %q, want none", c, c.Title(), c.Severity())
	}
}

// entries are those of Google's troubleshooting page, in its order
// (https://docs.cloud.google.com/iam/docs/troubleshooting-workforce-identity-federation, November 2026).
var entries = []string{
	"General attribute mapping errors", "Permission denied", "INVALID_ARGUMENT: Missing OIDC web single sign-on config", "Rate limit exceeded, please try again later",

	"The given credential is rejected by the attribute condition", "The mapped attribute must be of type STRING", "Could not obtain a value for google.subject from the given credential",
	"Size of mapped attributes exceeds the limit", "Count of groups exceeds the limit", "400. That's an error", "Login fails when extra attributes are configured",
	"Groups from SAML or OIDC assertion are ignored", "Error connecting to the given credential's issuer", "Failed to verify the signature in SAMLResponse",
	"Recipient in SAML assertion is not set to the correct ACS URL", "SAMLResponse destination does not match RP callback URL", "Invalid assertion: missing or empty NameID",
	"All AudienceRestrictions should contain the SAML RP entity ID",

	"SCIM tenant couldn't be found", "SCIM user not found or inactive", "CEL evaluation or claim mapping error", "Mapped attribute size limits exceeded",

	"SCIM token authentication failure (HTTP 401 or 403)", "Rate limit exceeded (HTTP 429 Too Many Requests)", "SCIM tenant creation fails", "SCIM token creation fails",
	"Duplicate attribute mapping conflict (HTTP 409 Conflict)", "Microsoft Entra ID PATCH requests fail", "User or group-based access or sharing not working",
	"Changes made in the IdP are delayed or not reflecting", "User provisioning fails due to email format", "Group updates fail (HTTP PUT not supported)",
	"Provider update fails with mutually exclusive configurations",

	"Cloud OAuth API token exchange errors", "Cloud OAuth user info and groups errors",
}

// TestTroubleshooting: docs/troubleshooting.md has each entry, with a code that
// exists, with explain, or with the reason why it's not the doctor's. Entries about
// SCIM all have a code.
func TestTroubleshooting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	page := provision.DoctorPageForTest()
	link := regexp.MustCompile(`\[(SCIM\d+)\]\(doctor\.md#(scim\d+)\)`)
	var got []string
	for _, row := range regexp.MustCompile(`(?m)^\| (.*) \| (.*) \|$`).FindAllStringSubmatch(string(text), -1) {
		entry, answer := row[1], row[2]
		if entry == "entry" || entry == "---" {
			continue
		}
		got = append(got, entry)
		codes := link.FindAllStringSubmatch(answer, -1)
		for _, c := range codes {
			if provision.Code(c[1]).Title() == "" || strings.ToLower(c[1]) != c[2] || !strings.Contains(page, "\n### "+c[1]+"\n") {
				t.Errorf("%s: %s is no code of docs/doctor.md", entry, c[0])
			}
		}
		if len(codes) == 0 && (strings.Contains(entry, "SCIM") || !strings.Contains(answer, "Not the doctor's: ") && !strings.Contains(answer, "`explain")) {
			t.Errorf("%s: %q has no code, no explain and no reason", entry, answer)
		}
	}
	if diff := cmp.Diff(entries, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}
