package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/internal/visible"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// maxKept bounds the findings that are kept to ask the identity provider about.
const maxKept = 10_000

// live are the flags of a roster that is read from the identity provider.
type live struct {
	source, spec string
	identity     identityFile
	why          int

	half     *identity
	findings []audit.Finding
}

func (l *live) flags(set *flag.FlagSet) {
	l.identity = identityFile{Okta: &oktaFile{}, Entra: &entraFile{}}
	set.StringVar(&l.source, "roster", "files", "`source` of the roster: files, entra or okta")
	set.StringVar(&l.spec, "spec", "", "`file` with a spec that names the identity provider, instead of the flags for Okta and Entra ID")
	set.IntVar(&l.why, "why", 20, "ask the identity provider why, about this `number` of users and groups with findings; 0 asks about none")
	set.StringVar(&l.identity.Okta.Org, "okta-org", "", "address of the organization, as https://example.okta.com (`URL`)")
	set.StringVar(&l.identity.Okta.App, "okta-app", "", "`ID` of the app that pushes into the tenant")
	set.StringVar(&l.identity.Okta.TokenFile, "okta-token-file", "", "`file` with an API token (default: the environment variable OKTA_API_TOKEN, or OKTA_ACCESS_TOKEN)")
	set.BoolVar(&l.identity.Okta.AppOnly, "okta-app-only", false, "read the app alone, without people who were taken off it: needs no okta.users.read")
	set.BoolVar(&l.identity.Okta.IgnoreCounts, "okta-ignore-counts", false, "accept fewer members of a group than Okta counts")
	set.StringVar(&l.identity.Entra.Tenant, "entra-tenant", "", "directory `ID` or domain (default: the environment variable AZURE_TENANT_ID)")
	set.StringVar(&l.identity.Entra.Client, "entra-client", "", "`ID` of the app registration to sign in with (default: the environment variable AZURE_CLIENT_ID)")
	set.StringVar(&l.identity.Entra.SecretFile, "entra-secret-file", "", "`file` with its secret (default: the environment variable AZURE_CLIENT_SECRET)")
	set.StringVar(&l.identity.Entra.App, "entra-app", "", "`name` or object ID of the enterprise application that pushes into the tenant")
}

