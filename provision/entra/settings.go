package entra

import (
	"regexp"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/provision/idp"
)

// The settings that are attribute mappings of the job. The IDs are claimmap's.
const (
	idExternalID = "entra-external-id"
	idUserName   = "entra-user-name"
	idWorkEmail  = "entra-work-email"

	externalID = "externalId"
	userName   = "userName"
	workEmail  = `emails[type eq "work"].value`

	objectID = "objectId"
	mail     = "mail"
)

// elsewhere are settings of the sign-in, and of who is in scope. No call of this
// package reaches them.
var elsewhere = []string{"entra-no-guests", "entra-alternate-login-off", "entra-upn-claim", "entra-saml-name", "entra-saml-emailaddress", "entra-saml-upn"}

var sourceName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// wishes returns what the attributes must be mapped from. externalId comes from
// objectId unless a setting says otherwise. A setting that isn't one of Entra ID is
// a fault.
func wishes(settings []idp.Setting, l *check.List) []wish {
	targets := map[string]string{idExternalID: externalID, idUserName: userName, idWorkEmail: workEmail}
	all := []wish{{externalID, objectID}}
	seen := map[string]string{}
	for _, s := range settings {
		target, ok := targets[s.ID]
		switch {
		case slices.Contains(elsewhere, s.ID):
			continue
		case !ok:
			l.Add("Settings", "%s isn't a setting of Microsoft Entra ID", s.ID)
			continue
		case !sourceName.MatchString(s.Value):
			l.Add("Settings", "%s must name an attribute, is %q", s.ID, s.Value)
			continue
		}
		if before, ok := seen[s.ID]; ok && before != s.Value {
			l.Add("Settings", "%s is there with several values", s.ID)
		}
		seen[s.ID] = s.Value
		if i := slices.IndexFunc(all, func(w wish) bool { return w.target == target }); i >= 0 {
			all[i].source = s.Value
		} else {
			all = append(all, wish{target, s.Value})
		}
	}
	return all
}

// settings are those that the schema shows. A value that is the name of an attribute
// means that the attribute is pushed unchanged and always.
func (s *schema) settings() []idp.Setting {
	var all []idp.Setting
	for _, known := range []struct{ id, target string }{{idExternalID, externalID}, {idUserName, userName}, {idWorkEmail, workEmail}} {
		value := "not mapped"
		if a := s.users.to(known.target); a != nil {
			value = a.source()
		}
		if known.id == idWorkEmail {
			for _, a := range s.users.attributes {
				if isEmail(a.Target) && !strings.EqualFold(a.Target, workEmail) {
					value += ", beside " + a.Target
				}
			}
		}
		all = append(all, idp.Setting{ID: known.id, Name: known.target, Value: value})
	}
	return all
}
