package claimmap_test

import (
	"flag"
	"fmt"
	"iter"
	"runtime"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/ext"
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
)

// scale runs the benchmarks of whole directories at their full size; without it
// they run at 1/100.
var scale = flag.Bool("scale", false, "run directory benchmarks at full size (1 and 5 million users)")

// celEnv is the environment cel-go needs for a claim mapping, made once.
func celEnv(b testing.TB) *cel.Env {
	b.Helper()
	env, err := cel.NewEnv(ext.Strings(), cel.Variable("user", cel.DynType), cel.Variable("group", cel.DynType))
	if err != nil {
		b.Fatal(err)
	}
	return env
}

var canonical = map[string]string{"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"}

// BenchmarkValidate compares checking a mapping with what cel-go needs to
// compile, or only to parse, its two expressions.
func BenchmarkValidate(b *testing.B) {
	env := celEnv(b)
	other := map[string]string{"google.subject": `(user["emails"][ 0 ].value).lowerAscii()`, "google.group": `group["externalId"]`}
	b.Run("canonical/Validate", func(b *testing.B) {
		m := claimmap.Recommended(claimmap.EntraID)
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Validate(iamscim.SCIMUsageGroups); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("canonical/New and Validate", func(b *testing.B) { benchmarkNew(b, canonical) })
	b.Run("canonical/cel-go compile", func(b *testing.B) { benchmarkCEL(b, canonical, env.Compile) })
	b.Run("canonical/cel-go parse", func(b *testing.B) { benchmarkCEL(b, canonical, env.Parse) })
	b.Run("other spelling/New and Validate", func(b *testing.B) { benchmarkNew(b, other) })
	b.Run("other spelling/cel-go compile", func(b *testing.B) { benchmarkCEL(b, other, env.Compile) })
	b.Run("other spelling/cel-go parse", func(b *testing.B) { benchmarkCEL(b, other, env.Parse) })
}

func benchmarkNew(b *testing.B, rules map[string]string) {
	b.ReportAllocs()
	for b.Loop() {
		m, err := claimmap.New(rules)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Validate(iamscim.SCIMUsageGroups); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkCEL(b *testing.B, rules map[string]string, f func(string) (*cel.Ast, *cel.Issues)) {
	b.ReportAllocs()
	for b.Loop() {
		for _, expression := range rules {
			if _, issues := f(expression); issues.Err() != nil {
				b.Fatal(issues.Err())
			}
		}
	}
}

// BenchmarkSubject compares with cel-go evaluating the compiled expression.
func BenchmarkSubject(b *testing.B) {
	env := celEnv(b)
	const expression = "user.emails[0].value.lowerAscii()"
	m := subjectMapping(b, expression)
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		b.Fatal(issues.Err())
	}
	program, err := env.Program(checked)
	if err != nil {
		b.Fatal(err)
	}
	for _, mail := range []string{"jane.doe@example.com", "Jane.Doe@Example.com"} {
		b.Run(mail+"/Subject", func(b *testing.B) {
			user := claimmap.User{ExternalID: "1", UserName: "jdoe", WorkEmail: mail}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Subject(user); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(mail+"/cel-go from a User", func(b *testing.B) {
			user := claimmap.User{ExternalID: "1", UserName: "jdoe", WorkEmail: mail}
			b.ReportAllocs()
			for b.Loop() {
				vars := map[string]any{"user": scimUser(user.ExternalID, user.UserName, user.WorkEmail)}
				if _, _, err := program.Eval(vars); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(mail+"/cel-go", func(b *testing.B) {
			vars := map[string]any{"user": scimUser("1", "jdoe", mail)}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := program.Eval(vars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// directory yields n users with strings that are cut from one text, so that a
// benchmark measures the check and not the making of users.
func directory(n int) iter.Seq[claimmap.User] {
	const width = 30
	var text strings.Builder
	text.Grow(n * width)
	for i := range n {
		fmt.Fprintf(&text, "user%012d@e.example.com", i)
	}
	all := text.String()
	return func(yield func(claimmap.User) bool) {
		for i := range n {
			row := all[i*len(all)/n : (i+1)*len(all)/n]
			if !yield(claimmap.User{ExternalID: row[:16], UserName: row, WorkEmail: row}) {
				return
			}
		}
	}
}

// BenchmarkCheckUnique reports users a second, and the bytes a user that are
// alive when the memory is at its highest.
func BenchmarkCheckUnique(b *testing.B) {
	for _, n := range []int{1_000_000, 5_000_000} {
		if !*scale {
			n /= 100
		}
		m := claimmap.Recommended(claimmap.EntraID)
		users := directory(n)
		b.Run(fmt.Sprintf("%d/CheckUnique", n), func(b *testing.B) {
			for b.Loop() {
				for c := range claimmap.CheckUnique(users, m) {
					b.Fatal(c)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "users/s")
			b.ReportMetric(peakPerUser(users, n, func(rows iter.Seq[claimmap.User]) {
				for range claimmap.CheckUnique(rows, m) {
				}
			}), "B/user")
		})
		b.Run(fmt.Sprintf("%d/two Go maps", n), func(b *testing.B) {
			for b.Loop() {
				checkWithMaps(users, m)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "users/s")
			b.ReportMetric(peakPerUser(users, n, func(rows iter.Seq[claimmap.User]) { checkWithMaps(rows, m) }), "B/user")
		})
	}
}

// checkWithMaps is the obvious way to find the same.
func checkWithMaps(users iter.Seq[claimmap.User], m claimmap.Mapping) (duplicates int) {
	subjects, names := map[string]int{}, map[string]int{}
	row := 0
	for u := range users {
		if subject, err := m.Subject(u); err == nil {
			if _, ok := subjects[subject]; ok {
				duplicates++
			}
			subjects[subject] = row
		}
		name := strings.ToLower(u.UserName)
		if _, ok := names[name]; ok {
			duplicates++
		}
		names[name] = row
		row++
	}
	runtime.KeepAlive(subjects)
	runtime.KeepAlive(names)
	return duplicates
}

// peakPerUser returns the bytes that are alive before the last user is read, by
// user, without those that were alive before the first.
func peakPerUser(users iter.Seq[claimmap.User], n int, check func(iter.Seq[claimmap.User])) float64 {
	live := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, peak, row := live(), uint64(0), 0
	check(func(yield func(claimmap.User) bool) {
		for u := range users {
			if row++; row == n { // later the maps may be gone
				peak = live()
			}
			if !yield(u) {
				return
			}
		}
	})
	return float64(peak-min(peak, before)) / float64(n)
}
