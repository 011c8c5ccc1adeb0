package provision_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/oktafake"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/okta"
	"github.com/iamscim/iamscim/scimclient/audit"
)

func ExampleWhy() {
	const ada = "00u00000000000000001"
	org := httptest.NewServer(&oktafake.Okta{ // https://example.okta.com
		People: []oktafake.Person{{ID: ada, Login: "ada@example.com", Assigned: true, AppStatus: "STAGED", SyncState: "ERROR"}},
		Events: []oktafake.Event{{Person: ada, Type: "application.provision.user.push", Result: "FAILURE", Reason: "Bad Request: emails", Published: "2026-11-24T06:00:07.000Z"}},
	})
	defer org.Close()
	half, err := okta.New(okta.Config{Org: org.URL, App: oktafake.App, Token: iamscim.NewSecret(oktafake.Token)})
	if err != nil {
		log.Fatal(err)
	}
	// From audit.Options.Handle.
	findings := []audit.Finding{{Code: audit.UserMissing, User: ada, Expected: "ada@example.com"}}
	for why, err := range provision.Why(context.Background(), half, findings) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(why)
	}
	// Output:
	// 00u00000000000000001: user-missing ada@example.com
	//   failure at export (application.provision.user.push) on 2026-11-24 06:00 UTC: Bad Request: emails
	//   to mend: Admin Console > Dashboard > Tasks: repair the cause, and choose Retry Selected
}
