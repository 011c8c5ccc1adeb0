package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimtest"
)

// TestLiveDemo: the audits of the demo find exactly what was planted, and the
// identity provider says why.
func TestLiveDemo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args string
		want []string
	}{
		{"audit -demo -roster okta", []string{
			"8 errors were planted. The audit found exactly those.", "Why, as Okta says:",
			"failure at export (application.provision.user.push) on 2026-11-24 06:00 UTC: Error while creating user: Bad Request.",
			"failure at export (ERROR) on 2026-11-24 06:10 UTC: Failed on 11-24-2026", "skipped at scope (PROVISIONED/SYNCHRONIZED) on 2026-11-24 06:00 UTC: the Okta user is SUSPENDED",
			"to mend: Admin Console > Dashboard > Tasks", "Nothing was changed.",
		}},
		{"audit -demo -roster entra", []string{
			"5 errors were planted. The audit found exactly those.", "Why, as Microsoft Entra ID says:", "failure at export (WebExceptionProtocolError)", "a user must have exactly one email",
			"success at export", "to mend: compare the mapped attributes", "Nothing was changed.",
			"Not pushed, because Microsoft Entra ID pushes direct members only:\n",
		}},
		{"audit -demo -roster okta -why 2", []string{"It was asked about 2 users and groups"}},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			status, stdout, stderr := call(t, strings.Fields(tt.args+" -quiet")...)
			if status != exitClean || stderr != "" {
				t.Fatalf("exit status %d\n%s\n%s", status, stderr, stdout)
			}
			for _, want := range tt.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("the output lacks %q:\n%s", want, stdout)
				}
			}
		})
	}
	if status, stdout, _ := call(t, "audit", "-demo", "-roster", "okta", "-why", "0"); status != exitClean || strings.Contains(stdout, "Why, as") {
		t.Errorf("-why 0: exit status %d\n%s", status, stdout)
	}
}

