package scimclient

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"
)

// The benchmarks compare with what one would write by hand, in the same run:
// rounds of both alternate, and the medians are compared.

// benchUser is a user as the service returns one, with an attribute that has no
// field.
func benchUser(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"id":"2819c223-7f76-453a-919d-%012d","externalId":"701984-%d","userName":"user%d@example.com","active":true,"displayName":"Babs Jensen",`+
		`"name":{"formatted":"Ms. Barbara J Jensen, III","familyName":"Jensen","givenName":"Barbara","honorificPrefix":"Ms."},`+
		`"emails":[{"value":"user%d@example.com","type":"work","primary":true}],"phoneNumbers":[{"value":"555-555-5555","type":"work"}],`+
		`"addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA","postalCode":"91608","country":"US"}],`+
		`"locale":"en-US","timezone":"America/Los_Angeles","title":"Tour Guide","badge":{"number":%d,"colour":"red"},`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984","costCenter":"4130","department":"Tour Operations","manager":{"value":"26118915-6090-4610-87e4-49d8ca9f808d"}},`+
		`"meta":{"resourceType":"User","created":"2026-01-23T04:56:22Z","lastModified":"2026-05-13T04:42:34Z","location":"https://iamscim.googleapis.com/v1alpha1/tenants/u/Users/2819c223"}}`, i, i, i, i, i)
}

func benchPage(n int) []byte {
	users := make([]string, n)
	for i := range users {
		users[i] = benchUser(i)
	}
	return fmt.Appendf(nil, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,"Resources":[%s]}`, n, n, strings.Join(users, ","))
}

// compare alternates rounds of ours and theirs and reports the ratio of the
// medians, and how many more allocations ours makes.
func compare(b *testing.B, perRound int, ours, theirs func()) {
	b.Helper()
	const rounds = 10
	for range perRound {
		ours()
		theirs()
	}
	round := func(f func()) time.Duration {
		begin := time.Now()
		for range perRound {
			f()
		}
		return time.Since(begin) / time.Duration(perRound)
	}
	var mine, plain []time.Duration
	for b.Loop() {
		mine, plain = mine[:0], plain[:0]
		for range rounds {
			mine = append(mine, round(ours))
			plain = append(plain, round(theirs))
		}
	}
	slices.Sort(mine)
	slices.Sort(plain)
	m, p := mine[rounds/2], plain[rounds/2]
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(m.Nanoseconds()), "ns/ours")
	b.ReportMetric(float64(p.Nanoseconds()), "ns/plain")
	b.ReportMetric(float64(m)/float64(p), "x-plain")
	b.ReportMetric(testing.AllocsPerRun(perRound, ours)-testing.AllocsPerRun(perRound, theirs), "allocs-more")
}

// plainUser is what one would declare: the same fields, no methods.
type plainUser userFields

// BenchmarkGetUser reads one user over loopback.
func BenchmarkGetUser(b *testing.B) {
	body := []byte(benchUser(1))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		w.Write(body)
	}))
	defer s.Close()
	const id = "2819c223-7f76-453a-919d-000000000001"
	ctx := context.Background()
	c, err := New(s.URL, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"}), WithHTTPClient(s.Client()), WithRate(1_000_000_000))
	if err != nil {
		b.Fatal(err)
	}
	ours := func() {
		if u, err := c.Users.Get(ctx, id); err != nil || u.ID != id {
			b.Fatal(u, err)
		}
	}
	plain := func() {
		req, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/Users/"+id, nil)
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer t")
		req.Header.Set("Accept", mediaType)
		resp, err := s.Client().Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != 200 {
			b.Fatal(resp.Status)
		}
		var u plainUser
		if err := json.NewDecoder(resp.Body).Decode(&u); err != nil || u.ID != id {
			b.Fatal(u, err)
		}
	}
	compare(b, 300, ours, plain)
}

// BenchmarkDecodePage decodes a page of 100 users.
func BenchmarkDecodePage(b *testing.B) {
	body := benchPage(100)
	ours := func() {
		if err := checkSize(body); err != nil {
			b.Fatal(err)
		}
		if p, err := decodePage(body, decodeUser); err != nil || len(p.resources) != 100 {
			b.Fatal(err)
		}
	}
	plain := func() {
		var page struct {
			TotalResults int
			StartIndex   int
			Resources    []plainUser
		}
		if err := json.Unmarshal(body, &page); err != nil || len(page.Resources) != 100 {
			b.Fatal(err)
		}
	}
	compare(b, 30, ours, plain)
}

// BenchmarkConcurrentReads keeps 2,000 goroutines reading and reports the heap
// after a collection, early and late: it must not grow.
func BenchmarkConcurrentReads(b *testing.B) {
	body := []byte(benchUser(1))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) }))
	defer s.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 100, MaxConnsPerHost: 100}
	defer transport.CloseIdleConnections()
	c, err := New(s.URL, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"}), WithHTTPClient(&http.Client{Transport: transport}), WithRate(1_000_000_000))
	if err != nil {
		b.Fatal(err)
	}
	const readers = 2000
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	wave := func() {
		var wg sync.WaitGroup
		for range readers {
			wg.Go(func() {
				for range 5 {
					if _, err := c.Users.Get(context.Background(), "2819c223-7f76-453a-919d-000000000001"); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	wave()
	early := heap()
	for b.Loop() {
		wave()
	}
	b.ReportMetric(early/(1<<20), "MiB-early")
	b.ReportMetric(heap()/(1<<20), "MiB-late")
	b.ReportMetric(float64(b.N*readers*5)/b.Elapsed().Seconds(), "reads/s")
}
