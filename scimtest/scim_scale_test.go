package scimtest

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/api/iam/v1"
)

// scale is the part of the largest tenant that the scale benchmarks fill:
// 1 is 500,000 users, 50,000 groups and 5,000,000 memberships.
//
//	go test ./scimtest -run - -bench Scale -benchtime 1x -scale 1
var scale = flag.Float64("scale", 0.01, "size of the tenant in scale benchmarks; 1 is 500,000 users")

// bytesPerUser is what a user may cost in memory, groups and memberships
// included.
const bytesPerUser = 1536

type scaleTenant struct {
	users, groups, memberships int
	dir                        *directory
	userIDs                    []string
}

// statusOnly is a ResponseWriter that keeps the status only.
type statusOnly struct {
	header http.Header
	status int
}

func (d *statusOnly) Header() http.Header         { return d.header }
func (d *statusOnly) WriteHeader(status int)      { d.status = status }
func (d *statusOnly) Write(b []byte) (int, error) { return len(b), nil }

// serve sends a request to the directory without a network.
func (s *scaleTenant) serve(tb testing.TB, method, path, body string, want int) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/scim+json")
	w := &statusOnly{header: http.Header{}}
	s.dir.ServeHTTP(w, r)
	if w.status != want {
		tb.Errorf("%s %s = %d, want %d", method, path, w.status, want)
	}
}

func scaleUser(i int) string {
	return fmt.Sprintf(`{"schemas":[%q,%q],"externalId":"%08x-77c2-4f2c-9d53-0c3b5bd0a1f7","userName":"user%06d@contoso.example","active":true,"displayName":"Given%d Family%d","emails":[{"primary":true,"type":"work","value":"user%06d@contoso.example"}],"meta":{"resourceType":"User"},"name":{"formatted":"Given%d Family%d","familyName":"Family%d","givenName":"Given%d"},"title":"Engineer","preferredLanguage":"en-US",%q:{"employeeNumber":"%d","department":"Department %d"}}`,
		urnUser, urnEnterprise, i, i, i, i, i, i, i, i, i, urnEnterprise, i, i%100)
}

// newScaleTenant fills a directory through its HTTP handler, as an identity
// provider does: one POST per user and group, memberships by PATCH of 100.
func newScaleTenant(tb testing.TB) *scaleTenant {
	s := &scaleTenant{
		users:       max(int(500_000**scale), 200),
		groups:      max(int(50_000**scale), 20),
		memberships: max(int(5_000_000**scale), 2000),
	}
	var next atomic.Int64
	s.dir = newDirectory(directoryConfig{mapping: testMapping, newID: func() string {
		return scaleID(int(next.Add(1)))
	}})
	parallel := func(n int, do func(i int)) {
		var wg sync.WaitGroup
		var at atomic.Int64
		for range runtime.GOMAXPROCS(0) {
			wg.Go(func() {
				for i := int(at.Add(1)) - 1; i < n; i = int(at.Add(1)) - 1 {
					do(i)
				}
			})
		}
		wg.Wait()
	}
	parallel(s.users, func(i int) { s.serve(tb, "POST", "/Users", scaleUser(i), http.StatusCreated) })
	parallel(s.groups, func(i int) {
		s.serve(tb, "POST", "/Groups", fmt.Sprintf(`{"schemas":[%q],"externalId":"%08x-9b1d-4b7e-b1a5-5d2f6e3c4a10","displayName":"Group %d"}`, urnGroup, i, i), http.StatusCreated)
	})
	var groupIDs []string
	for _, rec := range s.dir.store.all(false) {
		s.userIDs = append(s.userIDs, rec.id)
	}
	for _, rec := range s.dir.store.all(true) {
		groupIDs = append(groupIDs, rec.id)
	}
	// The largest group holds every tenth user, the others share the rest.
	const batch = 100
	parallel(s.memberships/batch, func(i int) {
		g, from := groupIDs[0], i*batch
		if from >= s.users/10 {
			g = groupIDs[1+i%(s.groups-1)]
			from = int(rand.New(rand.NewPCG(uint64(i), 1)).Uint32())
		}
		var b strings.Builder
		for j := range batch {
			fmt.Fprintf(&b, `,{"value":%q}`, s.userIDs[(from+j*7919)%s.users])
		}
		s.serve(tb, "PATCH", "/Groups/"+g, patchOps(`{"op":"add","path":"members","value":[`+b.String()[1:]+`]}`), http.StatusOK)
	})
	return s
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkScaleLoad fills a tenant and reports what a user costs.
func BenchmarkScaleLoad(b *testing.B) {
	for b.Loop() {
		before := heap()
		start := time.Now()
		s := newScaleTenant(b)
		elapsed := time.Since(start)
		ids := uint64(len(s.userIDs)) * 64
		perUser := float64(heap()-before-ids) / float64(s.users)
		links := 0
		for _, rec := range s.dir.store.all(true) {
			links += len(rec.members)
		}
		b.ReportMetric(perUser, "B/user")
		b.ReportMetric(elapsed.Seconds(), "s/load")
		b.ReportMetric(float64(s.users), "users")
		b.ReportMetric(float64(links), "memberships")
		if perUser > bytesPerUser {
			b.Errorf("a user costs %.0f bytes, want at most %d", perUser, bytesPerUser)
		}
		runtime.KeepAlive(s)
	}
}

// scaleServer puts the directory behind a whole server, which finds the
// tenant, checks the token and records each request.
func scaleServer(d *directory) (*Server, scaleAddress, error) {
	srv := New(WithSyncerGranted())
	const pool = "locations/global/workforcePools/scale-pool"
	err := errors.Join(
		srv.AddPool(&iam.WorkforcePool{Name: pool, Parent: "organizations/" + DefaultOrganization}),
		srv.AddProvider(&iam.WorkforcePoolProvider{
			Name:             pool + "/providers/entra",
			AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{IssuerUri: "https://idp.example", ClientId: "c",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS"}},
		}),
	)
	if err != nil {
		return nil, scaleAddress{}, err
	}
	tenant, err := srv.AddTenant(&iam.WorkforcePoolProviderScimTenant{Name: pool + "/providers/entra/scimTenants/tenant-a", ClaimMapping: testMapping})
	if err != nil {
		return nil, scaleAddress{}, err
	}
	key, err := srv.AddToken(&iam.WorkforcePoolProviderScimToken{Name: tenant.Name + "/tokens/token-a"})
	if err != nil {
		return nil, scaleAddress{}, err
	}
	srv.mu.Lock()
	srv.st.directories[tenant.Name] = d
	srv.mu.Unlock()
	base, err := url.Parse(tenant.BaseUri)
	return srv, scaleAddress{Path: base.Path, Token: key.SecurityToken}, err
}

// scaleAddress is what the process of the fake tells the benchmark.
type scaleAddress struct {
	URL, Path, Token, Group string
	Users, Groups           int
}

// scaleProcess makes this test binary the process of the fake: its value is the
// scale.
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
	var err error
	if *scale, err = strconv.ParseFloat(text, 64); err != nil {
		return err
	}
	s := newScaleTenant(panicTB{})
	srv, address, err := scaleServer(s.dir)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address.URL, address.Users, address.Groups = "http://"+l.Addr().String(), s.users, s.groups
	for _, rec := range s.dir.store.all(true) {
		address.Group = rec.id
		break
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	if err := json.NewEncoder(os.Stdout).Encode(address); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	srv.Close()
	return <-served
}

// panicTB fails a process that is no test.
type panicTB struct{ testing.TB }

func (panicTB) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// startScaleProcess starts the fake in a process of its own.
func startScaleProcess(b *testing.B) scaleAddress {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), scaleProcess+"="+strconv.FormatFloat(*scale, 'g', -1, 64))
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
	b.Cleanup(func() {
		_ = stdin.Close()
		if err := child.Wait(); err != nil {
			b.Errorf("the process of the fake: %v", err)
		}
	})
	var address scaleAddress
	if err := json.NewDecoder(stdout).Decode(&address); err != nil {
		b.Fatal(err)
	}
	return address
}

