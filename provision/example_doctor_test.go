package provision_test

import (
	"context"
	"fmt"
	"log"

	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/scimtest"
)

// The doctor needs nothing but the name of the provider. With a store it also asks
// the SCIM service, and with an identity provider its half.
func ExampleClients_Doctor() {
	ctx := context.Background()
	acme, err := scimtest.NewAcme()
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	clients, err := provision.New(ctx, provision.WithServer(acme))
	if err != nil {
		log.Fatal(err)
	}
	report, err := clients.Doctor(ctx, provision.DoctorRequest{
		Spec:     provision.Spec{Provider: providerName(acme)},
		Suppress: []provision.Suppression{{Code: "SCIM400"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range report.Findings {
		fmt.Println(f.Severity, f.Code, f.Code.Title())
		fmt.Println(f.Evidence)
	}
	fmt.Println(report.Summary())
	// Output:
	// error SCIM130 There is no SCIM tenant
	// the pool has 1 provider, and none has a SCIM tenant
	// 1 error, 1 suppressed
}

// The claims are those that the console's page "Debug IdP token" shows.
func ExampleClients_Explain() {
	ctx := context.Background()
	acme, err := scimtest.NewAcme()
	if err != nil {
		log.Fatal(err)
	}
	defer acme.Close()
	clients, err := provision.New(ctx, provision.WithServer(acme))
	if err != nil {
		log.Fatal(err)
	}
	person, err := clients.Explain(ctx, provision.ExplainRequest{
		Spec:   provision.Spec{Provider: providerName(acme)},
		Person: "ada@example.com",
		Claims: []byte(`{"sub": "Vx1Kq", "upn": "ada@example.com"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("can sign in:", person.SignIn)
	fmt.Println(person.Reasons[0])
	// Output:
	// can sign in: no
	// the provider's attribute mapping makes no google.subject of the claims: claimmap: google.subject = assertion.email.lowerAscii(): empty value: an attribute it reads is absent
}
