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
// With -roster entra or -roster okta the roster is read from the identity provider,
// which then says why users and groups with findings weren't pushed:
//
//	go run ./examples/scimctl audit -demo -roster okta
//
//	scimctl audit -base-uri URI -token-file FILE -mapping MAPPING \
//	  -roster okta -okta-org https://example.okta.com -okta-app ID -okta-token-file FILE
//
// The other verbs work on the set-up of a provider (package provision). Their demo
// runs on an in-memory Google Cloud that is empty, half-done, provisioned or
// drifted:
//
//	go run ./examples/scimctl plan -demo drifted
//
//	scimctl plan -spec spec.yaml
//	scimctl apply -spec spec.yaml -wait
//	scimctl rotate -spec spec.yaml
//	scimctl teardown -spec spec.yaml -tenant-uid UID
//	scimctl import -provider NAME > spec.yaml
//
// doctor says what is wrong with a set-up and what to do next, and explain does it
// for one person. Their demo has some broken set-ups more:
//
//	go run ./examples/scimctl doctor -demo no-members
//
//	scimctl doctor -spec spec.yaml -wait
//	scimctl doctor -provider NAME
//	scimctl explain -spec spec.yaml -claims claims.json ada@example.com
//
// The credentials for Google Cloud are Application Default Credentials.
// IAMSCIM_EMULATOR_HOST names an emulator instead. The credentials for an identity
// provider, which a spec or flags name, are in files or in OKTA_API_TOKEN,
// OKTA_ACCESS_TOKEN, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.
//
// The exit status of audit is 0 without errors, 1 with findings that are errors, 2
// if it failed, and 3 if a guard refused the roster. That of plan and apply is 0 only
// if there is nothing left to change, 1 with changes, 2 if it failed, and 3 if
// something is blocked or was refused. That of doctor is 0 without findings of the
// -severity, 1 with some, 2 if Google Cloud didn't answer, and 3 if the caller was
// refused something. That of explain is 1 if the person can't sign in with the groups
// of the directory.
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
	if len(args) > 0 && setupVerbs[args[0]] != nil {
		return runSetup(ctx, args[0], args[1:], stdout, stderr)
	}
	fmt.Fprintln(stderr, "usage: scimctl audit|plan|apply|doctor|explain|rotate|teardown|import [flags]; scimctl VERB -h lists the flags")
	return exitFailed
}
