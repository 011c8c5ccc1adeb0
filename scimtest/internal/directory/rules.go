package directory

import (
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// maxSubjectBytes is the documented limit of google.subject.
const maxSubjectBytes = 127

// check enforces what the service documents of every user and group: required attributes, one work
// email, mapped values that are there and not too long.
func (d *Service) check(t *resourceType, o *wire.Object) error {
	for _, a := range t.core.attributes {
		if a.required && (o.Get(a.name) == nil || o.Get(a.name) == "") {
			return badRequest(behavior.Required, invalidValue, "%s is required and must not be empty", a.name)
		}
	}
	if t == userType && d.is(behavior.EmailRule, "ONE_WORK") {
		if err := checkEmails(o); err != nil {
			return err
		}
	}
	c := d.store.collection(t)
	if c.mapped < 0 {
		return nil
	}
	google, k := "google.subject", c.keys[c.mapped]
	if t == groupType {
		google = "google.group"
	}
	value := k.value(o)
	if value == "" {
		return badRequest(behavior.MappedRequired, invalidValue, "%s is mapped to %s and must not be empty", k, google)
	}
	if t == userType && len(value) > maxSubjectBytes {
		return badRequest(behavior.SubjectLength, invalidValue, "%s is mapped to %s and has %d bytes: at most %d are allowed", k, google, len(value), maxSubjectBytes)
	}
	return nil
}

// checkEmails wants exactly one email address, of type work with a value.
func checkEmails(o *wire.Object) error {
	list, _ := o.Get("emails").([]any)
	if len(list) != 1 {
		return badRequest(behavior.EmailRule, invalidValue, "a user must have exactly one email, of type work; this one has %d", len(list))
	}
	email := list[0].(*wire.Object)
	if kind, _ := email.Get("type").(string); !strings.EqualFold(kind, "work") {
		return badRequest(behavior.EmailRule, invalidValue, "a user's email must be of type work, not %q", wire.Clip(kind))
	}
	if email.Get("value") == nil || email.Get("value") == "" {
		return badRequest(behavior.EmailRule, invalidValue, "a user's work email must have a value")
	}
	return nil
}

// checkFree wants userName or the group's displayName, and the mapped value, to be nobody else's.
func (d *Service) checkFree(t *resourceType, o *wire.Object, self *record) error {
	c := d.store.collection(t)
	for i, k := range c.keys {
		if i != 0 && i != c.mapped { // the first key is userName or displayName
			continue
		}
		for key := range k.of(o) {
			if other := c.owner(i, key, self); other != nil {
				e := badRequest(behavior.Unique, uniqueness, "%s %s with this %s exists already", t.name, other.id, k)
				e.Code = http.StatusConflict
				return e
			}
		}
	}
	return nil
}

// checkMapped refuses to change a mapped value.
func (d *Service) checkMapped(t *resourceType, old, changed *wire.Object) error {
	c := d.store.collection(t)
	if c.mapped < 0 {
		return nil
	}
	k := c.keys[c.mapped]
	if k.value(old) == k.value(changed) {
		return nil
	}
	scimType := mutability
	if d.is(behavior.MappedChange, "INVALID_VALUE") {
		scimType = invalidValue
	}
	return badRequest(behavior.MappedChange, scimType, "%s is mapped by the tenant's claim mapping and cannot change: delete the %s and create it again", k, strings.ToLower(t.name))
}

// keepMapped takes the change of a mapped value back.
func (d *Service) keepMapped(t *resourceType, old, changed *wire.Object) {
	c := d.store.collection(t)
	if c.mapped < 0 {
		return
	}
	if k := c.keys[c.mapped]; k.value(old) != k.value(changed) {
		changed.Set(k.attribute, wire.Clone(old.Get(k.attribute)))
	}
}
