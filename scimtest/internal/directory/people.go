package directory

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// A Person is a user as other services see it.
type Person struct {
	Subject    string
	Active     bool
	Groups     []string       // the mapped values of the groups it is a direct member of, sorted
	Attributes map[string]any // the resource
}

// A Team is a group as other services see it.
type Team struct {
	ID, Value  string // Value is mapped to google.group
	Attributes map[string]any
}

// Person finds the user with this google.subject.
func (d *Service) Person(subject string) (Person, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c := d.store.collection(userType)
	if c.mapped < 0 {
		return Person{}, false
	}
	for _, rec := range c.indexes[c.mapped][subject] {
		return d.person(rec), true
	}
	return Person{}, false
}

func (d *Service) person(rec *record) Person {
	p := Person{Active: rec.attributes.Get("active") != false, Attributes: plain(rec.attributes)}
	if c := d.store.collection(userType); c.mapped >= 0 {
		p.Subject = c.keys[c.mapped].value(rec.attributes)
	}
	for group := range rec.memberOf {
		p.Groups = append(p.Groups, d.team(group).Value)
	}
	slices.Sort(p.Groups)
	return p
}

func (d *Service) team(rec *record) Team {
	t := Team{ID: rec.id, Attributes: plain(rec.attributes)}
	if c := d.store.collection(groupType); c.mapped >= 0 {
		t.Value = c.keys[c.mapped].value(rec.attributes)
	}
	return t
}

// People returns at most limit users of whom a search text begins with the prefix, in the order of
// creation: the work email, the given and the family name, and each word of the display name.
func (d *Service) People(prefix string, limit int) []Person {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var found []Person
	for _, rec := range d.store.collection(userType).records {
		if len(found) == limit {
			break
		}
		texts := words(rec.attributes.Get("displayName"))
		if name, ok := rec.attributes.Get("name").(*wire.Object); ok {
			texts = append(texts, stringOf(name.Get("givenName")), stringOf(name.Get("familyName")))
		}
		for email := range (indexKey{attribute: "emails", sub: "value", fold: exactCase}).of(rec.attributes) {
			texts = append(texts, email)
		}
		if begins(texts, prefix) {
			found = append(found, d.person(rec))
		}
	}
	return found
}

// Teams returns at most limit groups with a word of the display name that begins with the prefix.
func (d *Service) Teams(prefix string, limit int) []Team {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var found []Team
	for _, rec := range d.store.collection(groupType).records {
		if len(found) == limit {
			break
		}
		if begins(words(rec.attributes.Get("displayName")), prefix) {
			found = append(found, d.team(rec))
		}
	}
	return found
}

// Team finds a group by its ID, or by the value that is mapped to google.group.
func (d *Service) Team(key string, byID bool) (Team, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if byID {
		rec := d.store.find(groupType, key)
		if rec == nil {
			return Team{}, false
		}
		return d.team(rec), true
	}
	c := d.store.collection(groupType)
	if c.mapped < 0 {
		return Team{}, false
	}
	for _, rec := range c.indexes[c.mapped][key] {
		return d.team(rec), true
	}
	return Team{}, false
}

func stringOf(v any) string {
	s, _ := v.(string)
	return s
}

func words(v any) []string { return strings.Fields(stringOf(v)) }

func begins(texts []string, prefix string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return strings.HasPrefix(foldCase(s), foldCase(prefix)) })
}

// plain is an object as encoding/json has it.
func plain(o *wire.Object) map[string]any {
	v := map[string]any{}
	if err := json.Unmarshal(wire.Append(nil, o), &v); err != nil {
		panic("scimtest: a stored resource is no JSON object: " + err.Error())
	}
	return v
}
