package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
)

// The part of SARIF 2.1.0 that code scanning reads, with what it asks for
// (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string      `json:"id"`
		Name             string      `json:"name"`
		ShortDescription sarifText   `json:"shortDescription"`
		FullDescription  sarifText   `json:"fullDescription"`
		Help             sarifHelp   `json:"help"`
		HelpURI          string      `json:"helpUri"`
		Default          sarifConfig `json:"defaultConfiguration"`
	}
	sarifConfig struct {
		Level level `json:"level"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        level             `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
	}
)

const project = "https://github.com/iamscim/iamscim"

func writeSARIF(w io.Writer, _ int, findings []finding) error {
	driver := sarifDriver{Name: "claimlint", InformationURI: project, Rules: []sarifRule{}}
	for _, r := range rules {
		driver.Rules = append(driver.Rules, sarifRule{
			ID: sarifID(r.id), Name: sarifID(r.id), ShortDescription: sarifText{r.short}, FullDescription: sarifText{r.full},
			Help: sarifHelp{r.full + " " + r.help, r.full + "\n\n" + r.help}, HelpURI: project, Default: sarifConfig{r.level},
		})
	}
	results := []sarifResult{}
	for _, f := range findings {
		location := sarifLocation{Physical: sarifPhysical{sarifArtifact{artifactURI(f.File)}, sarifRegion{max(f.Line, 1)}}}
		if f.Name != "" {
			location.Logical = []sarifLogical{{printable(f.Name)}}
		}
		sum := sha256.Sum256([]byte(f.Rule + "\x00" + f.Name + "\x00" + f.Key + "\x00" + f.Message))
		results = append(results, sarifResult{
			RuleID: sarifID(f.Rule), RuleIndex: slices.IndexFunc(rules, func(r rule) bool { return r.id == f.Rule }), Level: f.Level,
			Message: sarifText{printable(f.Message)}, Locations: []sarifLocation{location}, Fingerprints: map[string]string{"claimlint/v1": hex.EncodeToString(sum[:16])},
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{sarifTool{driver}, results}},
	})
}

func sarifID(rule string) string { return strings.ReplaceAll(rule, " ", "-") }

// artifactURI is the file as a URI (RFC 3986). Code scanning refuses a result
// without one, so standard input and the flags have names too.
func artifactURI(file string) string {
	switch file {
	case "":
		return "command-line"
	case "-":
		return "standard-input"
	}
	path := filepath.ToSlash(filepath.Clean(file))
	if filepath.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(path, "/")}).String()
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
	}
	return strings.Join(segments, "/")
}

// rule describes a rule to code scanning.
type rule struct {
	id                string
	level             level
	short, full, help string
}

const seePackage = "See https://pkg.go.dev/github.com/iamscim/iamscim/claimmap."

// rules are all there are: a test produces each.
var rules = []rule{
	{"syntax", levelError, "The mapping cannot be read", "The flag or an expression of the claim mapping is no CEL.", seePackage},
	{"unknown key", levelError, "No key of a claim mapping", "The claim mapping has a key that Google doesn't document for claim mappings.", "Use google.subject, google.group, google.display_name, google.profile_photo, google.email, google.posix_username or attribute.KEY."},
	{"duplicate key", levelError, "A key is mapped twice", "The flag maps one key twice, and gcloud silently takes the second.", "Remove one."},
	{"missing key", levelError, "google.subject or google.group is missing", "Both are required, and a claim mapping cannot be changed later.", "Map both."},
	{"unsupported", levelError, "The key doesn't take the expression", "The expression is CEL, and not what Google supports for this key.", "Use one of the expressions that the message lists."},
	{"type", levelError, "The types don't fit", "The expression fails for everybody, or yields no string.", seePackage},
	{"limit", levelError, "Too long, too deep or too many", "The mapping exceeds a documented limit.", seePackage},
	{"ignored", levelWarning, "The rule is not evaluated", "The provider's SCIM usage ignores this rule.", "Remove the rule, or use ENABLED_FOR_USERS_GROUPS."},
	{"undocumented", levelWarning, "Not on every page", "Only newer pages of Google's, or pages about something else, allow the expression; the service may refuse it.", "Use a documented expression."},
	{"contradiction", levelWarning, "Google's pages disagree whether this is supported", "One sentence of Google's pages allows the expression and another doesn't; the service may refuse it.", "Use an expression that all pages allow."},
	{"advice", levelNote, "Google's pages give opposite advice", "One page of Google's advises this and another advises against it.", "Read both pages, which the message names."},
	{"connector", levelNote, "Some connectors don't work with this", "Some connectors of Gemini Enterprise need other values of Microsoft Entra ID.", "If such a connector is used, map assertion.upn or assertion.email, and group object IDs."},
	{"risk", levelNote, "The value can come to name somebody else", "Addresses, user names and group names change, and can be given to others.", "Delete the user before the value is used again."},
	{"inconsistent", levelError, "Provider and tenant name different identities", "google.subject of the provider and of the tenant differ for some person, who then is in no group.", "Use the pair that the message suggests."},
	{"unproven", levelError, "Nothing shows that provider and tenant agree", "No page relates google.subject of the provider to that of the tenant, or the provider isn't known.", "Use the pair that the message suggests, or check by hand and give -allow-unproven."},
	{"invalid", levelError, "The provider's google.subject cannot work", "CEL or a documented rule rejects google.subject for every assertion: nobody can sign in.", "Correct the provider's attribute mapping."},
	{ruleRequires, levelWarning, "A setting of the identity provider must be checked", "The mappings agree only if the identity provider is set up as the message says.", "Check the setting, then give -confirm with its name."},
	{ruleUnknown, levelError, "The mapping is known only after apply", "The claim mapping is known only after apply, and immutable then.", "Make it depend on nothing that apply makes."},
	{ruleImmutable, levelError, "A claim mapping is changed in place", "A claim mapping is immutable: Terraform plans the change, and apply fails.", "Keep the mapping, or replace the tenant."},
	{ruleReplacement, levelError, "A replacement of a tenant fails", "A pool has room for one tenant, and one that is deleted softly keeps its pool for 30 days.", "Set hard_delete = true and apply that before the replacement."},
	{ruleOccupied, levelError, "Two tenants in one pool", "A workforce pool has room for one SCIM tenant.", "Keep one tenant for each pool."},
	{ruleInput, levelError, "The input has a wrong value", "A value of the provider is none of the API's.", "Correct the value."},
}
