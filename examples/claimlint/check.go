package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// pair is one claim mapping to check, with what is known of its provider.
type pair struct {
	Name string // of the resource, or "" for the flags
	Line int    // in the file
	file string // where it stands; "" for the flags

	flag  string            // the mapping as a flag, or
	rules map[string]string // as rules
	lines map[string]int    // of the rules

	unknown   bool // the mapping is known only after apply
	sensitive bool // the mapping must not be printed

	provider  *provider // nil if not known
	providers string    // why not, or why it has no mapping

	found []finding // by the reader
}

type level string

// The levels, in the words of SARIF.
const (
	levelError   level = "error"
	levelWarning level = "warning"
	levelNote    level = "note"
)

var levels = []level{levelError, levelWarning, levelNote} // as they are printed

// finding is one thing that is wrong with a pair, or worth knowing.
type finding struct {
	Name    string `json:"name,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"` // in the file
	Level   level  `json:"level"`
	Rule    string `json:"rule"` // a class of package claimmap, a result, or one of the rules below
	Key     string `json:"key,omitempty"`
	Column  int    `json:"column,omitempty"` // in the expression
	Message string `json:"message"`          // several lines, with a caret
}

// The rules besides the classes and results of package claimmap.
const (
	ruleUnknown     = "unknown"
	ruleRequires    = "requires"
	ruleImmutable   = "immutable"
	ruleReplacement = "replacement"
	ruleOccupied    = "pool-occupied"
	ruleInput       = "input"
)

func (c *pair) add(l level, rule, message string) {
	c.found = append(c.found, finding{Level: l, Rule: rule, Message: message})
}

// check returns what there is to say about a pair.
func (o *options) check(c pair) []finding {
	if !slices.ContainsFunc(c.found, func(f finding) bool { return f.Rule == ruleUnknown }) {
		o.mapping(&c)
	}
	slices.SortStableFunc(c.found, func(a, b finding) int { return slices.Index(levels, a.Level) - slices.Index(levels, b.Level) })
	for i := range c.found {
		f := &c.found[i]
		f.Name, f.File = c.Name, c.file
		if f.Line == 0 && c.file != "" {
			f.Line = max(c.Line, 1)
		}
	}
	return c.found
}

// mapping checks the mapping by itself and against the provider.
func (o *options) mapping(c *pair) {
	usage := o.usage
	if c.provider != nil && c.provider.usage.Enabled() {
		usage = c.provider.usage
	}
	m, err := c.parse()
	switch {
	case c.unknown:
		c.add(levelError, ruleUnknown, "claim_mapping is known only after apply, in whole or in part, and immutable then: nothing can check it")
		return
	case err == nil:
		err = m.Validate(usage)
	}
	if err != nil {
		invalid, ok := errors.AsType[*claimmap.Error](err)
		if !ok {
			c.add(levelError, ruleInput, err.Error())
			return
		}
		for _, issue := range invalid.Issues {
			c.issue(levelError, issue)
		}
		return
	}
	vendor := o.vendorOf(c)
	for _, issue := range m.Lint(usage) {
		if vendor == "" || vendor == claimmap.EntraID || issue.Class != claimmap.ClassAdvice && issue.Class != claimmap.ClassConnector {
			c.issue(lintLevel(issue.Class), issue) // advice and connectors are about Entra ID
		}
	}
	o.compare(c, m, vendor)
}

// vendorOf is the vendor of the provider. The flag counts where nothing tells it.
func (o *options) vendorOf(c *pair) claimmap.Vendor {
	if c.provider != nil && (c.provider.vendor != "" || c.provider.issuer) {
		return c.provider.vendor
	}
	return o.vendor
}

// lintLevel is the level of a class of Lint. What no other mapping is better at is
// a note.
func lintLevel(class claimmap.Class) level {
	switch class {
	case claimmap.ClassRisk, claimmap.ClassAdvice, claimmap.ClassConnector:
		return levelNote
	}
	return levelWarning
}

func (o *options) compare(c *pair, m claimmap.Mapping, vendor claimmap.Vendor) {
	unproven := levelError
	if o.allowUnproven {
		unproven = levelWarning
	}
	line := c.lines["google.subject"]
	add := func(l level, rule, message string) {
		c.found = append(c.found, finding{Line: line, Level: l, Rule: rule, Key: "google.subject", Message: message})
	}
	if c.provider == nil || c.provider.mapping == nil {
		add(unproven, string(claimmap.Unproven), "google.subject of the tenant was compared with nothing: "+c.providers)
		return
	}
	verdict := claimmap.Compare(c.provider.mapping, m, claimmap.CompareOptions{Vendor: vendor, Protocol: c.provider.protocol})
	text := verdict.String()
	if c.sensitive || c.provider.sensitive {
		text = string(verdict.Result) + ": the reason would show a sensitive value"
	}
	switch verdict.Result {
	case claimmap.Inconsistent, claimmap.Invalid:
		add(levelError, string(verdict.Result), text)
	case claimmap.Unproven:
		add(unproven, string(verdict.Result), text)
	}
	for _, setting := range verdict.Requires {
		if !slices.Contains(o.confirmed, setting.ID) {
			add(levelWarning, ruleRequires, "check in the identity provider, then confirm with -confirm "+setting.ID+": "+strings.TrimPrefix(setting.String(), setting.ID+": ")+" ("+setting.Reference+")")
		}
	}
}

func (c *pair) parse() (claimmap.Mapping, error) {
	if c.flag != "" {
		return claimmap.Parse(strings.TrimPrefix(c.flag, "\ufeff"))
	}
	return claimmap.New(c.rules)
}

// issue adds an issue, at the line of its rule. A sensitive expression isn't shown.
func (c *pair) issue(l level, issue claimmap.Issue) {
	f := finding{Level: l, Rule: string(issue.Class), Key: issue.Key, Column: issue.Column, Message: issue.String()}
	if line := c.lines[issue.Key]; line > 0 {
		f.Line = line + max(issue.Line-1, 0)
	}
	if c.sensitive {
		f.Message = cmp.Or(issue.Key, "the mapping") + ": " + string(issue.Class) + "; the expression is sensitive and not shown"
	}
	c.found = append(c.found, f)
}

func vendorTypes() string {
	var all []string
	for _, v := range []iamscim.Vendor{iamscim.VendorEntraID, iamscim.VendorOkta, iamscim.VendorPingFederate, iamscim.VendorADFS, iamscim.VendorKeycloak, iamscim.VendorForgeRock, iamscim.VendorJumpCloud, iamscim.VendorOneLogin, iamscim.VendorGeneric} {
		all = append(all, string(v))
	}
	return strings.Join(all, ", ")
}
