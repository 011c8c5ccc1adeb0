package scimclient

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/iamscim/iamscim/internal/fold"
)

// maxSubject is the most bytes of google.subject:
// https://docs.cloud.google.com/iam/docs/workforce-identity-federation-scim
const maxSubject = 127

// brokenRule says which documented rule of the service a request breaks that was
// answered by 400. Where it breaks none that is known, it says which attributes the
// service names. It has no value of the request or of detail, which may be names.
func (r request) brokenRule(detail string) string {
	var sent struct {
		UserName   string `json:"userName"`
		ExternalID string `json:"externalId"`
		Emails     []struct {
			Value string `json:"value"`
			Type  string `json:"type"`
		} `json:"emails"`
		Operations []struct {
			Path string `json:"path"`
		} `json:"Operations"`
	}
	ofUser := r.method == http.MethodPost || r.method == http.MethodPut
	if ofUser && strings.HasPrefix(r.path, "/Users") && json.Unmarshal(r.body, &sent) == nil {
		const emails = "emails: exactly one, of type work"
		if len(sent.Emails) != 1 || !strings.EqualFold(sent.Emails[0].Type, TypeWork) {
			return emails
		}
		for _, a := range []struct{ name, value string }{{"userName", sent.UserName}, {"externalId", sent.ExternalID}, {"emails.value", sent.Emails[0].Value}} {
			if len(a.value) > maxSubject {
				return fmt.Sprintf("%s: at most %d bytes if google.subject is mapped from it", a.name, maxSubject)
			}
		}
	}
	if names := attributesIn(detail); names != nil {
		return "the service names " + strings.Join(names, ", ")
	}
	return ""
}

// attributesIn returns the names of attributes that are words of a text, in its
// order.
func attributesIn(text string) []string {
	var found []string
	seen := map[string]bool{}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '$' }) {
		if name := attributes()[fold.Key(word)]; name != "" && !seen[name] {
			seen[name] = true
			found = append(found, name)
		}
	}
	return found
}

// attributes has the names of the attributes of users and groups, by their folded
// names.
var attributes = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, t := range []reflect.Type{reflect.TypeFor[User](), reflect.TypeFor[Group]()} {
		for i := range t.NumField() {
			if name := jsonName(t.Field(i)); !strings.Contains(name, ":") {
				all[fold.Key(name)] = name
			}
		}
	}
	return all
})
