package audit_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
)

var scale = flag.Int("scale", 100, "divisor of the directories of BenchmarkAudit; 1 is the figure to quote, and takes ten minutes")

// role is the environment variable that makes the test binary a part of a
// benchmark: the server or the audit, each a process of its own.
const role = "IAMSCIM_AUDIT_BENCHMARK"

func TestMain(m *testing.M) {
	flag.Parse()
	var err error
	switch os.Getenv(role) {
	case "server":
		err = serveGenerated()
	case "audit":
		err = auditGenerated()
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// generated is a directory that is computed: user i is in groups i, i+1, …, each
// times the step.
type generated struct{ Users, Groups, Each int }

func (d generated) key(kind byte, i int) string {
	return fmt.Sprintf("%c%07x-5c1e-4f6a-9b3d-%012x", kind, i, i*7919)
}
func (d generated) id(kind byte, i int) string {
	return fmt.Sprintf("%08x-%04x-4000-8000-%012x", i, kind, i)
}
func (d generated) group(i, j int) int { return (i + j*17) % d.Groups }

// index is the number in an ID, or -1.
func (d generated) index(id string) int {
	if len(id) != 36 {
		return -1
	}
	i, err := strconv.ParseInt(id[24:], 16, 64)
	if err != nil {
		return -1
	}
	return int(i)
}

func (d generated) roster() idp.Roster {
	return idp.Roster{
		Users: count(d.Users, func(i int) idp.User {
			name := fmt.Sprintf("user%07d@example.com", i)
			return idp.User{Key: d.key('u', i), UserName: name, ExternalID: d.key('u', i), DisplayName: "Generated User", Emails: []string{name}}
		}),
		Groups: count(d.Groups, func(i int) idp.Group {
			return idp.Group{Key: d.key('g', i), DisplayName: fmt.Sprintf("Group %06d", i), ExternalID: d.key('g', i)}
		}),
		Memberships: count(d.Users*d.Each, func(i int) idp.Membership {
			return idp.Membership{User: d.key('u', i/d.Each), Group: d.key('g', d.group(i/d.Each, i%d.Each))}
		}),
		Leavers: idp.Of[idp.Leaver](),
	}
}

func count[T any](n int, row func(int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for i := range n {
			if !yield(row(i), nil) {
				return
			}
		}
		var none T
		yield(none, idp.End(n))
	}
}

// serveGenerated answers for a generated directory, with as little work as
// possible: what is measured is the audit. It prints its address.
func serveGenerated() error {
	var d generated
	if err := json.Unmarshal([]byte(os.Getenv("DIRECTORY")), &d); err != nil {
		return err
	}
	works := os.Getenv("MEMBER_FILTER") != "no"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			r, w := bufio.NewReaderSize(conn, 8<<10), bufio.NewWriterSize(conn, 16<<10)
			for {
				target := ""
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						return
					}
					if target == "" {
						target = string(line)
					}
					if len(line) <= 2 {
						break
					}
				}
				body := list(d.answer(strings.Fields(target)[1], works))
				fmt.Fprintf(w, "HTTP/1.1 200 OK\r\nContent-Type: application/scim+json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
				if w.Flush() != nil {
					return
				}
			}
		}()
	}
}

// list is a ListResponse.
func list(rows []string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":%d,"Resources":[%s]}`, len(rows), len(rows), strings.Join(rows, ","))
}

func (d generated) answer(target string, works bool) []string {
	path, query, _ := strings.Cut(target, "?")
	filter := ""
	for part := range strings.SplitSeq(query, "&") {
		if text, ok := strings.CutPrefix(part, "filter="); ok {
			filter, _ = url.QueryUnescape(text)
		}
	}
	values := strings.Split(filter, `"`)
	value := func(i int) string {
		if i < len(values) {
			return values[i]
		}
		return ""
	}
	switch {
	case strings.HasSuffix(path, "/Users") && strings.HasPrefix(filter, "userName"):
		if i, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(value(1), "user"), "@example.com")); err == nil && i < d.Users {
			return []string{d.userRow(i)}
		}
	case strings.HasSuffix(path, "/Users"):
		return []string{d.userRow(0)}
	case strings.HasPrefix(filter, "displayName"):
		if i, err := strconv.Atoi(strings.TrimPrefix(value(1), "Group ")); err == nil && i < d.Groups {
			return []string{d.groupRow(i)}
		}
	case strings.HasPrefix(filter, "members") && works:
		var rows []string
		for j := range d.Each {
			rows = append(rows, d.groupRow(d.group(d.index(value(1)), j)))
		}
		return rows
	case strings.HasPrefix(filter, "id"):
		g, u := d.index(value(1)), d.index(value(3))
		for j := range d.Each {
			if d.group(u, j) == g {
				return []string{d.groupRow(g)}
			}
		}
	}
	return nil
}

func (d generated) userRow(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"%s","externalId":"%s","userName":"user%07d@example.com","displayName":"Generated User","active":true,"emails":[{"value":"user%07d@example.com","type":"work"}]}`,
		d.id('u', i), d.key('u', i), i, i)
}

func (d generated) groupRow(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"%s","externalId":"%s","displayName":"Group %06d"}`, d.id('g', i), d.key('g', i), i)
}

// measured is what a process that audited says about itself.
type measured struct {
	Requests audit.Cost
	Total    int
	Clean    bool
	Read     time.Duration // the roster, before the first request
	Checked  time.Duration
	PeakRSS  int           // bytes
	CPU      time.Duration // of the process
}