// check says which of these flags don't fit. given are the flags that were given.
func (l *live) check(given map[string]bool, demo bool) (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch l.source {
	case "files", "entra", "okta":
	default:
		fail("-roster is %q: must be files, entra or okta", l.source)
	}
	if l.why < 0 {
		fail("-why is %d: at least 0", l.why)
	}
	for name := range given {
		kind, _, _ := strings.Cut(name, "-")
		switch {
		case name == "spec" && l.source == "files", name == "why" && l.source == "files":
			fail("-%s goes with -roster entra or okta", name)
		case (kind == "okta" || kind == "entra" && name != "entra-external-id") && (kind != l.source || l.spec != ""):
			fail("-%s goes with -roster %s, and without -spec", name, kind)
		case demo && (kind == "okta" || kind == "entra" || name == "spec"):
			fail("-demo has an identity provider of its own: leave out -%s", name)
		case l.source != "files" && slices.Contains([]string{"users", "groups", "memberships", "leavers", "count", "entra-external-id"}, name):
			fail("-%s is for files, and -roster is %s", name, l.source)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// open makes the identity provider's client.
func (l *live) open() error {
	file, where := l.identity, func(path string) string {
		// okta.tokenFile is the flag -okta-token-file.
		return "-" + strings.NewReplacer(".", "-", "tokenFile", "token-file", "secretFile", "secret-file").Replace(path)
	}
	if l.source == "okta" {
		file.Entra = nil
	} else {
		file.Okta = nil
	}
	if l.spec != "" {
		var err error
		if file, err = readIdentity(l.spec); err != nil {
			return err
		}
		if l.source == "okta" && file.Okta == nil || l.source == "entra" && file.Entra == nil {
			return fmt.Errorf("%s: identityProvider doesn't name %s", l.spec, l.source)
		}
		where = func(path string) string { return l.spec + ": identityProvider." + path }
	}
	half, faults := file.open()
	var errs []error
	for _, f := range faults {
		errs = append(errs, fmt.Errorf("%s: %s", where(f.path), f.text))
	}
	l.half = half
	return errors.Join(errs...)
}

// openLive copies the roster of the identity provider, which changes while an audit
// runs. done removes the copy, which has names in it, unless the audit can be resumed.
func (j *job) openLive(ctx context.Context) (done func(), err error) {
	done = func() {}
	checkpoint := j.options.Checkpoint
	interrupted := func() bool { _, err := os.Stat(checkpoint); return checkpoint != "" && err == nil }
	if interrupted() && !j.options.Resume {
		return done, fmt.Errorf("%s is there: an audit was interrupted. Resume it or delete the file", checkpoint)
	}
	roster, err := j.live.half.roster(ctx)
	if err == nil {
		dir := checkpoint + ".roster"
		if checkpoint == "" {
			dir, err = os.MkdirTemp("", "scimctl-roster-")
		} else if !j.options.Resume {
			err = os.Mkdir(dir, 0o700) // a directory of somebody else is left alone
		}
		if err == nil {
			done = func() {
				if !interrupted() {
					os.RemoveAll(dir)
				}
			}
		}
		confirm := roster.Confirm
		switch {
		case err != nil:
		case j.options.Resume:
			roster, err = idp.OpenCopy(dir)
		default:
			roster, err = roster.Copy(dir)
		}
		roster.Confirm = confirm
	}
	if err != nil {
		return done, fmt.Errorf("the roster of %s: %w", j.live.half.name, err)
	}
	j.roster = roster
	return done, nil
}

// keep keeps the findings to ask about.
func (l *live) keep(m audit.Message) error {
	if m.Finding != nil && len(l.findings) < maxKept {
		l.findings = append(l.findings, *m.Finding)
	}
	return nil
}

// explain prints what the identity provider says about users and groups with
// findings, the most urgent first.
func (j *job) explain(ctx context.Context) {
	l := &j.live
	if l.half == nil || l.why == 0 || len(l.findings) == 0 {
		return
	}
	codes := audit.Codes()
	slices.SortStableFunc(l.findings, func(a, b audit.Finding) int { return slices.Index(codes, a.Code) - slices.Index(codes, b.Code) })
	asked := 0
	for e, err := range provision.Why(ctx, l.half, l.findings) {
		if err != nil {
			fmt.Fprintln(j.stderr, "scimctl:", err)
			break
		}
		if asked == 0 {
			fmt.Fprintf(j.stdout, "\nWhy, as %s says:\n", l.half.name)
		}
		fmt.Fprintln(j.stdout, e)
		if asked++; asked == l.why {
			fmt.Fprintf(j.stdout, "\nIt was asked about %d users and groups: -why says about how many.\n", asked)
			break
		}
	}
	if asked > 0 {
		fmt.Fprintln(j.stdout, "\nNothing was changed. Mend it at the identity provider, and audit again.")
	}
}

// maxNested is how many nested memberships are printed.
const maxNested = 20

// nested prints the memberships that people expect and the identity provider doesn't
// push. They're on no roster, so that the audit can't find them.
func (j *job) nested(ctx context.Context) {
	if j.live.half == nil || j.live.half.nested == nil || j.options.Sample != nil {
		return
	}
	n := 0
	list, err := j.live.half.nested(ctx)
	if err == nil {
		err = idp.Each(list, func(m idp.Membership) error {
			if n == 0 {
				fmt.Fprintf(j.stdout, "\nNot pushed, because %s pushes direct members only:\n", j.live.half.name)
			}
			if n++; n <= maxNested {
				fmt.Fprintf(j.stdout, "%s in %s, through another group\n", visible.Text(m.User), visible.Text(m.Group))
			}
			return nil
		})
	}
	if n > maxNested {
		fmt.Fprintf(j.stdout, "and %d more\n", n-maxNested)
	}
	if err != nil {
		fmt.Fprintln(j.stderr, "scimctl: members of nested groups:", err)
	}
}
