// Emulator serves an in-memory Google Cloud, IAM workforce pools and their
// SCIM service, on a loopback address, so that gcloud, curl, Terraform and SCIM
// clients can be tried against it:
//
//	go run ./examples/emulator -seed pools.json
//	listening on http://127.0.0.1:8085
//
//	export CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM=http://127.0.0.1:8085/
//	export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER=http://127.0.0.1:8085/
//	gcloud iam workforce-pools create acme-pool --organization=123456789012 --location=global
//
// Everything is gone when it ends. There is no authentication of the control
// plane: whoever reaches the address may do everything.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/iamscim/iamscim/scimtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run serves until ctx ends and returns the exit status: 2 for wrong usage, 1
// for everything else that went wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts := options{quota: quotaFlag{model: "BUCKET"}}
	flags := opts.flags(stderr)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "emulator: unexpected argument %q\n", flags.Arg(0))
		return 2
	}
	if err := serve(ctx, opts, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, "emulator:", err)
		return 1
	}
	return 0
}

// options are the flags.
type options struct {
	addr, organization, seed string
	lag                      time.Duration
	quota                    quotaFlag
	granted, verbose         bool
}

func (o *options) flags(stderr io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("emulator", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8085", "`address` to listen on; without a host it is 127.0.0.1, port 0 takes a free one")
	f.StringVar(&o.organization, "organization", scimtest.DefaultOrganization, "`number` of the organization")
	f.StringVar(&o.seed, "seed", "", "JSON `file` with what is there from the start: pools, providers, scimTenants, tokens, directories")
	f.DurationVar(&o.lag, "lag", 0, "replication lag: the `time` until a write is seen")
	f.Var(&o.quota, "quota", "requests per minute and SCIM tenant: off, `N`, or N/window to count by the minute instead of refilling evenly; Google's is 3000")
	f.BoolVar(&o.granted, "granted", false, "bind roles/iam.scimSyncer to new service agents, as Google usually does")
	f.BoolVar(&o.verbose, "v", false, "log each request on standard error")
	return f
}

func serve(ctx context.Context, o options, stdout, stderr io.Writer) error {
	opts := []scimtest.Option{
		scimtest.WithOrganization(o.organization),
		scimtest.WithReplicationLag(o.lag),
		scimtest.WithQuota(o.quota.perMinute),
		scimtest.WithBehavior(scimtest.QuotaModel, o.quota.model),
	}
	if o.granted {
		opts = append(opts, scimtest.WithSyncerGranted())
	}
	if o.verbose {
		opts = append(opts, scimtest.WithLogger(slog.New(slog.NewTextHandler(stderr, nil))))
	}
	server := scimtest.New(opts...)
	defer server.Close()
	if err := server.Err(); err != nil {
		return err
	}
	if o.seed != "" {
		if err := load(server, o.seed); err != nil {
			return err
		}
	}
	host, port, err := net.SplitHostPort(o.addr)
	if err != nil {
		return err
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return err
	}
	if addr, ok := listener.Addr().(*net.TCPAddr); ok && !addr.IP.IsLoopback() {
		fmt.Fprintf(stderr, "emulator: whoever reaches %s can do everything: nothing is authenticated but SCIM\n", addr)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return nil
	}
}

// quotaFlag is "off", "3000" or "3000/window".
type quotaFlag struct {
	perMinute int
	model     string
}

func (q *quotaFlag) String() string {
	switch {
	case q.perMinute == 0:
		return "off"
	case q.model == "WINDOW":
		return fmt.Sprintf("%d/window", q.perMinute)
	}
	return strconv.Itoa(q.perMinute)
}

func (q *quotaFlag) Set(s string) error {
	*q = quotaFlag{model: "BUCKET"}
	if s == "off" {
		return nil
	}
	number, window := strings.CutSuffix(s, "/window")
	if window {
		q.model = "WINDOW"
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return errors.New("want off, N or N/window")
	}
	q.perMinute = n
	return nil
}

func load(server *scimtest.Server, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return server.Load(f)
}
