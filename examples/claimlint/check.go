package main

import (
	"errors"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// pair is one claim mapping to check, with what is known of its provider.
type pair struct {
	Name string // of the resource, or "" for the flags
	Line int    // in the file, 0 if not known
	file string // where it stands; "" for the flags

	flag  string            // the mapping as a flag, or
	rules map[string]string // as rules

	// unknown says why the mapping cannot be read, as in a plan.
	unknown string

	provider  map[string]string // attribute mapping; nil if not known
	providers string            // why not
	vendor    claimmap.Vendor
	usage     iamscim.SCIMUsage // "" for that of the flags
}

type level string

// The levels, in the words of SARIF.
const (
	levelError   level = "error"
	levelWarning level = "warning"
	levelNote    level = "note"
)

// finding is one thing that is wrong with a pair, or worth knowing.
type finding struct {
	Name    string `json:"name,omitempty"`
	Line    int    `json:"line,omitempty"` // in the file
	Level   level  `json:"level"`
	Rule    string `json:"rule"` // the class of the issue, or the verdict
	Key     string `json:"key,omitempty"`
	Column  int    `json:"column,omitempty"` // in the expression
	Message string `json:"message"`          // several lines, with a caret
}

// The rules besides the classes of package claimmap.
const (
	ruleUnknown  = "unknown"
	ruleRequires = "requires"
)

func (o *options) check(c pair) []finding {
	var found []finding
	add := func(l level, rule, message string) {
		found = append(found, finding{Name: c.Name, Line: c.Line, Level: l, Rule: rule, Message: message})
	}
	if c.unknown != "" {
		add(levelError, ruleUnknown, c.unknown)
		return found
	}
	m, err := c.mapping()
	if err == nil {
		err = m.Validate(c.usageOr(o.usage))
	}
	if err != nil {
		var invalid *claimmap.Error
		if !errors.As(err, &invalid) {
			add(levelError, ruleUnknown, err.Error())
			return found
		}
		for _, issue := range invalid.Issues {
			found = append(found, c.finding(levelError, issue))
		}
		return found
	}
	for _, issue := range m.Lint(c.usageOr(o.usage)) {
		found = append(found, c.finding(levelWarning, issue))
	}
	unproven := levelError
	if o.allowUnproven {
		unproven = levelWarning
	}
	if c.provider == nil {
		add(unproven, string(claimmap.Unproven), "the tenant's google.subject was compared with nothing: "+c.providers)
		return found
	}
	vendor := o.vendor
	if vendor == "" {
		vendor = c.vendor
	}
	verdict := claimmap.Compare(c.provider, m, claimmap.CompareOptions{Vendor: vendor})
	switch verdict.Result {
	case claimmap.Inconsistent, claimmap.Invalid:
		add(levelError, string(verdict.Result), verdict.String())
	case claimmap.Unproven:
		add(unproven, string(verdict.Result), verdict.String())
	}
	for _, setting := range verdict.Requires {
		add(levelNote, ruleRequires, "the identity provider must be set up so: "+setting.String())
	}
	return found
}

func (c pair) mapping() (claimmap.Mapping, error) {
	if c.flag != "" {
		return claimmap.Parse(c.flag)
	}
	return claimmap.New(c.rules)
}

func (c pair) usageOr(fallback iamscim.SCIMUsage) iamscim.SCIMUsage {
	if c.usage.Enabled() {
		return c.usage
	}
	return fallback
}

func (c pair) finding(l level, issue claimmap.Issue) finding {
	return finding{Name: c.Name, Line: c.Line, Level: l, Rule: string(issue.Class), Key: issue.Key, Column: issue.Column, Message: issue.String()}
}
