// Quickstart takes a workforce pool provider from "users can sign in" to "users
// and groups are provisioned by SCIM, and it is proved that they are", step by
// step, and then back:
//
//	go run ./examples/quickstart
//
// Without flags it runs against an in-memory Google Cloud in its own process
// and needs nothing but Go. Against a server that runs already, such as
// examples/emulator:
//
//	go run ./examples/quickstart -endpoint http://127.0.0.1:8085 -no-auth
//
// Against Google Cloud, with Application Default Credentials:
//
//	go run ./examples/quickstart -live -organization 123456789012 -pool POOL -provider PROVIDER
//
// The identity provider's half is an in-memory Microsoft Entra ID in any case. The
// provider must be on Microsoft Entra ID and its pool must have no SCIM tenant. The tenant is deleted at the end, and for some seconds in between the
// provider takes its groups from it: do not run it on a pool people use.
//
// The exit status is 0 only if every step held.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 0 if every step held, 1 if one failed, 2 if the
// flags make no sense.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 2
	}
	return f.run(ctx, stdout, stderr)
}

func (f *flags) run(ctx context.Context, stdout, stderr io.Writer) int {
	dir, err := os.MkdirTemp("", "iamscim-quickstart-")
	if err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	j, done, err := f.job(ctx, scimtoken.NewFileStore(filepath.Join(dir, "token.json")))
	if err != nil {
		fmt.Fprintln(stderr, "quickstart:", err)
		return 1
	}
	defer done()
	j.out = stdout
	if err := j.run(ctx); err != nil {
		fmt.Fprintln(stderr, "\nquickstart:", err)
		return 1
	}
	return 0
}

type flags struct {
	live, noAuth                           bool
	organization, pool, provider, endpoint string

	fake []scimtest.Option // of tests
}

func parseFlags(args []string, stderr io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.BoolVar(&f.live, "live", false, "run against Google Cloud with Application Default Credentials")
	set.StringVar(&f.endpoint, "endpoint", "", "run against the server at this `URL` for IAM and Resource Manager")
	set.BoolVar(&f.noAuth, "no-auth", false, "send no credentials to -endpoint")
	set.StringVar(&f.organization, "organization", "", "organization `number` (default "+scimtest.DefaultOrganization+", not with -live)")
	set.StringVar(&f.pool, "pool", "", "workforce pool `id` (default acme-pool, not with -live)")
	set.StringVar(&f.provider, "provider", "", "provider `id` (default entra, not with -live)")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case set.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", set.Arg(0))
	case f.live && f.endpoint != "":
		return nil, errors.New("-live and -endpoint exclude each other")
	case f.live && (f.organization == "" || f.pool == "" || f.provider == ""):
		return nil, errors.New("-live needs -organization, -pool and -provider")
	case f.noAuth && f.endpoint == "":
		return nil, errors.New("-no-auth goes with -endpoint")
	case f.endpoint != "":
		u, err := url.Parse(f.endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("-endpoint must be an http or https URL, is %q", f.endpoint)
		}
		if u.Scheme == "http" && !f.noAuth {
			return nil, errors.New("-endpoint with http needs -no-auth: credentials are not sent in clear")
		}
	}
	if !f.live {
		f.organization = or(f.organization, scimtest.DefaultOrganization)
		f.pool = or(f.pool, "acme-pool")
		f.provider = or(f.provider, "entra")
	}
	return f, nil
}

func or(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// fakeRetry is for servers that replicate in milliseconds, not in a minute. If one
// isn't there, that is no outage.
var fakeRetry = iamscim.RetryPolicy{Initial: 100 * time.Millisecond, Budget: 10 * time.Second}

// job makes the clients for where the flags point.
func (f *flags) job(ctx context.Context, store scimtoken.TokenStore) (j *job, done func(), err error) {
	pool, err := provider.NewPoolName("global", f.pool)
	if err != nil {
		return nil, nil, err
	}
	name, err := provider.NewName(pool, f.provider)
	if err != nil {
		return nil, nil, err
	}
	j, done = &job{organization: f.organization}, func() {}
	google := http.DefaultClient
	var opts []provision.Option
	switch {
	case f.live:
		j.where = "Google Cloud"
	case f.endpoint != "":
		j.where = f.endpoint
		client := []option.ClientOption{option.WithEndpoint(f.endpoint)}
		if f.noAuth {
			// Only a fake asks for no credentials.
			client = append(client, option.WithoutAuthentication())
			opts = append(opts, provision.WithRetry(fakeRetry))
		}
		opts = append(opts, provision.WithClientOptions(client...))
	default:
		server, err := embedded(f)
		if err != nil {
			return nil, nil, err
		}
		j.where = "an in-memory Google Cloud in this process; nothing leaves the machine"
		done, google = server.Close, server.PipeHTTPClient()
		opts = append(opts, provision.WithServer(server), provision.WithRetry(fakeRetry))
		manager := append(server.PipeSecretManagerClientOptions(), secretmanager.WithCreate(), secretmanager.WithRetry(fakeRetry))
		if store, err = secretmanager.NewStore(ctx, "projects/acme-prod/secrets/scim-token", manager...); err != nil {
			done()
			return nil, nil, err
		}
	}
	if j.entra, err = newTenant(google); err == nil {
		before := done
		done = func() { j.entra.Close(); before() }
		j.clients, err = provision.New(ctx, opts...)
	}
	if err != nil {
		done()
		return nil, nil, err
	}
	j.spec = provision.Spec{
		Provider: name, TenantID: "quickstart", Store: store, IdentityProvider: j.entra,
		Accept: []string{"entra-no-guests"},
		Ready: provision.Ready{
			Users:  []string{people[0].UserPrincipalName},
			Groups: map[string][]string{groupName: {people[0].UserPrincipalName, people[1].UserPrincipalName}},
		},
	}
	return j, done, nil
}

// embedded starts the fake with a pool and an Entra ID provider. Its users can sign
// in, and Google knows them by their mail address.
func embedded(f *flags) (*scimtest.Server, error) {
	server := scimtest.New(append(f.fake, scimtest.WithOrganization(f.organization), scimtest.WithReplicationLag(50*time.Millisecond))...)
	err := errors.Join(
		server.Err(),
		server.AddPool(&iam.WorkforcePool{Name: "locations/global/workforcePools/" + f.pool, Parent: "organizations/" + f.organization}),
		server.AddProvider(embeddedProvider(f)),
	)
	if err != nil {
		server.Close()
		return nil, err
	}
	return server, nil
}

func embeddedProvider(f *flags) *iam.WorkforcePoolProvider {
	return &iam.WorkforcePoolProvider{
		Name:             "locations/global/workforcePools/" + f.pool + "/providers/" + f.provider,
		VendorType:       string(iamscim.VendorEntraID),
		AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
		Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
			IssuerUri: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
			ClientId:  "f1b1b2c3-0000-4000-8000-acmeacmeacme",
			WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{
				ResponseType:            string(provider.ResponseIDToken),
				AssertionClaimsBehavior: string(provider.ClaimsOnlyIDToken),
			},
		},
	}
}
