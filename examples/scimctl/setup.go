package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtoken"
)

// setupVerbs are the verbs that work on a set-up.
var setupVerbs = map[string]func(*setupJob, context.Context) int{
	"plan": (*setupJob).plan, "apply": (*setupJob).apply, "rotate": (*setupJob).rotate,
	"teardown": (*setupJob).teardown, "import": (*setupJob).importSpec,
	"doctor": (*setupJob).doctor, "explain": (*setupJob).explain,
}

// setupJob is one call of a verb.
type setupJob struct {
	stdout, stderr io.Writer
	clients        *provision.Clients
	spec           *provision.Spec
	half           idp.Provider // of the demo

	json, wait                                 bool
	specPath, planPath, demo                   string
	provider, tenantUID, allowReplace, retired string
	revoke, deleted                            []string

	checks doctorFlags
}

// runSetup runs a verb and returns the exit status.
func runSetup(ctx context.Context, verb string, args []string, stdout, stderr io.Writer) int {
	j := &setupJob{stdout: stdout, stderr: stderr}
	set := flag.NewFlagSet("scimctl "+verb, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.StringVar(&j.demo, "demo", "", "run on an in-memory Google Cloud: "+stages)
	if verb == "plan" || verb == "apply" || verb == "rotate" || verb == "teardown" {
		set.StringVar(&j.specPath, "spec", "", "`FILE` with the spec in YAML")
	}
	if verb == "plan" || verb == "apply" {
		set.BoolVar(&j.json, "json", false, "print the plan as JSON")
	}
	switch verb {
	case "doctor", "explain":
		j.checks.add(set, verb, j)
	case "apply":
		set.StringVar(&j.planPath, "plan", "", "`FILE` with a plan that plan -json wrote; the store is the spec's")
		set.BoolVar(&j.wait, "wait", false, "wait for what isn't visible yet, and for the directory")
		set.StringVar(&j.allowReplace, "allow-replace", "", "`UID` of the tenant that may be replaced")
	case "teardown":
		set.StringVar(&j.provider, "provider", "", "full `NAME` of the provider, without a spec")
		set.StringVar(&j.tenantUID, "tenant-uid", "", "`UID` of the tenant that is deleted for good")
		set.Func("revoke-sessions", "google.subject of a `PERSON` whose sessions end; may be repeated", appendTo(&j.revoke))
		set.Func("delete-subject", "google.subject of a `PERSON` who can't sign in for 30 days; may be repeated", appendTo(&j.deleted))
	case "import":
		set.StringVar(&j.provider, "provider", "", "full `NAME` of the provider")
	case "rotate":
		set.StringVar(&j.retired, "retire", "", "`ID` of the new token, once the identity provider uses it: the old one is deleted")
	}
	switch err := set.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitClean
	case err != nil:
		return exitFailed
	case verb == "explain" && set.NArg() == 1:
		j.checks.person = set.Arg(0)
	case set.NArg() > 0:
		return j.fail(fmt.Errorf("unexpected argument %q", set.Arg(0)))
	}
	done, err := j.connect(ctx, verb)
	if err != nil {
		return j.fail(err)
	}
	defer done()
	return setupVerbs[verb](j, ctx)
}

func appendTo(all *[]string) func(string) error {
	return func(s string) error {
		*all = append(*all, s)
		return nil
	}
}

// connect reads the spec, and makes the clients.
func (j *setupJob) connect(ctx context.Context, verb string) (done func(), err error) {
	if j.demo != "" {
		return j.stage(ctx, j.demo)
	}
	done = func() {}
	switch {
	case verb == "teardown" && ((j.provider == "") == (j.specPath == "") || j.tenantUID == ""):
		return nil, errors.New("teardown needs -tenant-uid and either -spec or -provider, or -demo")
	case verb == "import" && j.provider == "":
		return nil, errors.New("import needs -provider, or -demo")
	case (verb == "doctor" || verb == "explain") && j.specPath == "" && j.provider != "":
		name, err := provider.ParseName(j.provider)
		if err != nil {
			return nil, err
		}
		j.spec = &provision.Spec{Provider: name}
	case (verb == "doctor" || verb == "explain") && j.specPath == "":
		return nil, fmt.Errorf("%s needs -spec, -provider or -demo", verb)
	case verb != "teardown" && verb != "import" && j.specPath == "":
		return nil, fmt.Errorf("%s needs -spec, or -demo", verb)
	}
	if j.specPath != "" {
		file, err := os.Open(j.specPath)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		if j.spec, err = readSpec(j.specPath, file); err != nil {
			return nil, err
		}
	}
	if j.spec != nil {
		j.half, j.provider = j.spec.IdentityProvider, j.spec.Provider.String()
	}
	j.clients, err = provision.New(ctx)
	return done, err
}

