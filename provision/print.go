package provision

import (
	"fmt"
	"strings"
)

// symbols are what stands before a step that changes something.
var symbols = map[Action]string{
	ActionCreate: "  +", ActionUpdate: "  ~", ActionUndelete: "  ^", ActionReplace: "-/+", ActionDelete: "  -",
}

// gentle is the symbol of a token's replacement: the old one goes last.
const gentle = "+/-"

func symbol(s Step) string {
	if s.Kind == KindToken && s.Action == ActionReplace {
		return gentle
	}
	return symbols[s.Action]
}

// legend says what the symbols mean, in the order in which they're listed.
var legend = []struct{ symbol, text string }{
	{symbols[ActionCreate], "create"}, {symbols[ActionUpdate], "update in place"}, {symbols[ActionUndelete], "undelete"},
	{gentle, "create replacement and then destroy"}, {symbols[ActionReplace], "destroy and then create replacement"}, {symbols[ActionDelete], "destroy"},
}

// drifted says what has undone a step.
func drifted(s Step) string {
	switch {
	case s.Reason == ReasonStale:
		return "the store's record is that of a tenant that is gone"
	case s.Kind == KindRole:
		return "the service agent has lost its role"
	}
	return s.Text
}

// String returns the plan in the manner of Terraform's: what has drifted, what is
// deferred, what is done now, and a summary. It holds no secret.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "SCIM provisioning of %s\n", p.Spec.Provider)
	p.section(&b, "Something else has undone what was done:", func(s Step) bool { return s.Drift && s.Status != StatusDone }, func(s Step) {
		fmt.Fprintf(&b, "  %-17s %s\n", s.Kind, drifted(s))
	})
	p.section(&b, "Blocked:", func(s Step) bool { return s.Status == StatusBlocked }, func(s Step) {
		fmt.Fprintf(&b, "  %-17s %s\n%s", s.Kind, s.Text, indented(s))
	})
	p.section(&b, "Can't be read:", func(s Step) bool { return s.Status == StatusUnknown }, func(s Step) {
		fmt.Fprintf(&b, "  %-17s %s\n%s", s.Kind, s.Text, indented(s))
	})
	p.section(&b, "Made, and not visible yet:", func(s Step) bool { return s.Status == StatusPending }, func(s Step) {
		fmt.Fprintf(&b, "  %-17s %s\n%s", s.Kind, s.Text, indented(s))
	})
	p.section(&b, "Deferred, until what it waits for is there:", func(s Step) bool { return s.Status == StatusDeferred }, func(s Step) {
		fmt.Fprintf(&b, "  %-17s %s\n", s.Kind, s.Text)
		fields(&b, s)
		b.WriteString(indented(s))
	})
	p.section(&b, "A person does this:", func(s Step) bool { return s.Status == StatusManual }, func(s Step) {
		fmt.Fprintf(&b, "  %-17s %s\n", s.Kind, s.Text)
		for _, i := range s.Instructions {
			b.WriteString("      " + i.String() + "\n")
		}
		b.WriteString(indented(s))
	})
	change := func(s Step) bool { return s.Status == StatusChange }
	if p.count(change) > 0 {
		b.WriteString("\nActions are indicated with these symbols:\n")
		for _, l := range legend {
			if p.count(func(s Step) bool { return change(s) && symbol(s) == l.symbol }) > 0 {
				fmt.Fprintf(&b, "%s %s\n", l.symbol, l.text)
			}
		}
	}
	p.section(&b, "Apply does this now:", change, func(s Step) {
		fmt.Fprintf(&b, "%s %-17s %s\n", symbol(s), s.Kind, s.Resource)
		fmt.Fprintf(&b, "      # %s\n", s.Text)
		fields(&b, s)
		for _, v := range s.Void {
			fmt.Fprintf(&b, "      ! %s\n", v)
		}
		b.WriteString(indented(s))
	})
	p.section(&b, "Warnings:", func(s Step) bool { return len(s.Warnings) > 0 }, func(s Step) {
		for _, w := range s.Warnings {
			fmt.Fprintf(&b, "  %-17s %s\n", s.Kind, w)
		}
	})
	b.WriteString("\n" + p.summary() + "\n")
	return b.String()
}

func (p *Plan) section(b *strings.Builder, title string, in func(Step) bool, write func(Step)) {
	if p.count(in) == 0 {
		return
	}
	b.WriteString("\n" + title + "\n")
	for _, s := range p.Steps {
		if in(s) {
			write(s)
		}
	}
}

func (p *Plan) count(in func(Step) bool) int {
	n := 0
	for _, s := range p.Steps {
		if in(s) {
			n++
		}
	}
	return n
}

// indented is what a step says besides its text.
func indented(s Step) string {
	var b strings.Builder
	if s.Remedy != "" {
		fmt.Fprintf(&b, "      → %s\n", s.Remedy)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&b, "      %s\n", n)
	}
	return b.String()
}

func fields(b *strings.Builder, s Step) {
	width := 0
	for _, f := range s.Fields {
		width = max(width, len(f.Name))
	}
	for _, f := range s.Fields {
		after := fmt.Sprintf("%q", f.After)
		if f.UnknownAfter {
			after = "(known after apply)"
		}
		if f.Before != "" {
			after = fmt.Sprintf("%q -> %s", f.Before, after)
		}
		if f.ForcesReplacement {
			after += " # forces replacement"
		}
		fmt.Fprintf(b, "      %-*s = %s\n", width, f.Name, after)
	}
}

// String returns the instruction on one line. It never holds the token.
func (i Instruction) String() string {
	text := i.Command
	if text == "" {
		value := i.Value
		if i.Secret {
			value = "(the stored token)"
		}
		text = i.Name + " = " + value
		if i.Where != "" {
			text = i.Where + ": " + text
		}
	}
	if i.Note != "" {
		text += " (" + strings.TrimSuffix(i.Note, ".") + ")"
	}
	return text
}

// summary is the plan's last line.
func (p *Plan) summary() string {
	by := func(action Action) int {
		return p.count(func(s Step) bool { return s.Status == StatusChange && s.Action == action })
	}
	if p.Done() {
		text := "No changes. The provider's mapping and usage, the tenant and its claim mapping, the token and its store, the service agent's role"
		if s := p.Step(KindAccess); s.Status == StatusDone {
			text += " and a request with the token"
		}
		return text + " were compared with the spec."
	}
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(by(ActionCreate), "to create")
	add(by(ActionUpdate), "to update")
	add(by(ActionUndelete), "to undelete")
	add(by(ActionReplace), "to replace")
	add(by(ActionDelete), "to delete")
	for _, x := range []struct {
		status Status
		what   string
	}{{StatusPending, "pending"}, {StatusDeferred, "deferred"}, {StatusManual, "for a person"}, {StatusUnknown, "unknown"}, {StatusBlocked, "blocked"}} {
		add(p.count(func(s Step) bool { return s.Status == x.status }), x.what)
	}
	text := "Plan: " + strings.Join(parts, ", ") + "."
	if len(p.Blocked()) > 0 {
		text += " Apply does nothing until nothing is blocked."
	}
	return text
}
