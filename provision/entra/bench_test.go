package entra_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
)

var benchUsers = flag.Int("users", 1000, "users of BenchmarkRoster; 100000 is the figure to quote")

// pages is a Graph whose pages of users are made beforehand.
type pages map[string][]byte

func newPages(n int) pages {
	p := pages{}
	for from := 0; from < n; from += 999 {
		var b bytes.Buffer
		b.WriteString(`{"@odata.context":"x"`)
		if from == 0 {
			fmt.Fprintf(&b, `,"@odata.count":%d`, n)
		}
		if from+999 < n {
			fmt.Fprintf(&b, `,"@odata.nextLink":"http://localhost/v1.0/users?$skiptoken=%d"`, from+999)
		}
		b.WriteString(`,"value":[`)
		for i := from; i < min(from+999, n); i++ {
			if i > from {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"id":"%s","userPrincipalName":"user%d@example.com","mail":"user%d@example.com","displayName":"User %d","accountEnabled":true}`, id(kindUser, i), i, i, i)
		}
		b.WriteString(`]}`)
		p[strconv.Itoa(from)] = b.Bytes()
	}
	return p
}

func (p pages) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(`{"value":[]}`)
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/servicePrincipals"):
		body = []byte(`{"value":[{"id":"` + principalID + `","displayName":"Google"}]}`)
	case strings.HasSuffix(path, "/users") && r.URL.Query().Get("$top") != "1":
		from := r.URL.Query().Get("$skiptoken")
		if from == "" {
			from = "0"
		}
		body = p[from]
	}
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// BenchmarkRoster reads the users of a directory, and compares the lists of the roster
// with holding the users. heap-B/user is what lives when the last user is read, beyond
// what lived before.
func BenchmarkRoster(b *testing.B) {
	n := *benchUsers
	graph := newPages(n)
	c, err := entra.New(entra.Config{TokenSource: static(graphToken), AppName: "Google", Endpoint: "http://localhost", HTTPClient: &http.Client{Transport: graph}})
	if err != nil {
		b.Fatal(err)
	}
	settings := []idp.Setting{{ID: "entra-external-id", Value: "objectId"}, {ID: "entra-user-name", Value: "userPrincipalName"}, {ID: "entra-work-email", Value: "mail"}}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, holding := range []bool{false, true} {
		name := map[bool]string{false: "lists", true: "holding"}[holding]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var most uint64
			for b.Loop() {
				r, err := c.Roster(b.Context(), entra.RosterOptions{Scope: entra.ScopeAll, Settings: settings})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				before := heap()
				b.StartTimer()
				var held []idp.User
				rows := 0
				err = idp.Each(r.Users, func(u idp.User) error {
					if holding {
						held = append(held, u)
					}
					if rows++; rows == n {
						b.StopTimer()
						if now := heap(); now > before {
							most = max(most, now-before)
						}
						b.StartTimer()
					}
					return nil
				})
				if err != nil || rows != n {
					b.Fatal(rows, err)
				}
				runtime.KeepAlive(held)
			}
			b.ReportMetric(float64(most)/float64(n), "heap-B/user")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/user")
		})
	}
}
