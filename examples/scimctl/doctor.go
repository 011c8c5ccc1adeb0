package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/iamscim/iamscim/provision"
)

// doctorFlags are the flags of doctor and explain.
type doctorFlags struct {
	severity     string
	organization string
	suppress     []provision.Suppression
	limits       provision.Thresholds
	claims       string // a file
	person       string
}

func (f *doctorFlags) add(set *flag.FlagSet, verb string, j *setupJob) {
	set.StringVar(&j.specPath, "spec", "", "`FILE` with the spec in YAML")
	set.StringVar(&j.provider, "provider", "", "full `NAME` of the provider, without a spec")
	set.BoolVar(&j.json, "json", false, "print JSON")
	if verb == "explain" {
		set.StringVar(&f.claims, "claims", "", "`FILE` with the claims of the person's token in JSON, as the console's page Debug IdP token shows them")
		return
	}
	set.BoolVar(&j.wait, "wait", false, "repeat until there are no errors and no warnings")
	set.StringVar(&f.severity, "severity", string(provision.SeverityWarning), "the least severity that counts for the exit status: error, warning or info")
	set.StringVar(&f.organization, "organization", "", "`NUMBER` of the organization that the pool must be in")
	set.DurationVar(&f.limits.TokenAge, "token-age", 0, "how old a token may be (default 2160h)")
	set.DurationVar(&f.limits.TwoTokens, "two-tokens", 0, "how long there may be two tokens (default 24h)")
	set.DurationVar(&f.limits.LastSuccess, "last-success", 0, "how long ago the identity provider's newest cycle may have ended (default 3h)")
	set.Func("suppress", "`CODE` or CODE=RESOURCE of findings to leave out; may be repeated", func(text string) error {
		code, resource, _ := strings.Cut(text, "=")
		if provision.Code(code).Title() == "" {
			return fmt.Errorf("%q isn't a code", code)
		}
		f.suppress = append(f.suppress, provision.Suppression{Code: provision.Code(code), Resource: resource})
		return nil
	})
}

func (j *setupJob) doctor(ctx context.Context) int {
	f := j.checks
	least := provision.Severity(f.severity)
	if !least.AtLeast(provision.SeverityInfo) {
		return j.fail(fmt.Errorf("-severity is %q: must be error, warning or info", f.severity))
	}
	r, err := j.clients.Doctor(ctx, provision.DoctorRequest{
		Spec: *j.spec, Organization: f.organization, Suppress: f.suppress, Thresholds: f.limits, Wait: j.wait,
		OnReport: func(r *provision.Report) {
			fmt.Fprintf(j.stderr, "%s: %s\n", r.Time.Format("15:04:05"), r.Summary())
		},
	})
	if r != nil {
		if err := j.print(r); err != nil {
			return j.fail(err)
		}
	}
	if err != nil {
		return j.fail(err)
	}
	switch {
	case r.Has("SCIM103"):
		return exitFailed
	case r.Has("SCIM100"), r.Has("SCIM101"):
		return exitRefused
	}
	for _, s := range r.Findings {
		if s.Severity.AtLeast(least) {
			return exitFindings
		}
	}
	return exitClean
}

func (j *setupJob) explain(ctx context.Context) int {
	f := j.checks
	if f.person == "" {
		return j.fail(errors.New("explain needs a user name"))
	}
	req := provision.ExplainRequest{Spec: *j.spec, Person: f.person}
	if f.claims != "" {
		file, err := os.Open(f.claims)
		if err != nil {
			return j.fail(err)
		}
		defer file.Close()
		if req.Claims, err = io.ReadAll(io.LimitReader(file, 1<<20)); err != nil {
			return j.fail(err)
		}
	}
	if half, ok := j.spec.IdentityProvider.(*identity); ok {
		roster, err := half.roster(ctx)
		if err != nil {
			fmt.Fprintf(j.stderr, "scimctl: the roster of %s isn't read: %v\n", half.name, err)
		}
		req.Roster = roster
	}
	e, err := j.clients.Explain(ctx, req)
	if err == nil {
		err = j.print(e)
	}
	switch {
	case err != nil:
		return j.fail(err)
	case e.SignIn == provision.No || e.InGroups == provision.No:
		return exitFindings
	}
	return exitClean
}

// print prints a report or an explanation.
func (j *setupJob) print(what fmt.Stringer) error {
	if !j.json {
		_, err := fmt.Fprint(j.stdout, what)
		return err
	}
	e := json.NewEncoder(j.stdout)
	e.SetIndent("", "  ")
	return e.Encode(what)
}
