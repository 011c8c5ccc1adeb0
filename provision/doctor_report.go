package provision

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim/internal/visible"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimtenant"
)

// Severity says how much a finding matters.
type Severity string

// The severities, the gravest first.
const (
	SeverityError   Severity = doctor.Error   // it doesn't work
	SeverityWarning Severity = doctor.Warning // it will not work for some people, or not for long, or nobody can tell
	SeverityInfo    Severity = doctor.Info    // worth knowing
)

// Severities are all of them, the gravest first.
func Severities() []Severity { return []Severity{SeverityError, SeverityWarning, SeverityInfo} }

// AtLeast reports whether s is as grave as least. A severity that isn't one is
// less grave than all.
func (s Severity) AtLeast(least Severity) bool {
	i := slices.Index(Severities(), s)
	return i >= 0 && i <= slices.Index(Severities(), least)
}

// Code is the stable code of a kind of finding: SCIM1xx is the control plane,
// SCIM2xx the directory, SCIM3xx the identity provider, and SCIM4xx what the
// provider takes from SCIM. docs/doctor.md has a page for each. A code is never
// used again for something else.
type Code string

// Codes returns all codes, in order.
func Codes() []Code {
	all := make([]Code, len(doctor.Table))
	for i, row := range doctor.Table {
		all[i] = Code(row.Code)
	}
	return all
}

// Title returns the title of the code, "" if there is no such code.
func (c Code) Title() string { return c.row().Title }

// Severity returns the severity of findings with the code, "" if there is no such
// code.
func (c Code) Severity() Severity { return Severity(c.row().Severity) }

// Page returns what docs/doctor.md says about the code, in Markdown, "" if there is
// no such code.
func (c Code) Page() string {
	r := c.row()
	if r.Code == "" {
		return ""
	}
	return fmt.Sprintf("**%s.** Severity: %s.\n\n- What follows: %s\n- What the doctor saw: %s\n- What to do: %s\n", r.Title, r.Severity, r.Means, r.Look, r.Mend)
}

func (c Code) row() doctor.Row {
	if i := slices.IndexFunc(doctor.Table, func(r doctor.Row) bool { return r.Code == string(c) }); i >= 0 {
		return doctor.Table[i]
	}
	return doctor.Row{}
}

// Finding is one thing that is wrong, or worth knowing. It holds no secret.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`

	// Resource is what the finding is about: the full name of a resource, an
	// organization, a base URI, the identity provider, or a person.
	Resource string `json:"resource"`

	// Evidence is what was seen, on one line.
	Evidence string `json:"evidence"`

	// Next is the next command to run, or the step in a console.
	Next string `json:"next"`
}

// reportVersion is the version of a report's JSON.
const reportVersion = 1

// Report is what the doctor found. It can be stored as JSON. It holds no secret.
type Report struct {
	Version  int           `json:"version"`
	Time     time.Time     `json:"time"`
	Provider provider.Name `json:"provider"`

	// Organization is the number of the pool's organization, and Tenant the
	// tenant of the pool. Both are zero if they aren't known.
	Organization string          `json:"organization,omitempty"`
	Tenant       scimtenant.Name `json:"tenant,omitzero"`

	// Findings are sorted by severity, the gravest first, and by code.
	Findings []Finding `json:"findings"`

	// NotSearched says what the doctor couldn't look at, and why.
	NotSearched []string `json:"notSearched"`

	// Suppressed is the number of findings that the request suppresses.
	Suppressed int `json:"suppressed"`
}

// UnmarshalJSON reads a report of this version of the package.
func (r *Report) UnmarshalJSON(text []byte) error {
	type plain Report
	var in plain
	if err := json.Unmarshal(text, &in); err != nil {
		return fmt.Errorf("provision: report: %w", err)
	}
	if in.Version != reportVersion {
		return fmt.Errorf("provision: report: it has version %d, and this program knows version %d", in.Version, reportVersion)
	}
	*r = Report(in)
	return nil
}

// MarshalJSON writes the report with the numbers of findings by severity, and lists
// without elements as [].
func (r *Report) MarshalJSON() ([]byte, error) {
	type plain Report
	out := struct {
		plain
		Counts map[Severity]int `json:"counts"`
	}{plain(*r), map[Severity]int{}}
	for _, s := range Severities() {
		out.Counts[s] = r.Count(s)
	}
	if out.Findings == nil {
		out.Findings = []Finding{}
	}
	if out.NotSearched == nil {
		out.NotSearched = []string{}
	}
	return json.Marshal(out)
}

// Count returns the number of findings of a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Healthy reports that there is no error and no warning. What wasn't searched may
// be wrong all the same.
func (r *Report) Healthy() bool {
	return r.Count(SeverityError) == 0 && r.Count(SeverityWarning) == 0
}

// Has reports whether there is a finding with the code.
func (r *Report) Has(code Code) bool {
	for _, f := range r.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// Summary returns the numbers of findings on one line.
func (r *Report) Summary() string {
	var parts []string
	for _, s := range Severities() {
		if n := r.Count(s); n > 0 {
			parts = append(parts, counted(n, string(s)))
		}
	}
	text := "no findings"
	if len(parts) > 0 {
		text = strings.Join(parts, ", ")
	}
	if r.Suppressed > 0 {
		text += fmt.Sprintf(", %d suppressed", r.Suppressed)
	}
	return text
}

// counted is a number of things. What doesn't count is left as it is.
func counted(n int, thing string) string {
	if n == 1 || thing == string(SeverityInfo) {
		return fmt.Sprintf("%d %s", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// String returns the report for people. It holds no secret.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "SCIM provisioning of %s\n", r.Provider)
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%-7s  %s  %s\n", f.Severity, f.Code, f.Code.Title())
		fmt.Fprintf(&b, "         %s\n         %s\n", visible.Text(f.Resource), visible.Text(f.Evidence))
		if f.Next != "" {
			fmt.Fprintf(&b, "         → %s\n", visible.Text(f.Next))
		}
	}
	if len(r.NotSearched) > 0 {
		b.WriteString("\nNot searched:\n")
		for _, text := range r.NotSearched {
			fmt.Fprintf(&b, "  %s\n", visible.Text(text))
		}
	}
	summary := r.Summary()
	fmt.Fprintf(&b, "\n%s%s.", strings.ToUpper(summary[:1]), summary[1:])
	if len(r.Findings) > 0 {
		b.WriteString(" docs/doctor.md has a page for each code.")
	}
	b.WriteString("\n")
	return b.String()
}
