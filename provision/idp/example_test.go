package idp_test

import (
	"fmt"
	"log"
	"os"

	"github.com/iamscim/iamscim/provision/idp"
)

// An audit that was interrupted is resumed with the roster that it began with.
func ExampleOpenCopy() {
	dir, err := os.MkdirTemp("", "roster")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	live := idp.Roster{Users: idp.Of(idp.User{Key: "1", UserName: "ada@example.com"})}
	if _, err := live.Copy(dir); err != nil {
		log.Fatal(err)
	}
	roster, err := idp.OpenCopy(dir)
	if err != nil {
		log.Fatal(err)
	}
	err = idp.Each(roster.Users, func(u idp.User) error {
		fmt.Println(u.UserName)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: ada@example.com
}