// scaleID is the id of the n-th resource made, from 1; users are made first.
func scaleID(n int) string { return fmt.Sprintf("%08x-5a1e-4c7b-8f00-acde48001122", n) }

// BenchmarkScaleLookup sends lookups by each indexed attribute over 64
// keep-alive connections to the fake in a process of its own, on the same cores
// as the client.
func BenchmarkScaleLookup(b *testing.B) {
	at := startScaleProcess(b)
	rows := []struct {
		name  string
		query func(i int) string
	}{
		{"id", func(i int) string { return "/Users?filter=" + escape(fmt.Sprintf(`id eq %q`, scaleID(1+i))) }},
		{"get", func(i int) string { return "/Users/" + scaleID(1+i) }},
		{"userName", func(i int) string {
			return "/Users?filter=" + escape(fmt.Sprintf(`userName eq "user%06d@contoso.example"`, i))
		}},
		{"externalId", func(i int) string {
			return "/Users?filter=" + escape(fmt.Sprintf(`externalId eq "%08x-77c2-4f2c-9d53-0c3b5bd0a1f7"`, i))
		}},
		{"displayName", func(i int) string {
			return "/Groups?filter=" + escape(fmt.Sprintf(`displayName eq "Group %d"`, i%at.Groups))
		}},
		{"emails", func(i int) string {
			return "/Users?filter=" + escape(fmt.Sprintf(`emails[type eq "work"].value eq "user%06d@contoso.example"`, i))
		}},
		{"member", func(i int) string {
			return "/Groups?filter=" + escape(fmt.Sprintf(`id eq %q and members eq %q`, at.Group, scaleID(1+i)))
		}},
		{"groupsOf", func(i int) string { return "/Groups?filter=" + escape(fmt.Sprintf(`members eq %q`, scaleID(1+i))) }},
	}
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) { at.lookups(b, row.query) })
	}
}

// BenchmarkScaleFilter compares a filter that an index answers with one that
// looks at every user, without a network.
func BenchmarkScaleFilter(b *testing.B) {
	s := newScaleTenant(b)
	for _, row := range []struct{ name, filter string }{
		{"indexed", `userName eq "user000001@contoso.example"`},
		{"scan", `title eq "nobody"`},
	} {
		b.Run(row.name, func(b *testing.B) {
			path := "/Users?filter=" + escape(row.filter)
			for b.Loop() {
				s.serve(b, "GET", path, "", http.StatusOK)
			}
		})
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
			i := int(n.Add(1)*7919) % at.Users
			req, err := http.NewRequest("GET", at.URL+at.Path+query(i), nil)
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
				b.Errorf("GET %s = %d, want 200", query(i), resp.StatusCode)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lookups/s")
}
