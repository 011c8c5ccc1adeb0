package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// writeText prints the findings by pair, errors first as they were found.
func writeText(w io.Writer, cases []pair, findings []finding) error {
	counts := map[level]int{}
	for _, f := range findings {
		counts[f.Level]++
	}
	name := ""
	for i, f := range findings {
		if i == 0 || f.Name != name {
			name = f.Name
			if name != "" {
				fmt.Fprintln(w, name+":")
			}
		}
		fmt.Fprintf(w, "  %s: %s\n", f.Level, strings.ReplaceAll(f.Message, "\n", "\n  "))
	}
	_, err := fmt.Fprintf(w, "%d checked: %d errors, %d warnings\n", len(cases), counts[levelError], counts[levelWarning])
	return err
}

func writeJSON(w io.Writer, cases []pair, findings []finding) error {
	if findings == nil {
		findings = []finding{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Checked  int       `json:"checked"`
		Findings []finding `json:"findings"`
	}{len(cases), findings})
}

// The part of SARIF 2.1.0 that code scanning reads
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
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
		ID string `json:"id"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     level           `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
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

func writeSARIF(w io.Writer, cases []pair, findings []finding) error {
	files := map[string]string{}
	for _, c := range cases {
		files[c.Name] = c.file
	}
	rules := map[string]bool{}
	results := []sarifResult{}
	for _, f := range findings {
		id := strings.ReplaceAll(f.Rule, " ", "-")
		rules[id] = true
		location := sarifLocation{}
		if file := files[f.Name]; file != "" {
			location.Physical = &sarifPhysical{sarifArtifact{file}, sarifRegion{max(f.Line, 1)}}
		}
		if f.Name != "" {
			location.Logical = []sarifLogical{{f.Name}}
		}
		results = append(results, sarifResult{id, f.Level, sarifText{f.Message}, []sarifLocation{location}})
	}
	driver := sarifDriver{Name: "claimlint", InformationURI: "https://github.com/iamscim/iamscim", Rules: []sarifRule{}}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		driver.Rules = append(driver.Rules, sarifRule{id})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{sarifTool{driver}, results}},
	})
}
