package provider_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/faulttest"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtest"
)

// The rows of testdata/faults.md.

func TestFaultTableIsComplete(t *testing.T) { t.Parallel(); faulttest.Complete(t, faultMethods) }
func TestFaults(t *testing.T)               { faulttest.Run(t, faultMethods) }

// TestNothingHangs: whoever answers whatever, every method ends, with the default
// policy and without a context that ends.
func TestNothingHangs(t *testing.T) { faulttest.NothingHangs(t, faultMethods) }

// TestLostRepliesUnderLag: a reply that is lost is settled by replicas that are
// behind: they are not taken for an answer.
func TestLostRepliesUnderLag(t *testing.T) { faulttest.LostRepliesUnderLag(t, faultMethods) }

const (
	otherOperation = `{"name":"` + testenv.PoolText + `/providers/other/operations/abc","done":true}`
	otherProvider  = `{"name":"` + testenv.PoolText + `/providers/other","state":"ACTIVE"}`
	providerActive = "entra ACTIVE"
)

var faultMethods = []*faulttest.Method{
	{Name: "provider.Client.GetPool", Verb: "GET", Path: "workforcePools/acme-pool", Wrong: `{"name":"locations/global/workforcePools/other-pool","parent":"organizations/1"}`,
		Prepare: faulttest.At(testenv.WithPool, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Providers.GetPool(ctx, testenv.Pool)
			if err == nil && got.Organization != testenv.OrganizationID {
				return fmt.Errorf("GetPool = %+v", got)
			}
			return err
		}), State: providerState, States: map[string]string{"=": ""}},
	createProvider("", "POST", "providers", otherOperation),
	createProvider(" [operation]", "GET", "operations/*", otherOperation),
	createProvider(" [read-back]", "GET", "providers/leaky", otherProvider),
	{Name: "provider.Client.TestPoolPermissions", Verb: "POST", Path: "*:testIamPermissions", Wrong: `{"permissions":["iam.something.else"]}`,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			const get = "iam.workforcePoolProviders.get"
			got, err := c.Providers.TestPoolPermissions(ctx, testenv.Pool, get)
			return faulttest.Held(got, err, get)
		}), State: providerState, States: map[string]string{"=": providerActive}},
	{Name: "provider.Client.Get", Verb: "GET", Path: "providers/entra", Wrong: otherProvider,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Providers.Get(ctx, testenv.Provider)
			return wantStateOf(got, err)
		}), State: providerState, States: map[string]string{"=": providerActive}},
	{Name: "provider.Client.List", Verb: "GET", Path: "acme-pool/providers", Wrong: `{"workforcePoolProviders":[{"name":"locations/global/workforcePools/other-pool/providers/entra"}]}`,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			return faulttest.FirstOf(c.Providers.List(ctx, testenv.Pool, iamscim.ListOptions{}))
		}), State: providerState, States: map[string]string{"=": providerActive}},
	{Name: "provider.Client.Update", Verb: "PATCH", Path: "providers/entra", Wrong: otherOperation,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Providers.Update(ctx, provider.UpdateRequest{Name: testenv.Provider, DisplayName: ptr("New")})
			if err == nil && got.DisplayName != "New" {
				return fmt.Errorf("Update = %+v", got)
			}
			return err
		}), State: providerState, States: map[string]string{"=": providerActive, "+": providerActive + " New"}},
	{Name: "provider.Client.SetSCIMUsage", Verb: "PATCH", Path: "providers/entra", Wrong: otherOperation,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Providers.SetSCIMUsage(ctx, testenv.Provider, iamscim.SCIMUsageGroups)
			if err == nil && got.SCIMUsage != iamscim.SCIMUsageGroups {
				return fmt.Errorf("SetSCIMUsage = %+v", got)
			}
			return err
		}), State: providerState, States: map[string]string{"=": providerActive, "+": providerActive + "  ENABLED_FOR_GROUPS"}},
	{Name: "provider.Client.Delete", Verb: "DELETE", Path: "providers/entra", Wrong: otherOperation,
		Prepare: faulttest.At(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			got, err := c.Providers.Delete(ctx, testenv.Provider)
			if err != nil {
				return err
			}
			return faulttest.WantState("the provider", got.State, iamscim.StateDeleted, nil)
		}), State: providerState, States: map[string]string{"=": providerActive, "+": "entra DELETED"}},
	{Name: "provider.Client.Undelete", Verb: "POST", Path: "providers/entra:undelete", Wrong: otherOperation,
		Prepare: faulttest.After(testenv.WithProvider, func(ctx context.Context, c *testenv.Clients) error {
			_, err := c.Providers.Delete(ctx, testenv.Provider)
			return err
		},
			func(ctx context.Context, c *testenv.Clients) error {
				got, err := c.Providers.Undelete(ctx, testenv.Provider)
				return wantStateOf(got, err)
			}), State: providerState, States: map[string]string{"=": "entra DELETED", "+": providerActive}},
	{Name: "provider.Client.Wait", Verb: "GET", Path: "operations/*", Wrong: otherOperation,
		Prepare: func(t *testing.T, srv *scimtest.Server, _ *testenv.Clients) func(context.Context, *testenv.Clients) error {
			testenv.Prepare(t, srv, testenv.WithProvider)
			svc, err := iam.NewService(t.Context(), srv.PipeClientOptions()...)
			if err != nil {
				t.Fatal(err)
			}
			started, err := svc.Locations.WorkforcePools.Providers.Patch(testenv.ProviderText, &iam.WorkforcePoolProvider{DisplayName: "New"}).UpdateMask("displayName").Do()
			if err != nil {
				t.Fatal(err)
			}
			name := testenv.Must(provider.ParseOperationName(started.Name))
			return func(ctx context.Context, c *testenv.Clients) error { return c.Providers.Wait(ctx, name) }
		}, State: providerState, States: map[string]string{"=": providerActive + " New"}},
	{Name: "provider.Client.DeleteSubject", Verb: "DELETE", Path: "subjects/alice", Wrong: otherOperation,
		Prepare: faulttest.At(testenv.WithPool, func(ctx context.Context, c *testenv.Clients) error {
			return c.Providers.DeleteSubject(ctx, testenv.Alice)
		}),
		State: subjectState, States: map[string]string{"=": "", "+": testenv.Alice.String()}},
	{Name: "provider.Client.UndeleteSubject", Verb: "POST", Path: "subjects/alice:undelete", Wrong: otherOperation,
		Prepare: faulttest.After(testenv.WithPool, func(ctx context.Context, c *testenv.Clients) error {
			return c.Providers.DeleteSubject(ctx, testenv.Alice)
		},
			func(ctx context.Context, c *testenv.Clients) error {
				return c.Providers.UndeleteSubject(ctx, testenv.Alice)
			}),
		State: subjectState, States: map[string]string{"=": testenv.Alice.String(), "+": ""}},
	{Name: "provider.Client.RevokeSessions", Verb: "POST", Path: "subjects/alice:revokeSessions", Wrong: otherOperation,
		Prepare: faulttest.At(testenv.WithPool, func(ctx context.Context, c *testenv.Clients) error {
			return c.Providers.RevokeSessions(ctx, testenv.Alice)
		}),
		State: subjectState, States: map[string]string{"=": "", "+": ""}},
}