// auditGenerated audits a generated directory and prints what it took.
func auditGenerated() error {
	var d generated
	if err := json.Unmarshal([]byte(os.Getenv("DIRECTORY")), &d); err != nil {
		return err
	}
	c, err := scimclient.New("http://"+os.Getenv("SERVER")+"/v1alpha1/tenants/x", iamscim.NewSecret("token").TokenSource(), scimclient.WithRate(1_000_000_000),
		scimclient.WithHTTPClient(&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}))
	if err != nil {
		return err
	}
	m, err := claimmap.Parse(testMapping)
	if err != nil {
		return err
	}
	begin := time.Now()
	var first time.Time
	result, err := audit.Run(context.Background(), c, d.roster(), audit.Options{Mapping: m, PerMinute: 1_000_000_000, Handle: func(m audit.Message) error {
		if m.Config != nil {
			first = time.Now()
		}
		return nil
	}})
	if err != nil {
		return err
	}
	out := measured{Requests: result.Requests, Total: result.Requests.Total(), Clean: result.Clean(), Read: first.Sub(begin), Checked: time.Since(first)}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(text)[0])
			if err != nil {
				return err
			}
			out.PeakRSS = kilobytes << 10
		}
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// BenchmarkAudit audits generated directories without a pace, and compares the
// undocumented member filter with the documented recipe of one request per
// membership. The server and the audit are processes of their own.
//
//	go test -run '^$' -bench Audit -benchtime 1x -scale 1 ./scimclient/audit
func BenchmarkAudit(b *testing.B) {
	for _, d := range []generated{{10_000, 1_000, 10}, {1_000_000, 10_000, 5}} {
		d.Users, d.Groups = max(d.Users / *scale, 100), max(d.Groups / *scale, 100)
		for _, filter := range []string{"yes", "no"} {
			if filter == "no" && d.Each == 5 {
				continue // as the smaller one, for an hour
			}
			b.Run(fmt.Sprintf("users=%d/memberships=%d/filter=%s", d.Users, d.Users*d.Each, filter), func(b *testing.B) {
				for b.Loop() {
					got := measure(b, d, filter)
					if !got.Clean {
						b.Fatalf("the result isn't clean: %+v", got)
					}
					b.ReportMetric(float64(got.Total), "requests")
					b.ReportMetric(float64(got.Total)/got.Checked.Seconds(), "checks/s")
					b.ReportMetric(float64(got.CPU.Microseconds())/float64(got.Total), "CPU-µs/check")
					b.ReportMetric(got.Read.Seconds(), "s-reading")
					b.ReportMetric(float64(got.PeakRSS)/1e6, "MB-peak-RSS")
				}
			})
		}
	}
}

// measure runs the two processes.
func measure(tb testing.TB, d generated, filter string) measured {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	directory, err := json.Marshal(d)
	if err != nil {
		tb.Fatal(err)
	}
	env := append(os.Environ(), "DIRECTORY="+string(directory), "MEMBER_FILTER="+filter)
	server := exec.Command(self)
	server.Env = append(env, role+"=server")
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	defer func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	client := exec.Command(self)
	client.Env = append(env, role+"=audit", "SERVER="+strings.TrimSpace(address))
	client.Stderr = os.Stderr
	text, err := client.Output()
	if err != nil {
		tb.Fatal(err)
	}
	var got measured
	if err := json.Unmarshal(text, &got); err != nil {
		tb.Fatalf("%v: %s", err, text)
	}
	got.CPU = client.ProcessState.UserTime() + client.ProcessState.SystemTime()
	return got
}

// An audit of 10,000 users, 1,000 groups and 100,000 memberships takes at most
// 21,000 requests plus controls and rechecks, and at most 3 % more time than its
// pace asks for, plus one settle time if there are findings.
func TestCost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		generated
		missing int
	}{{generated{Users: 10_000, Groups: 1_000, Each: 10}, 0}, {generated{Users: 2_000, Groups: 200, Each: 10}, 50}} {
		t.Run(fmt.Sprintf("users=%d/missing=%d", test.Users, test.missing), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d, missing := test.generated, test.missing
				tenant := d
				tenant.Users -= missing
				c, err := scimclient.New("https://iamscim.googleapis.com/v1alpha1/tenants/x", iamscim.NewSecret("token").TokenSource(), scimclient.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
					if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteRequest != nil {
						trace.WroteRequest(httptrace.WroteRequestInfo{})
					}
					body := list(tenant.answer(r.URL.RequestURI(), true))
					return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/scim+json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
				})}))
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				result, rec := run(t, c, d.roster(), nil)
				took := time.Since(begin)
				got := result.Requests
				// Users who are missing aren't asked about memberships. The client
				// verifies the first that it doesn't find.
				verified := got.Users - d.Users
				if got.Groups != d.Groups || verified < 0 || verified > 2*min(missing, 32) || got.Memberships != d.Users-missing || got.Rechecks != missing || got.Leavers != 0 || got.Access != 1 || got.Controls > 10 {
					t.Errorf("requests: %+v", got)
				}
				if result.Clean() != (missing == 0) || len(rec.findings()) != missing || result.Checked.Memberships != 10*(d.Users-missing) {
					t.Errorf("clean %v, %d findings, checked %+v", result.Clean(), len(rec.findings()), result.Checked)
				}
				most := time.Duration(1.03 * float64(got.Total()) / 25 * float64(time.Second))
				if missing > 0 {
					most += 2 * time.Minute
				}
				t.Logf("%d requests in %v; %v are allowed", got.Total(), took, most)
				if took > most {
					t.Errorf("%d requests took %v, want at most %v", got.Total(), took, most)
				}
			})
		})
	}
}
