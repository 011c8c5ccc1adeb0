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
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/iamscim/iamscim/scimtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if err != flag.ErrHelp {
			fmt.Fprintln(os.Stderr, "emulator:", err)
		}
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("emulator", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:8085", "`address` to listen on; port 0 takes a free one")
	organization := flags.String("organization", scimtest.DefaultOrganization, "organization `number`")
	seed := flags.String("seed", "", "JSON `file` with pools and providers to start with")
	lag := flags.Duration("lag", 0, "replication lag: how long until a write is seen")
	granted := flags.Bool("granted", false, "bind roles/iam.scimSyncer to new service agents, as Google usually does")
	verbose := flags.Bool("v", false, "log each request on standard error")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	opts := []scimtest.Option{scimtest.WithOrganization(*organization), scimtest.WithReplicationLag(*lag)}
	if *granted {
		opts = append(opts, scimtest.WithSyncerGranted())
	}
	if *verbose {
		opts = append(opts, scimtest.WithLogger(slog.New(slog.NewTextHandler(stderr, nil))))
	}
	server := scimtest.New(opts...)
	defer server.Close()
	if err := server.Err(); err != nil {
		return err
	}
	if *seed != "" {
		if err := load(server, *seed); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
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

func load(server *scimtest.Server, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return server.Load(f)
}