func providerState(srv *scimtest.Server) string {
	var all []string
	for _, p := range srv.State().Providers {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", faulttest.ID(p.Name), p.State, p.DisplayName, p.ScimUsage)))
	}
	return strings.Join(all, ", ")
}

func subjectState(srv *scimtest.Server) string {
	return strings.Join(srv.State().DeletedSubjects, ", ")
}

func wantStateOf(got *provider.Provider, err error) error {
	if err != nil {
		return err
	}
	return faulttest.WantState("the provider", got.State, iamscim.StateActive, nil)
}

func createProvider(suffix, verb, path, wrong string) *faulttest.Method {
	return &faulttest.Method{Name: "provider.Client.Create" + suffix, Verb: verb, Path: path, Wrong: wrong,
		Prepare: faulttest.At(testenv.WithPool, func(ctx context.Context, c *testenv.Clients) error {
			req := oidcRequest(testenv.Must(provider.NewName(testenv.Pool, "leaky")))
			req.DisplayName, req.OIDC.ClientSecret = "", iamscim.NewSecret("s3cret")
			req.ExtraAttributes = &provider.AttributesClient{
				AttributesType: provider.AzureADGroupsMail, IssuerURI: "https://login.example.com", ClientID: "client", ClientSecret: iamscim.NewSecret("gr4ph"),
			}
			got, err := c.Providers.Create(ctx, req)
			return wantStateOf(got, err)
		}), State: providerState, States: map[string]string{"=": "", "+": "leaky ACTIVE"}}
}