// serveOkta serves an organization and a tenant that has all of it, and returns the
// flags of an audit.
func serveOkta(t *testing.T) (o *oktafake.Okta, d *demo, srv *scimtest.Server, args []string, dir string) {
	t.Helper()
	d = newDemo()
	o = &oktafake.Okta{}
	d.users, d.groups, d.members, d.mapping = d.users[:20], d.groups[:1], nil, claimmap.Recommended(claimmap.Okta)
	inTenant := d.inTenant
	d.inTenant, d.hasMember = nil, map[idp.Membership]bool{}
	d.groups[0].Key, d.groups[0].ExternalID, d.hasGroup = "00g00000000000000001", "", map[string]bool{"00g00000000000000001": true}
	group := oktafake.Group{ID: d.groups[0].Key, Name: d.groups[0].DisplayName, Push: "ACTIVE", LastPush: "2026-11-24T06:10:00.000Z"}
	d.inTenant = inTenant
	for key := range d.inTenant {
		if key > d.users[19].Key {
			delete(d.inTenant, key)
		}
	}
	for i, u := range d.users {
		id := fmt.Sprintf("00u%017d", i)
		d.inTenant[id] = d.inTenant[u.Key]
		delete(d.inTenant, u.Key)
		d.inTenant[id].ExternalID = id
		group.Members = append(group.Members, id)
		d.hasMember[idp.Membership{Group: group.ID, User: id}] = true
		o.People = append(o.People, oktafake.Person{ID: id, Login: u.UserName, Email: u.Emails[0], Name: u.DisplayName, Assigned: true})
	}
	o.Groups = []oktafake.Group{group}
	srv = scimtest.Start(t, scimtest.WithSyncerGranted())
	base, err := d.serve(srv)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range o.People {
		o.People[i].SCIMID = d.ids[p.ID]
	}
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	dir = t.TempDir()
	write(t, filepath.Join(dir, "scim-token"), demoToken)
	write(t, filepath.Join(dir, "okta-token"), oktafake.Token+"\n")
	return o, d, srv, []string{
		"audit", "-base-uri", base, "-token-file", filepath.Join(dir, "scim-token"), "-mapping", d.mapping.String(), "-rate", "600000", "-settle", "1ms",
		"-roster", "okta", "-okta-org", s.URL, "-okta-app", oktafake.App, "-okta-token-file", filepath.Join(dir, "okta-token"),
	}, dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLiveRoster audits over real connections: a clean tenant, a tenant that lacks
// somebody, and an organization that answers half.
func TestLiveRoster(t *testing.T) {
	t.Parallel()
	o, d, srv, args, dir := serveOkta(t)
	status, stdout, stderr := call(t, args...)
	if status != exitClean || !strings.Contains(stdout, "Clean: the tenant is as the roster says.") || stderr != "" {
		t.Fatalf("exit status %d\n%s\n%s", status, stderr, stdout)
	}
	searches := 0
	for _, r := range srv.Requests() {
		if strings.HasSuffix(r.Path, "/Users") && strings.Contains(r.Query.Get("filter"), "userName") {
			searches++
		}
	}
	if searches != 0 {
		t.Errorf("%d users were looked up by name, and Okta knows their SCIM IDs", searches)
	}

	if status, stdout, stderr := call(t, append(args, "-estimate")...); status != exitClean || strings.Contains(stdout, "Clean") || stdout == "" {
		t.Errorf("-estimate: exit status %d\n%s\n%s", status, stderr, stdout)
	}

	// The same by a spec.
	spec := filepath.Join(dir, "spec.yaml")
	write(t, spec, fmt.Sprintf("provider: %s\nidentityProvider:\n  okta:\n    org: %s\n    app: %s\n    tokenFile: %s\n", demoProvider, args[14], oktafake.App, filepath.Join(dir, "okta-token")))
	bySpec := append(append([]string{}, args[:11]...), "-roster", "okta", "-spec", spec)
	if status, stdout, stderr := call(t, bySpec...); status != exitClean {
		t.Errorf("-spec: exit status %d\n%s\n%s", status, stderr, stdout)
	}

	// Somebody is missing, and Okta knows why.
	client := &job{flags: &flags{}}
	if err := client.connect(srv, d.base); err != nil {
		t.Fatal(err)
	}
	if err := client.client.Users.Delete(t.Context(), o.People[3].SCIMID); err != nil {
		t.Fatal(err)
	}
	o.Do(func() {
		o.People[3].SyncState = "ERROR"
		o.Events = []oktafake.Event{{Person: o.People[3].ID, Type: "application.provision.user.push", Result: "FAILURE", Reason: "400 \x1b[31mred", Published: "2026-11-24T06:00:07.000Z"}}
	})
	status, stdout, stderr = call(t, args...)
	if status != exitFindings || !strings.Contains(stdout, "user-missing user0003@example.com\n  failure at export (application.provision.user.push) on 2026-11-24 06:00 UTC: 400 [31mred\n") {
		t.Errorf("exit status %d\n%s\n%s", status, stderr, stdout)
	}

	// The audit of half a roster isn't begun.
	before := len(srv.Requests())
	o.Do(func() {
		o.Intercept = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/users") || r.URL.Query().Get("limit") != "500" {
				return false
			}
			fmt.Fprint(w, `{"users":[]}`)
			return true
		}
	})
	status, stdout, stderr = call(t, args...)
	if status != exitFailed || stdout != "" || !strings.Contains(stderr, "the roster of Okta: ") || len(srv.Requests()) != before {
		t.Errorf("exit status %d, %d requests to the tenant\n%s\n%s", status, len(srv.Requests())-before, stderr, stdout)
	}

	// Nobody is assigned any more: that's no reason to call the tenant clean.
	people := o.People
	o.Do(func() { o.Intercept, o.People, o.Groups[0].Members = nil, nil, nil })
	status, stdout, stderr = call(t, args...)
	if status != exitRefused || stdout != "" || !strings.Contains(stderr, "the roster is refused") {
		t.Errorf("nobody is assigned: exit status %d\n%s\n%s", status, stderr, stdout)
	}
	o.Do(func() { o.People = people })

	// Okta counts more members than it lists.
	o.Do(func() { o.Groups[0].Count = new(5) })
	if status, _, stderr := call(t, args...); status != exitFailed || !strings.Contains(stderr, "Okta lists 0 members, and says that there are 5") {
		t.Errorf("a wrong count: exit status %d\n%s", status, stderr)
	}
	if status, stdout, stderr := call(t, append(args, "-okta-ignore-counts")...); status != exitFindings || strings.Contains(stderr, "says that there are") {
		t.Errorf("-okta-ignore-counts: exit status %d\n%s\n%s", status, stderr, stdout)
	}
	o.Do(func() { o.Groups[0].Count = nil })

	// A permission is missing.
	o.Do(func() { o.Intercept, o.Denied = nil, []string{"okta.users.read"} })
	status, _, stderr = call(t, args...)
	if status != exitFailed || !strings.Contains(stderr, "okta.users.read") || strings.Contains(stderr, oktafake.Token) {
		t.Errorf("exit status %d\n%s", status, stderr)
	}
	if status, _, stderr := call(t, append(args, "-okta-app-only", "-why", "0")...); status != exitFindings || stderr != "" {
		t.Errorf("-okta-app-only: exit status %d\n%s", status, stderr)
	}
}

