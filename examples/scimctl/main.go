// Scimctl works on the SCIM tenants of Google Cloud Workforce Identity
// Federation.
//
//	go run ./examples/scimctl audit -demo
//
// audit compares a tenant with the roster of its identity provider. The demo runs
// on an in-memory Google Cloud with planted errors. Against a tenant:
//
//	scimctl audit -base-uri URI -token-file FILE -mapping MAPPING \
//	  -users users.csv -groups groups.csv -memberships memberships.csv
//
// The exit status is 0 without errors, 1 with findings that are errors, 2 if the
// audit failed, and 3 if a guard refused the roster.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit statuses.
const (
	exitClean = iota
	exitFindings
	exitFailed
	exitRefused
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "audit" {
		return runAudit(ctx, args[1:], stdout, stderr)
	}
	fmt.Fprintln(stderr, "usage: scimctl audit [flags]; scimctl audit -h lists the flags")
	return exitFailed
}
