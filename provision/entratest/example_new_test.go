package entratest_test

import (
	"fmt"
	"log"
	"testing"

	"github.com/iamscim/iamscim/provision/entratest"
)

// In a test, Start listens on loopback and closes with the test.
func ExampleStart() {
	_ = func(t *testing.T) {
		srv := entratest.Start(t)
		_ = srv.URL() // the origin of Microsoft Graph for the program under test
	}
}

func ExampleNew() {
	srv := entratest.New()
	defer srv.Close()
	id, err := srv.AddUser(entratest.User{UserPrincipalName: "ada@example.com", Mail: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	user, err := srv.User(id)
	fmt.Println(user.UserPrincipalName, err)
	// Output: ada@example.com <nil>
}
