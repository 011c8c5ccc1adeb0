package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/iamscim/iamscim/internal/visible"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// Text writes the findings as they come, and a summary at the end.
func Text(w io.Writer) Handler {
	p := &printer{w: w}
	return func(m audit.Message) error {
		switch {
		case m.Config != nil:
			c := m.Config
			p.printf("Tenant %s, %s\n", visible.Text(c.TenantUID), visible.Text(c.ClaimMapping))
			p.printf("Roster: %s\n", counts(c.Roster))
			if c.Sample != nil {
				p.printf("Sample: %s users, seed %d\n", number(c.Sample.Users), c.Sample.Seed)
			}
			for _, waived := range c.Waived {
				p.printf("Allowed by hand: %s\n", visible.Text(waived))
			}
			p.printf("\n")
		case m.Finding != nil:
			f := m.Finding
			p.printf("%-7s  %-23s  %-24s  %s\n", f.Severity, f.Code, visible.Text(who(*f)), visible.Text(what(*f)))
		case m.Result != nil:
			summary(p, m.Result)
		case m.Failure != nil:
			p.printf("\nThe audit ended early: %s\n", visible.Text(m.Failure.Error))
			if m.Failure.Checkpoint != "" {
				p.printf("Resume it from %s.\n", visible.Text(m.Failure.Checkpoint))
			}
		}
		return p.err
	}
}

// summary writes the table of findings and what was proved.
func summary(p *printer, r *audit.Result) {
	rows := kinds(r)
	if len(rows) > 0 {
		p.printf("\n")
		t := tabwriter.NewWriter(p.w, 0, 0, 3, ' ', 0)
		fmt.Fprintln(t, "FINDING\tCODE\tNUMBER")
		for _, k := range rows {
			fmt.Fprintf(t, "%s\t%s\t%s\n", k.Title, k.Code, number(k.Number))
		}
		if err := t.Flush(); err != nil && p.err == nil {
			p.err = err
		}
		p.printf("\nWhat to do at the identity provider:\n")
		for _, k := range rows {
			p.printf("- %s: %s\n", k.Title, k.Remedy)
		}
	}
	p.printf("\nProved:\n")
	for _, s := range r.Proved() {
		p.printf("- %s\n", s)
	}
	p.printf("\nNot proved:\n")
	for _, s := range r.NotProved() {
		p.printf("- %s\n", s)
	}
	p.printf("\n%s\n%s\n", verdict(r), effort(r))
}

// kind is a line of the summary.
type kind struct {
	Code     audit.Code
	Severity audit.Severity
	Title    string
	Remedy   string
	Number   int
}

// kinds are the codes that occur, the most severe first.
func kinds(r *audit.Result) []kind {
	var rows []kind
	for _, code := range audit.Codes() {
		if n := r.Findings[code]; n > 0 {
			rows = append(rows, kind{code, code.Severity(), code.Title(), code.Remedy(), n})
		}
	}
	return rows
}

func verdict(r *audit.Result) string {
	switch {
	case r.Clean():
		return "Clean: the tenant is as the roster says."
	case r.Errors > 0:
		return number(r.Errors) + " errors."
	case r.Sample != nil:
		return "No error in the sample."
	}
	return "No error, but not everything was checked."
}

func effort(r *audit.Result) string {
	s := fmt.Sprintf("%s requests in %v.", number(r.Requests.Total()), r.Ended.Sub(r.Started).Round(time.Second))
	if r.Changed > 0 {
		s += fmt.Sprintf(" %s differences were gone when they were read again.", number(r.Changed))
	}
	return s
}

func counts(c audit.Counts) string {
	return fmt.Sprintf("%s users, %s groups, %s memberships, %s leavers", number(c.Users), number(c.Groups), number(c.Memberships), number(c.Leavers))
}

// number writes n with commas.
func number(n int) string {
	s := fmt.Sprint(n)
	var b strings.Builder
	for i, digit := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}
