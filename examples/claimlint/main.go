// Claimlint checks claim mappings of SCIM tenants before they become immutable,
// for a pipeline or by hand: whether Google accepts them, and whether they name
// the same identity as the provider's attribute mapping.
//
//	claimlint -claim-mapping 'google.subject=user.externalId,google.group=group.externalId' \
//	          -provider-subject assertion.oid -vendor ENTRA_ID
//	claimlint -file mappings.yaml
//	terraform show -json plan.out >plan.json && claimlint -sarif -plan plan.json
//
// A file, JSON or YAML, lists providers as the IAM API writes them, each with the
// tenant it has:
//
//	providers:
//	  - name: locations/global/workforcePools/acme-pool/providers/entra
//	    vendorType: ENTRA_ID
//	    attributeMapping: {google.subject: assertion.email.lowerAscii()}
//	    scimTenant:
//	      claimMapping:
//	        google.subject: user.emails[0].value.lowerAscii()
//	        google.group: group.externalId
//
// The exit status is 0 if there is no problem, 1 if there is one, 2 if the
// arguments or the input cannot be used. A pair of mappings that cannot be shown
// to be consistent is a problem; -allow-unproven makes it a warning. Warnings are
// problems with -strict.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

const (
	statusClean    = 0
	statusProblems = 1
	statusUsage    = 2
)

type options struct {
	claimMapping, subject, file, plan string
	vendor                            claimmap.Vendor
	usage                             iamscim.SCIMUsage
	json, sarif                       bool
	allowUnproven, strict             bool
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return statusClean
	}
	if err != nil {
		fmt.Fprintln(stderr, "claimlint:", err)
		return statusUsage
	}
	cases, err := o.cases(stdin)
	if err != nil {
		fmt.Fprintln(stderr, "claimlint:", err)
		return statusUsage
	}
	var findings []finding
	for _, c := range cases {
		findings = append(findings, o.check(c)...)
	}
	write := writeText
	switch {
	case o.json:
		write = writeJSON
	case o.sarif:
		write = writeSARIF
	}
	if err := write(stdout, cases, findings); err != nil {
		fmt.Fprintln(stderr, "claimlint:", err)
		return statusUsage
	}
	for _, f := range findings {
		if f.Level == levelError || o.strict && f.Level == levelWarning {
			return statusProblems
		}
	}
	return statusClean
}

func parseFlags(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	set := flag.NewFlagSet("claimlint", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&o.claimMapping, "claim-mapping", "", "the tenant's `mapping`, as gcloud takes it")
	set.StringVar(&o.subject, "provider-subject", "", "the provider's `expression` for google.subject")
	set.StringVar(&o.file, "file", "", "check the providers of this JSON or YAML `file`; - is standard input")
	set.StringVar(&o.plan, "plan", "", "check the tenants of this Terraform or OpenTofu `plan`, as show -json prints it; - is standard input")
	vendor := set.String("vendor", "", "identity provider: ENTRA_ID, OKTA or GENERIC; told from the issuer where there is one")
	usage := set.String("usage", "groups", "what the provider will take from SCIM: groups or users-groups")
	set.BoolVar(&o.json, "json", false, "print JSON")
	set.BoolVar(&o.sarif, "sarif", false, "print SARIF 2.1.0 for code scanning")
	set.BoolVar(&o.allowUnproven, "allow-unproven", false, "a pair that cannot be shown to be consistent is a warning")
	set.BoolVar(&o.strict, "strict", false, "warnings are problems")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	inputs := 0
	for _, given := range []string{o.claimMapping, o.file, o.plan} {
		if given != "" {
			inputs++
		}
	}
	switch {
	case set.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case inputs != 1:
		return nil, errors.New("give one of -claim-mapping, -file and -plan")
	case o.subject != "" && o.claimMapping == "":
		return nil, errors.New("-provider-subject goes with -claim-mapping")
	case o.json && o.sarif:
		return nil, errors.New("-json and -sarif exclude each other")
	}
	switch *usage {
	case "groups":
		o.usage = iamscim.SCIMUsageGroups
	case "users-groups":
		o.usage = iamscim.SCIMUsageUsersAndGroups
	default:
		return nil, fmt.Errorf("-usage must be groups or users-groups, is %q", *usage)
	}
	switch o.vendor = claimmap.Vendor(strings.ToUpper(*vendor)); o.vendor {
	case "", claimmap.EntraID, claimmap.Okta, claimmap.Generic:
	default:
		return nil, fmt.Errorf("-vendor must be ENTRA_ID, OKTA or GENERIC, is %q", *vendor)
	}
	return o, nil
}
