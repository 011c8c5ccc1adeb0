package doctor

import (
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/scimclient"
)

// Differ says in a sentence how the google.subject of a token differs from that of a
// user. source is the claim mapping's google.subject.
func Differ(token, provisioned, source string, user *scimclient.User) string {
	if strings.EqualFold(token, provisioned) {
		return fmt.Sprintf("the subjects differ in case alone, %q in the token and %q in the directory: put lowerAscii() on both sides or on neither", token, provisioned)
	}
	held := map[string]string{"externalId": user.ExternalID, "userName": user.UserName}
	if len(user.Emails) > 0 {
		held["emails[0].value"] = user.Emails[0].Value
	}
	for _, name := range []string{"externalId", "userName", "emails[0].value"} {
		if held[name] != "" && strings.EqualFold(held[name], token) {
			return fmt.Sprintf("the subjects differ: the token has the user's %s, %q, and the claim mapping reads %s, %q", name, token, source, provisioned)
		}
	}
	if here, there, ok := strings.Cut(token, "@"); ok {
		if local, domain, ok := strings.Cut(provisioned, "@"); ok && strings.EqualFold(here, local) && !strings.EqualFold(there, domain) {
			return fmt.Sprintf("the subjects differ in the domain: %q in the token and %q in the directory", token, provisioned)
		}
	}
	return fmt.Sprintf("the subjects differ: %q in the token and %q in the directory", token, provisioned)
}
