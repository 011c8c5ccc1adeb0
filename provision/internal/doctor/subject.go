package doctor

import (
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/scimclient"
)

// Differ says why the google.subject of a token isn't that of a user, as far as the
// two values show it. source is the claim mapping's google.subject.
func Differ(token, provisioned, source string, user *scimclient.User) string {
	if strings.EqualFold(token, provisioned) {
		return fmt.Sprintf("they differ in case alone: %q and %q; put lowerAscii() on both sides or on neither", token, provisioned)
	}
	held := map[string]string{"externalId": user.ExternalID, "userName": user.UserName}
	if len(user.Emails) > 0 {
		held["emails[0].value"] = user.Emails[0].Value
	}
	for _, name := range []string{"externalId", "userName", "emails[0].value"} {
		if held[name] != "" && strings.EqualFold(held[name], token) {
			return fmt.Sprintf("the token has the user's %s, %q, and the claim mapping reads %s, %q", name, token, source, provisioned)
		}
	}
	if here, there, ok := strings.Cut(token, "@"); ok {
		if local, domain, ok := strings.Cut(provisioned, "@"); ok && strings.EqualFold(here, local) && !strings.EqualFold(there, domain) {
			return fmt.Sprintf("they have different domains: %q and %q", token, provisioned)
		}
	}
	return fmt.Sprintf("the token has %q and the directory %q", token, provisioned)
}
