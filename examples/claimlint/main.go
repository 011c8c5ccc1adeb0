// Claimlint checks claim mappings of SCIM tenants before they become immutable,
// for a pipeline or by hand: whether Google accepts them, and whether they name
// the same identity as the provider's attribute mapping. claimlint -h explains the
// arguments, the formats and the exit status.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
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
	claimMapping, subject string
	sources               []source
	vendor                claimmap.Vendor
	usage                 iamscim.SCIMUsage
	format                string
	confirmed             []string
	allowUnproven, strict bool
}

const usageText = `Claimlint checks claim mappings of SCIM tenants in Google Cloud Workforce Identity
Federation. A claim mapping cannot be changed once the tenant exists. Claimlint says
whether Google accepts it, and whether it names the same identity as the provider's
attribute mapping. It needs no network and no credentials.

Usage:

  claimlint [flags] FILE|DIRECTORY...
  claimlint [flags] -claim-mapping MAPPING [-provider-subject EXPRESSION] [FILE...]

A FILE holds JSON or YAML, in UTF-8 or UTF-16; - is standard input. It is one of:

  - providers or SCIM tenants, one or a list, as gcloud describe or list and the IAM
    API print them. A provider may hold its tenant as scimTenant, and claimMapping
    may be a flag. Tenants and providers in different files are matched by name.
  - a plan of Terraform or OpenTofu, as terraform show -json PLAN prints it

In a DIRECTORY all .json, .yaml and .yml files are read, and others are skipped.
With -claim-mapping, providers without a tenant are checked against that mapping.

Exit status:

  0  no problem
  1  at least one error; with -strict, at least one warning
  2  the arguments or the input cannot be used

A pair of mappings that cannot be shown to be consistent is an error.
-allow-unproven makes it a warning. Inconsistent and invalid pairs are always errors.

Examples:

  claimlint -claim-mapping google.subject=user.externalId,google.group=group.externalId \
      -provider-subject assertion.oid -vendor ENTRA_ID -confirm entra-external-id
  gcloud iam workforce-pools providers describe entra --workforce-pool=acme-pool \
      --location=global --format=json >provider.json
  claimlint -claim-mapping google.subject=user.userName,google.group=group.externalId provider.json
  terraform show -json plan.out >plan.json && claimlint -format sarif plan.json

Flags:

`

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseFlags(args, stdout, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return statusClean
	}
	var cases []pair
	if err == nil {
		cases, err = o.cases(stdin, stderr)
	}
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(stderr, "claimlint:", oneLine(line))
		}
		return statusUsage
	}
	var findings []finding
	for _, c := range cases {
		findings = append(findings, o.check(c)...)
	}
	if err := writers[o.format](stdout, len(cases), findings); err != nil {
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

func parseFlags(args []string, stdout, stderr io.Writer) (*options, error) {
	o := &options{format: "text", usage: iamscim.SCIMUsageGroups}
	set := flag.NewFlagSet("claimlint", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.claimMapping, "claim-mapping", "", "the tenant's `mapping`, as gcloud takes it")
	set.StringVar(&o.subject, "provider-subject", "", "the provider's `expression` for google.subject")
	add := func(want kind) func(string) error {
		return func(path string) error {
			o.sources = append(o.sources, source{path: path, want: want})
			return nil
		}
	}
	set.Func("file", "check the providers and tenants of this `file` or directory", add(resources))
	set.Func("plan", "check the tenants of this Terraform or OpenTofu `plan` in JSON", add(terraform))
	set.Func("vendor", "`vendor` where nothing tells it: "+vendorTypes(), func(s string) error {
		o.vendor = claimmap.VendorOf(strings.ToUpper(s), "")
		if o.vendor == "" {
			return fmt.Errorf("must be one of %s", vendorTypes())
		}
		return nil
	})
	set.Func("usage", "what the provider will take from SCIM where no file tells it: `groups` or users-groups", func(s string) error {
		usages := map[string]iamscim.SCIMUsage{"groups": iamscim.SCIMUsageGroups, "users-groups": iamscim.SCIMUsageUsersAndGroups}
		if o.usage = usages[s]; o.usage == "" {
			return errors.New("must be groups or users-groups")
		}
		return nil
	})
	set.Func("confirm", "a `setting` of the identity provider that somebody has checked; repeatable", o.confirm)
	set.StringVar(&o.format, "format", "text", "`format` of the findings: text, json, sarif (2.1.0, for code scanning) or github (workflow commands)")
	set.BoolFunc("json", "short for -format json", func(string) error { o.format = "json"; return nil })
	set.BoolFunc("sarif", "short for -format sarif", func(string) error { o.format = "sarif"; return nil })
	set.BoolVar(&o.allowUnproven, "allow-unproven", false, "a pair that cannot be shown to be consistent is a warning")
	set.BoolVar(&o.strict, "strict", false, "warnings are problems")
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usageText)
		set.SetOutput(stdout)
		set.PrintDefaults()
		fmt.Fprint(stdout, "\nSettings that -confirm takes:\n\n")
		for _, s := range claimmap.Settings() {
			fmt.Fprintf(stdout, "  %-26s %s = %s\n", s.ID, s.Setting, s.Value)
		}
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; claimlint -h explains the flags", err)
	}
	for _, path := range set.Args() {
		o.sources = append(o.sources, source{path: path})
	}
	stdins := 0
	for _, s := range o.sources {
		if s.path == "-" {
			stdins++
		}
	}
	switch {
	case len(o.sources) == 0 && o.claimMapping == "":
		return nil, errors.New("nothing to check: give a file, or -claim-mapping; claimlint -h explains the arguments")
	case o.subject != "" && (o.claimMapping == "" || len(o.sources) > 0):
		return nil, errors.New("-provider-subject goes with -claim-mapping and without files")
	case stdins > 1:
		return nil, errors.New("standard input can be read only once")
	case writers[o.format] == nil:
		return nil, fmt.Errorf("-format must be text, json, sarif or github, is %q", o.format)
	}
	return o, nil
}

// confirm reads the ID of a setting.
func (o *options) confirm(s string) error {
	var ids []string
	for _, setting := range claimmap.Settings() {
		ids = append(ids, setting.ID)
	}
	for id := range strings.SplitSeq(s, ",") {
		if !slices.Contains(ids, id) {
			return fmt.Errorf("no setting %q; the settings are %s", id, strings.Join(ids, ", "))
		}
		o.confirmed = append(o.confirmed, id)
	}
	return nil
}