// fail prints an error, and returns the status for it.
func (j *setupJob) fail(err error) int {
	fmt.Fprintln(j.stderr, "scimctl:", err)
	for _, refused := range []error{provision.ErrBlocked, provision.ErrMoved, provision.ErrAnotherTenant} {
		if errors.Is(err, refused) {
			return exitRefused
		}
	}
	return exitFailed
}

// show prints a plan, and returns the status for it.
func (j *setupJob) show(p *provision.Plan) int {
	if j.json {
		e := json.NewEncoder(j.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(p); err != nil {
			return j.fail(err)
		}
	} else {
		fmt.Fprint(j.stdout, p)
	}
	switch {
	case len(p.Blocked()) > 0:
		return exitRefused
	case !p.Done():
		return exitFindings
	}
	return exitClean
}

func (j *setupJob) plan(ctx context.Context) int {
	p, err := j.clients.Plan(ctx, *j.spec)
	if err != nil {
		return j.fail(err)
	}
	status := j.show(p)
	if err := j.checklist(ctx, p); err != nil {
		return j.fail(err)
	}
	return status
}

func (j *setupJob) apply(ctx context.Context) int {
	p, err := j.clients.Plan(ctx, *j.spec)
	if j.planPath != "" {
		var text []byte
		if text, err = os.ReadFile(j.planPath); err == nil {
			p = &provision.Plan{}
			err = json.Unmarshal(text, p)
		}
	}
	if err != nil {
		return j.fail(err)
	}
	left, err := j.clients.Apply(ctx, p, provision.ApplyOptions{
		Wait: j.wait, AllowReplace: j.allowReplace, Store: j.spec.Store, IdentityProvider: j.half, AdoptSecret: j.spec.AdoptSecret,
		OnStep: func(s provision.Step) {
			fmt.Fprintf(j.stderr, "%-17s %-8s %s\n", s.Kind, s.Status, s.Text)
			if s.Kind == provision.KindUsage && s.Status == provision.StatusChange {
				for _, note := range s.Notes {
					fmt.Fprintf(j.stderr, "%26s %s\n", "", note)
				}
			}
		},
	})
	if err != nil {
		return j.fail(err)
	}
	return j.show(left)
}

func (j *setupJob) teardown(ctx context.Context) int {
	name, err := provider.ParseName(j.provider)
	if err == nil {
		err = j.clients.Teardown(ctx, name, j.tenantUID, provision.TeardownOptions{
			IdentityProvider: j.half, RevokeSessions: j.revoke, DeleteSubjects: j.deleted, OnStep: func(text string) { fmt.Fprintln(j.stdout, text) },
		})
	}
	if err != nil {
		return j.fail(err)
	}
	fmt.Fprintln(j.stdout, "Nothing of the set-up is left.")
	return exitClean
}

func (j *setupJob) importSpec(ctx context.Context) int {
	name, err := provider.ParseName(j.provider)
	if err != nil {
		return j.fail(err)
	}
	s, err := j.clients.Import(ctx, name)
	if err == nil {
		err = writeSpec(j.stdout, s)
	}
	if err != nil {
		return j.fail(err)
	}
	return exitClean
}

// rotate makes a new token and stores it. A person takes it to the identity
// provider, and then rotate -retire deletes the old one.
func (j *setupJob) rotate(ctx context.Context) int {
	if j.spec.Store == nil {
		return j.fail(errors.New("the spec names no store"))
	}
	if j.retired != "" {
		tenant, err := j.clients.Tenants.InPool(ctx, j.spec.Provider.Pool())
		if err != nil {
			return j.fail(err)
		}
		name, err := scimtoken.NewName(tenant.Name, j.retired)
		if err == nil {
			err = j.clients.Tokens.Retire(ctx, tenant.Name, j.spec.Store, name)
		}
		if err != nil {
			return j.fail(err)
		}
		fmt.Fprintf(j.stdout, "%s is the token in use, and the old one is deleted.\n", name.ID())
		return exitClean
	}
	got, err := j.clients.Rotate(ctx, *j.spec)
	if err != nil {
		return j.fail(err)
	}
	if got.Done {
		fmt.Fprintf(j.stdout, "The identity provider uses %s, and the old token is deleted.\n", got.New.ID())
		return exitClean
	}
	fmt.Fprintf(j.stdout, "%s is stored and works. Both tokens are valid.\nGive it to the identity provider (next.secret of the store's record), then run rotate -retire %s.\n", got.New.ID(), got.New.ID())
	return exitFindings
}
