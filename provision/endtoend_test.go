package provision_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// acmeDirectory is the directory that the provider of the Acme world trusts.
const acmeDirectory = "9188040d-6c67-4c5b-b112-36a304b66dad"

// job is a set-up from end to end: an empty Google Cloud, and a tenant of Entra ID
// with people and no app.
type job struct {
	t       *testing.T
	google  *scimtest.World
	entra   *entratest.Server
	clients *provision.Clients
	half    *entra.Client
	spec    provision.Spec
	store   *scimtoken.MemoryStore
	people  []string // object IDs
	log     *logText
	secrets []string // all that were ever in use
}

// logText is everything that anybody logs.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newJob(t *testing.T, people, groups int) *job {
	t.Helper()
	j := &job{t: t, log: &logText{}, store: &scimtoken.MemoryStore{}, secrets: []string{entratest.DefaultClientSecret}}
	logger := slog.New(slog.NewTextHandler(j.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	j.google, err = scimtest.NewAcme(scimtest.WithSyncerGranted(), scimtest.WithLogger(logger), scimtest.WithReplicationLag(30*time.Second))
	j.check(err)
	t.Cleanup(j.google.Close)
	j.entra = entratest.New(entratest.WithTenant(acmeDirectory), entratest.WithSCIMClient(j.google.PipeHTTPClient()),
		entratest.WithLogger(logger), entratest.WithLatePrincipal(2))
	t.Cleanup(j.entra.Close)
	assign := j.company(people, groups)
	j.half, err = entra.New(entra.Config{
		TenantID: acmeDirectory, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName: "Google Cloud", Assign: assign, DeletionThreshold: 50, NotifyEmail: "ops@example.com",
		HTTPClient: j.entra.PipeHTTPClient(), Endpoint: "http://127.0.0.1", LoginEndpoint: "http://127.0.0.1", Logger: logger,
	})
	j.check(err)
	j.clients, err = provision.New(t.Context(), provision.WithServer(j.google), provision.WithLogger(logger))
	j.check(err)
	name, err := provider.ParseName(j.google.Provider)
	j.check(err)
	j.spec = provision.Spec{
		Provider: name, Store: j.store, IdentityProvider: j.half, Accept: []string{"entra-no-guests"},
		Ready: provision.Ready{Users: []string{"person-000@example.com"}},
	}
	return j
}

func (j *job) check(err error) {
	j.t.Helper()
	if err != nil {
		j.t.Fatal(err)
	}
}

// company puts people into groups of Entra ID and returns the groups.
func (j *job) company(people, groups int) (ids []string) {
	j.t.Helper()
	for n := range groups {
		id, err := j.entra.AddGroup(entratest.Group{DisplayName: fmt.Sprintf("team-%02d", n)})
		j.check(err)
		ids = append(ids, id)
	}
	for n := range people {
		name := fmt.Sprintf("person-%03d@example.com", n)
		id, err := j.entra.AddUser(entratest.User{UserPrincipalName: name, Mail: name, DisplayName: fmt.Sprint("Person ", n)})
		j.check(err)
		j.people = append(j.people, id)
		for k := range 1 + n%3 {
			j.check(j.entra.AddMember(ids[(n+7*k)%groups], id))
		}
	}
	return ids
}

// apply plans and applies until a step is done, again every two minutes: what
// isn't visible yet, and what a lost reply left unknown, is no error for a
// program that runs again.
func (j *job) apply(spec provision.Spec, until provision.Kind) *provision.Plan {
	j.t.Helper()
	for range 20 {
		plan, err := j.clients.Plan(j.t.Context(), spec)
		j.check(err)
		left, err := j.clients.Apply(j.t.Context(), plan, provision.ApplyOptions{})
		j.remember()
		j.log.Write([]byte(plan.String()))
		if left != nil {
			j.log.Write([]byte(left.String()))
		}
		if err != nil {
			j.say("apply: %v", err)
		} else if left.Step(until).Status == provision.StatusDone {
			return left
		}
		time.Sleep(2 * time.Minute)
	}
	j.t.Fatalf("the step %s isn't done after 40 minutes", until)
	return nil
}

// cycle lets 40 minutes pass at Entra ID, and everywhere.
func (j *job) cycle() {
	j.t.Helper()
	time.Sleep(40 * time.Minute)
	j.check(j.entra.Advance(j.t.Context(), 0))
}

// remember keeps the tokens in use, to look for them in all texts.
func (j *job) remember() {
	j.t.Helper()
	stored, err := scimtoken.Inspect(j.t.Context(), j.store)
	j.check(err)
	if stored == nil {
		return
	}
	for _, secret := range []scimtoken.Secret{stored.Secret, stored.NextSecret} {
		if text := secret.Reveal(); text != "" && !slices.Contains(j.secrets, text) {
			j.secrets = append(j.secrets, text)
		}
	}
}

// audit compares the tenant with the roster that Entra ID has now.
func (j *job) audit(plan *provision.Plan) *audit.Result {
	j.t.Helper()
	tenant, err := j.clients.Tenants.Get(j.t.Context(), plan.Tenant)
	j.check(err)
	stored, err := scimtoken.Inspect(j.t.Context(), j.store)
	j.check(err)
	client, err := j.clients.SCIM(tenant, stored.Secret)
	j.check(err)
	roster, err := j.half.Roster(j.t.Context(), entra.RosterOptions{})
	j.check(err)
	var findings []string
	result, err := audit.Run(j.t.Context(), client, roster, audit.Options{Mapping: plan.Mapping, Handle: func(m audit.Message) error {
		if m.Finding != nil {
			findings = append(findings, fmt.Sprint(*m.Finding))
		}
		return nil
	}})
	j.check(err)
	if !result.Clean() {
		j.t.Fatalf("the audit isn't clean: %v\n%s", result, strings.Join(findings[:min(len(findings), 5)], "\n"))
	}
	return result
}

// say writes a line of the transcript.
func (j *job) say(format string, args ...any) {
	j.t.Logf("%s  "+format, append([]any{j.entra.Now().Format("15:04")}, args...)...)
}

// stage ends a stage of the transcript, with the requests that it took, and keeps them to look for
// secrets.
func (j *job) stage(format string, args ...any) {
	graph, cloud, scim := 0, 0, 0
	for _, r := range j.entra.Requests() {
		graph++
		fmt.Fprintf(j.log, "%s %s %v %s\n", r.Method, r.Path, r.Query, r.Body)
	}
	for _, r := range j.google.Requests() {
		if strings.Contains(r.Path, "/v1alpha1/") {
			scim++
		} else {
			cloud++
		}
		fmt.Fprintf(j.log, "%s %s %v %v %s\n", r.Method, r.Path, r.Query, r.Header, r.Body)
	}
	j.entra.ClearRequests()
	j.google.ClearRequests()
	j.say(format+" (requests: %d to Graph, %d to Google Cloud, at least %d to SCIM)", append(args, graph, cloud, scim)...)
}

// lose makes both sides lose the reply to the next request of these, after it was done: "POST start".
func (j *job) lose(google, entra []string) {
	j.t.Helper()
	for _, f := range google {
		method, path, _ := strings.Cut(f, " ")
		j.check(j.google.Fail(scimtest.Fault{Method: method, Path: path, Kind: scimtest.FaultClose, AfterCommit: true}))
	}
	for _, f := range entra {
		method, path, _ := strings.Cut(f, " ")
		j.check(j.entra.Fail(entratest.Fault{Method: method, Path: path, Kind: entratest.FaultClose, AfterCommit: true}))
	}
}

// active reports whether the tenant has a person, and whether as an active one.
func (j *job) active(plan *provision.Plan, userName string) (there, active bool) {
	j.t.Helper()
	tenant, err := j.clients.Tenants.Get(j.t.Context(), plan.Tenant)
	j.check(err)
	stored, err := scimtoken.Inspect(j.t.Context(), j.store)
	j.check(err)
	client, err := j.clients.SCIM(tenant, stored.Secret)
	j.check(err)
	user, err := client.Users.Find(j.t.Context(), userName)
	if errors.Is(err, iamscim.ErrNotFound) || user == nil {
		return false, false
	}
	j.check(err)
	return true, user.Active == nil || *user.Active
}

// TestEndToEnd goes from an empty Google Cloud and a tenant of Entra ID without an app to a directory
// that is pushed, verified and switched on, and to the end of it. Replies get lost on both sides.
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := newJob(t, 500, 40)
		ctx := t.Context()

		j.lose([]string{"POST providers/*/scimTenants", "POST scimTenants/*/tokens"}, []string{
			"POST oauth2/v2.0/token", "POST applicationTemplates/*/instantiate", "POST synchronization/jobs", "POST jobs/*/validateCredentials",
			"PUT synchronization/secrets", "PUT jobs/*/schema", "POST servicePrincipals/*/appRoleAssignedTo", "POST jobs/*/start",
		})
		left := j.apply(j.spec, provision.KindIdentityProvider)
		j.stage("applied: Entra ID has an app, a job and 40 groups")
		j.once()

		j.lose([]string{"POST tenants/*/Users", "POST tenants/*/Groups", "PATCH Groups/*"}, nil)
		j.cycle()
		j.cycle() // what failed is tried again
		result := j.audit(left)
		j.stage("pushed: %d users, %d groups, %d memberships are as Entra ID has them", result.Checked.Users, result.Checked.Groups, result.Checked.Memberships)

		j.spec.Ready.Audit = result
		if left = j.apply(j.spec, provision.KindUsage); !left.Done() {
			t.Fatalf("after a clean audit there is something left:\n%s", left)
		}
		on, err := j.clients.Providers.Get(ctx, j.spec.Provider)
		j.check(err)
		j.stage("switched on: %s", on.SCIMUsage)

		report, err := j.clients.Doctor(ctx, provision.DoctorRequest{Spec: j.spec, Organization: j.google.Organization})
		j.check(err)
		if !report.Healthy() {
			t.Errorf("what was just switched on isn't healthy:\n%s", report)
		}

		j.lose([]string{"POST scimTenants/*/tokens"}, []string{"POST jobs/*/validateCredentials", "PUT synchronization/secrets"})
		before := len(j.secrets)
		for range 20 {
			rotation, err := j.clients.Rotate(ctx, j.spec)
			j.remember()
			if err == nil && rotation.Done {
				break
			}
			j.say("rotate: %v", err)
			time.Sleep(2 * time.Minute)
		}
		if len(j.secrets) == before {
			t.Fatal("there is no new token after 40 minutes")
		}
		j.check(j.entra.SetEnabled(j.people[0], false))
		j.cycle()
		if there, active := j.active(left, "person-000@example.com"); !there || active {
			t.Errorf("the leaver is there %v, active %v; want an inactive user", there, active)
		}
		status, err := j.half.Status(ctx)
		j.check(err)
		if len(status.Issues) > 0 || !status.Running {
			t.Errorf("with the new token the status is %+v, want a running job without issues", status)
		}
		j.stage("rotated, and the leaver is inactive")

		replaced, err := j.clients.Tenants.Get(ctx, left.Tenant)
		j.check(err)
		j.check(j.clients.Tenants.HardDelete(ctx, left.Tenant, scimtenant.HardDeleteOptions{WhileInUse: true}))
		report, err = j.clients.Doctor(ctx, provision.DoctorRequest{Spec: j.spec, Organization: j.google.Organization})
		j.check(err)
		j.say("doctor, without a tenant: %s", report)
		if report.Count(provision.SeverityError) == 0 {
			t.Errorf("without a tenant the doctor finds\n%s", report)
		}
		j.spec.Ready = provision.Ready{Users: []string{"person-001@example.com"}}
		left = j.apply(j.spec, provision.KindIdentityProvider)
		j.cycle()
		tenant, err := j.clients.Tenants.Get(ctx, left.Tenant)
		j.check(err)
		if tenant.UID() == replaced.UID() {
			t.Fatal("the tenant is the old one")
		}
		j.once()
		result = j.audit(left)
		j.stage("replaced: %d users, %d groups, %d memberships are in the new tenant", result.Checked.Users, result.Checked.Groups, result.Checked.Memberships)

		j.lose([]string{"DELETE providers/*/scimTenants/*"}, []string{"POST jobs/*/pause"})
		for range 5 {
			if err = j.clients.Teardown(ctx, j.spec.Provider, tenant.UID(), provision.TeardownOptions{IdentityProvider: j.half, OnStep: func(step string) { j.say("teardown: %s", step) }}); err == nil {
				break
			}
			time.Sleep(time.Minute)
		}
		j.check(err)
		off, err := j.clients.Providers.Get(ctx, j.spec.Provider)
		j.check(err)
		if off.SCIMUsage != iamscim.SCIMUsageNone || len(j.google.State().Tenants) > 0 {
			t.Errorf("after the teardown the usage is %s, and the tenants are %v", off.SCIMUsage, j.google.State().Tenants)
		}
		if status, err := j.half.Status(ctx); err != nil || status.Running {
			t.Errorf("after the teardown the job is %+v, %v; want it stopped", status, err)
		}
		for _, f := range j.google.UnusedFaults() {
			t.Errorf("a fault of Google Cloud never happened: %s", f)
		}
		for _, f := range j.entra.UnusedFaults() {
			t.Errorf("a fault of Entra ID never happened: %s", f)
		}
		j.stage("torn down")
		j.noSecrets()
	})
}

// once checks that nothing was made twice at Entra ID.
func (j *job) once() {
	j.t.Helper()
	apps := j.entra.Apps()
	if len(apps) != 1 || len(apps[0].Jobs) != 1 || len(apps[0].Assigned) != 40 {
		j.t.Fatalf("Entra ID has %+v, want one app with one job and 40 assignments", apps)
	}
}

// noSecrets checks that no log, plan and record of a request has a secret.
func (j *job) noSecrets() {
	j.t.Helper()
	texts := map[string]string{"logs, plans and requests": j.log.String(), "the apps of Entra ID": fmt.Sprintf("%+v", j.entra.Apps())}
	if len(j.secrets) < 4 {
		j.t.Fatalf("only %d secrets are known", len(j.secrets))
	}
	for name, text := range texts {
		if len(text) < 100 {
			j.t.Errorf("%s: %q, want more", name, text)
		}
		for i, secret := range append(j.secrets, "fake-signature") { // the end of each access token
			if strings.Contains(text, secret) {
				j.t.Errorf("%s have secret %d", name, i)
			}
		}
	}
}