// TestLiveEnvironment: credentials come from the environment, and no copy of the
// roster is left.
func TestLiveEnvironment(t *testing.T) {
	o, _, _, args, dir := serveOkta(t)
	copies := filepath.Join(dir, "copies")
	if err := os.Mkdir(copies, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", copies)
	t.Setenv(envOktaAPIToken, oktafake.Token)
	t.Setenv(envOktaAccessToken, "")
	args = args[:len(args)-2] // without -okta-token-file
	if status, stdout, stderr := call(t, args...); status != exitClean {
		t.Errorf("an API token: exit status %d\n%s\n%s", status, stderr, stdout)
	}
	o.Do(func() { o.Scopes = []string{"okta.apps.read", "okta.groups.read", "okta.users.read"} })
	t.Setenv(envOktaAPIToken, "")
	t.Setenv(envOktaAccessToken, oktafake.Token)
	if status, stdout, stderr := call(t, args...); status != exitClean {
		t.Errorf("an access token: exit status %d\n%s\n%s", status, stderr, stdout)
	}
	o.Do(func() { o.Scopes = o.Scopes[:1] })
	if status, _, stderr := call(t, args...); status != exitFailed || !strings.Contains(stderr, "grant okta.groups.read, okta.users.read to the app") {
		t.Errorf("too few scopes: exit status %d\n%s", status, stderr)
	}
	if left, err := os.ReadDir(copies); err != nil || len(left) != 0 {
		t.Errorf("copies of the roster are left: %v, %v", left, err)
	}
}

func TestLiveFlags(t *testing.T) {
	for _, name := range []string{envOktaAPIToken, envOktaAccessToken, envEntraTenant, envEntraClient, envEntraSecret} {
		t.Setenv(name, "")
	}
	dir := t.TempDir()
	empty, token := filepath.Join(dir, "empty"), filepath.Join(dir, "token")
	write(t, empty, " \n")
	write(t, token, "fake-token")
	need := "-base-uri https://iamscim.googleapis.com/v1alpha1/tenants/uid -token-file " + token + " -mapping google.subject=user.externalId,google.group=group.displayName "
	tests := []struct{ args, want string }{
		{need + "-roster ldap", `-roster is "ldap": must be files, entra or okta`},
		{need + "-roster okta -users x.csv", "-users is for files, and -roster is okta"},
		{need + "-roster okta -entra-app x", "-entra-app goes with -roster entra, and without -spec"},
		{need + "-users x.csv -okta-app x", "-okta-app goes with -roster okta"},
		{need + "-users x.csv -why 3", "-why goes with -roster entra or okta"},
		{need + "-roster okta -why -1", "-why is -1"},
		{need + "-roster okta -spec s -okta-org x", "-okta-org goes with -roster okta, and without -spec"},
		{"-demo -roster okta -okta-org https://x", "-demo has an identity provider of its own: leave out -okta-org"},
		{need + "-roster okta -okta-token-file " + token, "-okta-org: required\n-okta-app: must be the app's ID"},
		{need + "-roster okta -okta-org http://example.okta.com -okta-app " + oktafake.App + " -okta-token-file " + token, "-okta-org: must be an address like https://example.okta.com: the token is sent there"},
		{need + "-roster okta -okta-token-file " + empty, "-okta-token-file: " + empty + " is empty"},
		{need + "-roster okta -okta-token-file " + dir + "/no", "-okta-token-file: open " + dir + "/no: no such file"},
		{need + "-roster okta", "-okta-token-file: there is no token: name a file, or set OKTA_API_TOKEN or OKTA_ACCESS_TOKEN"},
		{need + "-roster entra", "-entra-secret-file: there is no client secret: name a file, or set AZURE_CLIENT_SECRET"},
		{need + "-roster entra -entra-secret-file " + token + " -entra-tenant contoso.example -entra-client x", "-entra-client: must be an application ID"},
		{need + "-roster okta -spec " + dir + "/no", "no such file"},
		{need + "-roster okta -spec " + token, token},
	}
	for _, tt := range tests {
		status, stdout, stderr := call(t, append([]string{"audit"}, strings.Fields(tt.args)...)...)
		if status != exitFailed || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: exit status %d\n%s%s\nwant %q", tt.args, status, stderr, stdout, tt.want)
		}
	}
}

