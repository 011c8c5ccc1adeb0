package scimtest_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/iamscim/iamscim/scimtest"
	"google.golang.org/api/iam/v1"
)

// scaleUsers is the size of the tenant in the benchmarks; a tenth as many groups have ten
// members for each user.
//
//	go test ./scimtest -run - -bench Scale -users 100000
var scaleUsers = flag.Int("users", 2000, "users in scale benchmarks")

// scaleAddress is what the process of the fake tells the benchmark.
type scaleAddress struct {
	URL, Path, Token, Group string
	Users, Groups           []string // IDs
}

// scaleProcess makes this test binary the process of the fake. Its value is the number of users.
const scaleProcess = "SCIMTEST_SCALE_PROCESS"

func TestMain(m *testing.M) {
	if text := os.Getenv(scaleProcess); text != "" {
		if err := serveScale(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// serveScale serves a filled tenant until standard input ends.
func serveScale(text string) error {
	users, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	srv := scimtest.New(scimtest.WithSyncerGranted())
	if err := srv.AddPool(testPool()); err != nil {
		return err
	}
	if err := srv.AddProvider(testProvider("entra")); err != nil {
		return err
	}
	tenant, err := srv.AddTenant(testTenant())
	if err != nil {
		return err
	}
	token, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tokenName})
	if err != nil {
		return err
	}
	base, err := url.Parse(tenant.BaseUri)
	if err != nil {
		return err
	}
	at := scaleAddress{Path: base.Path, Token: token.SecurityToken}
	for i := range users {
		id, err := srv.AddUser(tenantName, scaleUser(i))
		if err != nil {
			return err
		}
		at.Users = append(at.Users, id)
	}
	for i := range max(users/10, 1) {
		var members strings.Builder
		for j := range 100 {
			fmt.Fprintf(&members, `,{"value":%q}`, at.Users[(i*100+j*7919)%users])
		}
		id, err := srv.AddGroup(tenantName, fmt.Appendf(nil, `{"externalId":"g%d","displayName":"Group %d","members":[%s]}`, i, i, members.String()[1:]))
		if err != nil {
			return err
		}
		at.Groups = append(at.Groups, id)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at.URL = "http://" + l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	if err := json.NewEncoder(os.Stdout).Encode(at); err != nil {
		return err
	}
	io.Copy(io.Discard, os.Stdin)
	srv.Close()
	return <-served
}

func scaleUser(i int) []byte {
	return fmt.Appendf(nil, `{"externalId":"ext%d","userName":"user%d@contoso.example","active":true,"displayName":"Given%d Family%d","emails":[{"primary":true,"type":"work","value":"user%d@contoso.example"}],"name":{"formatted":"Given%d Family%d","familyName":"Family%d","givenName":"Given%d"},"title":"Engineer","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","department":"Department %d"}}`,
		i, i, i, i, i, i, i, i, i, i, i%100)
}

// BenchmarkScaleLookup sends lookups by each indexed attribute over 64 connections to the fake in
// a process of its own, on the same cores as the client.
func BenchmarkScaleLookup(b *testing.B) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), scaleProcess+"="+strconv.Itoa(*scaleUsers))
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		stdin.Close()
		if err := child.Wait(); err != nil {
			b.Errorf("the process of the fake: %v", err)
		}
	}()
	var at scaleAddress
	if err := json.NewDecoder(stdout).Decode(&at); err != nil {
		b.Fatal(err)
	}
	filter := func(collection, format string, args ...any) string {
		return "/" + collection + "?filter=" + url.QueryEscape(fmt.Sprintf(format, args...))
	}
	for _, row := range []struct {
		name  string
		query func(i int) string
	}{
		{"get", func(i int) string { return "/Users/" + at.Users[i] }},
		{"id", func(i int) string { return filter("Users", "id eq %q", at.Users[i]) }},
		{"userName", func(i int) string { return filter("Users", `userName eq "USER%d@contoso.example"`, i) }},
		{"externalId", func(i int) string { return filter("Users", `externalId eq "ext%d"`, i) }},
		{"email", func(i int) string {
			return filter("Users", `emails[type eq "work"].value eq "user%d@contoso.example"`, i)
		}},
		{"displayName", func(i int) string { return filter("Groups", `displayName eq "Group %d"`, i%len(at.Groups)) }},
		{"member", func(i int) string {
			return filter("Groups", "id eq %q and members eq %q", at.Groups[i%len(at.Groups)], at.Users[i])
		}},
		{"groupsOf", func(i int) string { return filter("Groups", "members eq %q", at.Users[i]) }},
	} {
		b.Run(row.name, func(b *testing.B) { at.lookups(b, row.query) })
	}
}

// lookups sends GETs over 64 connections.
func (at scaleAddress) lookups(b *testing.B, query func(i int) string) {
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	b.SetParallelism(max(64/runtime.GOMAXPROCS(0), 1))
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			path := query(int(n.Add(1)*7919) % len(at.Users))
			req, err := http.NewRequest("GET", at.URL+at.Path+path, nil)
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("Authorization", "Bearer "+at.Token)
			resp, err := transport.RoundTrip(req)
			if err != nil {
				b.Error(err)
				return
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				b.Errorf("GET %s = %d, want 200", path, resp.StatusCode)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
}
