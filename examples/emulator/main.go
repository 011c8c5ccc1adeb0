// Emulator serves an in-memory Google Cloud, IAM workforce pools and their SCIM service, on a
// loopback address, so that gcloud, curl, Terraform and SCIM clients can be tried against it:
//
//	go run ./examples/emulator -seed pools.json
//	listening on http://127.0.0.1:8085
//
//	export CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM=http://127.0.0.1:8085/
//	export CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER=http://127.0.0.1:8085/
//	gcloud iam workforce-pools create acme-pool --organization=123456789012 --location=global
//
// With -idp entra an in-memory Microsoft Entra ID is at the same address: Microsoft Graph below /v1.0 and
// /beta, and the token endpoint that the output names. Its provisioning job pushes into the SCIM
// service; between two cycles 40 minutes pass in 10 seconds.
//
// Everything is gone when it ends. There is no authentication of the control plane: whoever reaches
// the address may do everything. Web pages can't: on loopback a foreign Host is refused, and a
// foreign Origin always is. GET /healthz answers 200 once it serves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/iamscim/iamscim/scimtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// errUsage is what is wrong with the flags.
var errUsage = errors.New("usage")

// run serves until ctx ends and returns the exit status: 2 for wrong flags, 1 for everything else
// that went wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = serve(ctx, opts, stdout, stderr)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(stderr, "emulator:", err)
	return 1
}

func serve(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	server := scimtest.New(append(o.scimtest, scimtest.WithLogger(o.logger(stderr)))...)
	defer server.Close()
	if err := server.Err(); err != nil {
		return o.wrong(stderr, err)
	}
	if o.seed != "" {
		if err := load(server, o.seed); err != nil {
			return err
		}
	}
	tenant, handler, err := o.entra(server, stderr)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(o.host, o.port))
	if err != nil {
		return err
	}
	addr := listener.Addr().(*net.TCPAddr)
	if !addr.IP.IsLoopback() {
		fmt.Fprintf(stderr, "emulator: whoever reaches %s can do everything: nothing is authenticated but SCIM\n", addr)
	}
	web := &http.Server{
		Handler:           guard(handler, addr.IP.IsLoopback(), o.hosts),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	defer web.Close()
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	url := "http://" + o.reachable(addr)
	fmt.Fprintf(stdout, "listening on %s\n", url)
	if tenant != nil {
		o.announce(stdout, url)
		ctx, stop := context.WithCancel(ctx)
		var running sync.WaitGroup
		running.Go(func() { o.cycles(ctx, tenant) })
		defer running.Wait()
		defer stop()
	}
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (o *options) logger(stderr io.Writer) *slog.Logger {
	if o.verbose {
		return slog.New(slog.NewTextHandler(stderr, nil))
	}
	return slog.New(slog.DiscardHandler)
}

// reachable is an address to copy: 0.0.0.0 isn't one.
func (o *options) reachable(addr *net.TCPAddr) string {
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "127.0.0.1"
		if len(o.hosts) > 0 {
			host = o.hosts[0]
		}
	}
	return net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

func load(server *scimtest.Server, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return server.Load(f)
}
