package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/entratest"
)

// cycle is how far apart Entra ID's cycles are.
const cycle = 40 * time.Minute

// groupName is the group whose members are ada and alan. Grace is assigned herself.
const groupName = "engineering"

// people are those who work at Acme, by their object IDs in Entra ID.
var people = []entratest.User{
	{ID: "3f0a7a7e-0000-4000-8000-000000000001", GivenName: "Ada", Surname: "Lovelace", UserPrincipalName: "ada@example.com", Mail: "Ada.Lovelace@example.com"},
	{ID: "3f0a7a7e-0000-4000-8000-000000000002", GivenName: "Alan", Surname: "Turing", UserPrincipalName: "alan@example.com", Mail: "alan.turing@example.com"},
	{ID: "3f0a7a7e-0000-4000-8000-000000000003", GivenName: "Grace", Surname: "Hopper", UserPrincipalName: "grace@example.com", Mail: "grace.hopper@example.com"},
}

// tenant is an Entra ID tenant in memory, with its half of the job. It pushes to
// wherever Google is.
type tenant struct {
	*entratest.Server
	*entra.Client
	group, leaver string // object IDs
}

func newTenant(google *http.Client) (*tenant, error) {
	t := &tenant{Server: entratest.New(entratest.WithSCIMClient(google)), leaver: people[2].ID}
	err := t.Server.Err()
	for _, p := range people {
		_, failed := t.AddUser(p)
		err = errors.Join(err, failed)
	}
	var failed error
	t.group, failed = t.AddGroup(entratest.Group{DisplayName: groupName})
	err = errors.Join(err, failed, t.AddMember(t.group, people[0].ID), t.AddMember(t.group, people[1].ID))
	if err != nil {
		t.Close()
		return nil, err
	}
	t.Client, err = entra.New(entra.Config{
		TenantID: entratest.DefaultTenant, ClientID: entratest.DefaultClientID, ClientSecret: iamscim.NewSecret(entratest.DefaultClientSecret),
		AppName: "Google Cloud", Assign: []string{t.group, t.leaver},
		HTTPClient: t.PipeHTTPClient(), Endpoint: "http://localhost", LoginEndpoint: "http://localhost", Retry: fakeRetry,
	})
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// runCycle lets the time of the next cycle come, and returns when it has ended.
func (t *tenant) runCycle(ctx context.Context) error { return t.Advance(ctx, cycle) }
