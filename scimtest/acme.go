package scimtest

import (
	"errors"
	"testing"

	"google.golang.org/api/iam/v1"
)

// World is a [Server] that holds the pool and the provider of a company named
// Acme. Its people sign in with Microsoft Entra ID, and Google knows them by their
// mail address. SCIM isn't set up.
type World struct {
	*Server

	Organization string // the number alone: "123456789012"
	Pool         string // "locations/global/workforcePools/acme-pool"
	Provider     string // the pool's name followed by "/providers/entra"
}

// Acme starts a [World] on a free port of 127.0.0.1. It lives as long as the
// test:
//
//	acme := scimtest.Acme(t)
//	clients, err := provision.New(ctx, provision.WithServer(acme))
//
// It fails the test if an option is invalid.
func Acme(t testing.TB, opts ...Option) *World {
	t.Helper()
	w, err := acme(Start(t, opts...))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// NewAcme makes a [World] that listens nowhere, like [New], for programs and
// for testing/synctest. Close it at the end.
func NewAcme(opts ...Option) (*World, error) {
	w, err := acme(New(opts...))
	if err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func acme(srv *Server) (*World, error) {
	w := &World{Server: srv, Pool: "locations/global/workforcePools/acme-pool"}
	w.Provider = w.Pool + "/providers/entra"
	if srv.err != nil {
		return w, srv.err
	}
	w.Organization = srv.cfg.Organizations[0]
	return w, errors.Join(
		srv.AddPool(&iam.WorkforcePool{Name: w.Pool, Parent: "organizations/" + w.Organization, DisplayName: "Acme"}),
		srv.AddProvider(&iam.WorkforcePoolProvider{
			Name:             w.Provider,
			DisplayName:      "Microsoft Entra ID",
			VendorType:       "ENTRA_ID",
			AttributeMapping: map[string]string{"google.subject": "assertion.email.lowerAscii()"},
			Oidc: &iam.GoogleIamAdminV1WorkforcePoolProviderOidc{
				IssuerUri: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
				ClientId:  "f1b1b2c3-0000-4000-8000-acmeacmeacme",
				WebSsoConfig: &iam.GoogleIamAdminV1WorkforcePoolProviderOidcWebSsoConfig{
					ResponseType: "ID_TOKEN", AssertionClaimsBehavior: "ONLY_ID_TOKEN_CLAIMS",
				},
			},
		}),
	)
}
