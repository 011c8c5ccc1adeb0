package directory

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// maxSubjectBytes is the documented limit of google.subject.
const maxSubjectBytes = 127

// check enforces what the service documents of every user and group: required
// attributes, one work email, mapped values that are there and not too long.
func (s *store) check(t *resourceType, o *object, oneEmail bool) error {
	for _, a := range t.core.attributes {
		if a.required && (o.get(a.name) == nil || o.get(a.name) == "") {
			return badRequest(invalidValue, "%s is required and must not be empty", a.name)
		}
	}
	if t == userType && oneEmail {
		if err := checkEmails(o); err != nil {
			return err
		}
	}
	c := s.collection(t == groupType)
	if c.mapped < 0 {
		return nil
	}
	google, k := "google.subject", c.keys[c.mapped]
	if t == groupType {
		google = "google.group"
	}
	value := k.value(o)
	if value == "" {
		return badRequest(invalidValue, "%s is mapped to %s and must not be empty", k, google)
	}
	if t == userType && len(value) > maxSubjectBytes {
		return badRequest(invalidValue, "%s is mapped to %s and has %d bytes: at most %d are allowed", k, google, len(value), maxSubjectBytes)
	}
	return nil
}

// checkEmails wants exactly one email address, of type work with a value.
func checkEmails(o *object) error {
	list, _ := o.get("emails").([]any)
	if len(list) != 1 {
		return badRequest(invalidValue, "a user must have exactly one email, of type work; this one has %d", len(list))
	}
	email := list[0].(*object)
	if kind, _ := email.get("type").(string); !strings.EqualFold(kind, "work") {
		return badRequest(invalidValue, "a user's email must be of type work, not %q", wire.Clip(kind))
	}
	if email.get("value") == nil || email.get("value") == "" {
		return badRequest(invalidValue, "a user's work email must have a value")
	}
	return nil
}

// checkFree wants userName or the group's displayName, and the mapped value,
// to be nobody else's.
func (s *store) checkFree(t *resourceType, o *object, self row) error {
	group := t == groupType
	c := s.collection(group)
	for i, k := range c.keys {
		if i != 0 && i != c.mapped { // the first key is userName or displayName
			continue
		}
		for key := range k.of(o) {
			if other := s.owner(group, i, key, self); other != 0 {
				return &refusal{status: http.StatusConflict, scimType: uniqueness,
					detail: fmt.Sprintf("%s %s with this %s exists already", t.name, s.records[other].id, k)}
			}
		}
	}
	return nil
}

// checkMapped refuses to change a mapped value.
func (s *store) checkMapped(t *resourceType, old, changed *object) error {
	c := s.collection(t == groupType)
	if c.mapped < 0 {
		return nil
	}
	k := c.keys[c.mapped]
	if k.value(old) != k.value(changed) {
		return badRequest(mutability, "%s is mapped by the tenant's claim mapping and cannot change: delete the %s and create it again", k, strings.ToLower(t.name))
	}
	return nil
}

func (d *Service) oneWorkEmail() bool { return d.cfg.Choices.Of(behavior.EmailRule) == "ONE_WORK" }
