package okta_test

import (
	"flag"
	"runtime"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

var full = flag.Bool("okta.full", false, "run the benchmarks with 100,000 users instead of 1,000")

// BenchmarkRoster compares reading a large organization into a copy with holding
// its users. peak-MB is the heap in use after each page, less that of the
// organization in memory.
func BenchmarkRoster(b *testing.B) {
	n := 1000
	if *full {
		n = 100_000
	}
	o := acme(n)
	for i := range o.People {
		o.People[i].Name += strings.Repeat(" of the department with a long name", 3)
	}
	o.PerMinute = 1 << 30
	measure := func(b *testing.B, read func(r idp.Roster, look func()) error) {
		var before, now runtime.MemStats
		for b.Loop() {
			r, err := start(b, o).Roster(b.Context(), okta.RosterOptions{AppOnly: true})
			if err != nil {
				b.Fatal(err)
			}
			requests := len(o.Requests())
			runtime.GC()
			runtime.ReadMemStats(&before)
			peak, rows := uint64(0), 0
			look := func() {
				if rows++; rows%(n/20) == 0 {
					runtime.GC()
					runtime.ReadMemStats(&now)
					peak = max(peak, now.HeapAlloc)
				}
			}
			if err := read(r, look); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(peak-min(peak, before.HeapAlloc))/1e6, "peak-MB")
			b.ReportMetric(float64(len(o.Requests())-requests), "requests")
		}
	}
	b.Run("Copy", func(b *testing.B) {
		measure(b, func(r idp.Roster, look func()) error {
			users := r.Users
			r.Users = func(yield func(idp.User, error) bool) {
				users(func(u idp.User, err error) bool { look(); return yield(u, err) })
			}
			_, err := r.Copy(b.TempDir())
			return err
		})
	})
	b.Run("hold", func(b *testing.B) {
		measure(b, func(r idp.Roster, look func()) error {
			var all []idp.User
			err := idp.Each(r.Users, func(u idp.User) error { all = append(all, u); look(); return nil })
			if err == nil {
				err = idp.Each(r.Memberships, func(idp.Membership) error { return nil })
			}
			runtime.KeepAlive(all)
			return err
		})
	})
}