// TestSpecIdentity: a spec names the identity provider, and each fault has its line.
func TestSpecIdentity(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	write(t, token, "fake-token")
	const head = "provider: locations/global/workforcePools/acme-pool/providers/okta\nvendor: OKTA\nusage: ENABLED_FOR_GROUPS\nidentityProvider:\n"
	s, err := readSpec("spec.yaml", strings.NewReader(head+"  okta:\n    org: https://example.okta.com\n    app: "+oktafake.App+"\n    tokenFile: "+token+"\n"))
	if err != nil || s.IdentityProvider == nil {
		t.Errorf("okta: %v", err)
	}
	s, err = readSpec("spec.yaml", strings.NewReader(head+"  entra:\n    tenant: contoso.example\n    client: 11111111-2222-3333-4444-555555555555\n    app: Google Cloud\n    secretFile: "+token+"\n    assign: [11111111-2222-3333-4444-555555555555]\n"))
	if err != nil || s.IdentityProvider == nil {
		t.Errorf("entra: %v", err)
	}
	for _, tt := range []struct{ text, want string }{
		{"  okta:\n    org: example.okta.com\n    tokenFile: " + token + "\n", "spec.yaml:6: identityProvider.okta.org: must be an address like https://example.okta.com, without a path\nspec.yaml:5: identityProvider.okta.app: must be the app's ID, as 0oa1gjh63g214q0Hq0g4: it's in the address of the app's page"},
		{"  okta: {org: x, tokenFile: " + dir + "/no}\n", "spec.yaml:5: identityProvider.okta.tokenFile: open " + dir + "/no: no such file or directory"},
		{"  okta: {token: fake-token}\n", "spec.yaml:5: field token is unknown"},
		{"  ldap: {}\n", "spec.yaml:5: field ldap is unknown"},
		{"  {}\n", "identityProvider: names neither okta nor entra"},
		{"  okta: {}\n  entra: {}\n", "identityProvider: okta and entra are both named"},
		{"  entra: {tenant: x, secretFile: " + token + "}\n", "spec.yaml:5: identityProvider.entra.tenant: must be a directory ID"},
	} {
		_, err := readSpec("spec.yaml", strings.NewReader(head+tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "fake-token") {
			t.Errorf("%s: %v, want\n%s", tt.text, err, tt.want)
		}
	}
	if diff := cmp.Diff("names neither okta nor entra", func() string { _, faults := (identityFile{}).open(); return faults[0].text }()); diff != "" {
		t.Error(diff)
	}
}

// The README's spec names an identity provider that can be used.
func TestREADMEIdentity(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```yaml\nidentityProvider:\n")
	block, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the README shows no identityProvider")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "okta-token"), "fake-token")
	name := filepath.Join(dir, "spec.yaml")
	write(t, name, "provider: "+demoProvider+"\nidentityProvider:\n"+strings.Replace(block, "okta-token", filepath.Join(dir, "okta-token"), 1))
	file, err := readIdentity(name)
	if err != nil {
		t.Fatal(err)
	}
	if half, faults := file.open(); half == nil || faults != nil {
		t.Errorf("open() = %v, %v", half, faults)
	}
}

// TestLiveResume: an audit that was interrupted goes on with the roster that it began
// with, although the identity provider has another one by now.
func TestLiveResume(t *testing.T) {
	t.Parallel()
	o, _, srv, args, dir := serveOkta(t)
	checkpoint := filepath.Join(dir, "checkpoint")
	args = append(args, "-checkpoint", checkpoint)
	if err := srv.Fail(scimtest.Fault{Path: "/v1alpha1/tenants/*/Users/*", Skip: 10, Times: 1000, Status: 401}); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr := call(t, args...); status != exitFailed || !strings.Contains(stdout+stderr, "Resume it from") {
		t.Fatalf("exit status %d\n%s\n%s", status, stderr, stdout)
	}
	srv.ClearFaults()
	if info, err := os.Stat(checkpoint + ".roster"); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the roster of the audit: %v, %v", info, err)
	}
	if status, _, stderr := call(t, args...); status != exitFailed || !strings.Contains(stderr, "an audit was interrupted") {
		t.Errorf("without -resume: exit status %d\n%s", status, stderr)
	}
	o.Do(func() { o.People[7].Name = "Somebody Else" })
	if status, stdout, stderr := call(t, append(args, "-resume")...); status != exitClean || !strings.Contains(stdout, "Clean") {
		t.Errorf("-resume: exit status %d\n%s\n%s", status, stderr, stdout)
	}
	for _, name := range []string{checkpoint, checkpoint + ".roster"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is left: %v", filepath.Base(name), err)
		}
	}
	// A directory of somebody else stays.
	if err := os.Mkdir(checkpoint+".roster", 0o755); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := call(t, args...); status != exitFailed {
		t.Errorf("with a directory of somebody else: exit status %d", status)
	}
	if _, err := os.Stat(checkpoint + ".roster"); err != nil {
		t.Error(err)
	}
}
