package main

import (
	"context"
	"fmt"
	"io"

	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

// marks are what stands before a line of a checklist.
var marks = map[okta.State]string{okta.Done: "[x]", okta.ToDo: "[ ]", okta.NotReadBack: "[?]"}

// checklist prints what a person must do at an identity provider that can't be set
// up by a program, and what was read back as done.
func checklist(ctx context.Context, out io.Writer, half idp.Provider, to idp.Connection) error {
	provider, ok := half.(*identity)
	if !ok {
		return nil
	}
	c, ok := provider.Provider.(*okta.Client)
	if !ok {
		return nil
	}
	lines, err := c.Checklist(ctx, to)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nAt Okta, by a person ([x] read back as done, [ ] to do, [?] not read back):")
	where := ""
	for _, line := range lines {
		if line.Where != where {
			where = line.Where
			fmt.Fprintln(out, "  "+where)
		}
		note := ""
		if line.Note != "" {
			note = ": " + line.Note
		}
		fmt.Fprintf(out, "    %s %s%s\n", marks[line.State], line.Text, note)
	}
	return nil
}

// checklist prints the checklist of a plan where a person has something to do.
func (j *setupJob) checklist(ctx context.Context, p *provision.Plan) error {
	if s := p.Step(provision.KindIdentityProvider); j.json || s == nil || s.Status != provision.StatusManual {
		return nil
	}
	to := idp.Connection{}
	if t, err := j.clients.Tenants.Get(ctx, p.Tenant); err == nil {
		to.BaseURI = t.BaseURI
	}
	return checklist(ctx, j.stdout, j.half, to)
}
