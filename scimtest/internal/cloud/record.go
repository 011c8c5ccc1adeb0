package cloud

import (
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"
)

// A version is one state of a resource and the time from which reads see it:
// replication lag is the distance between the write and that time. A value is
// never changed after it was put; a write puts a changed copy.
type version[T any] struct {
	from  time.Time
	value *T
}

// A record is one resource with its history. Reads go by [record.at], writes
// build on [record.newest].
type record[T any] struct {
	name     string
	uid      string // of a SCIM tenant: the last element of its base URI
	created  time.Time
	deleted  time.Time // when it was soft-deleted; zero while it is active
	versions []version[T]
}

func (r *record[T]) newest() *T { return r.versions[len(r.versions)-1].value }

// at is the state that reads see, or nil while the resource has not arrived.
func (r *record[T]) at(now time.Time) *T {
	for i := len(r.versions) - 1; i >= 0; i-- {
		if !r.versions[i].from.After(now) {
			return r.versions[i].value
		}
	}
	return nil
}

// put adds a state and drops those that no read can see any more.
func (r *record[T]) put(now, from time.Time, value *T) {
	keep := 0
	for i, v := range r.versions {
		if !v.from.After(now) {
			keep = i
		}
	}
	r.versions = append(slices.Clone(r.versions[keep:]), version[T]{from, value})
}

// copy shares the values, which do not change, and nothing else.
func (r *record[T]) copy() *record[T] {
	c := *r
	c.versions = slices.Clone(r.versions)
	return &c
}

type table[T any] map[string]*record[T]

func (t table[T]) copy() table[T] {
	c := make(table[T], len(t))
	for name, r := range t {
		c[name] = r.copy()
	}
	return c
}

// children are the records directly in a collection, by name:
// children("locations/global/workforcePools/p/providers/").
func (t table[T]) children(prefix string) []*record[T] {
	var found []*record[T]
	for name, r := range t {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(rest, "/") {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	return found
}

// sorted are all records by name.
func (t table[T]) sorted() []*record[T] {
	records := make([]*record[T], 0, len(t))
	for _, name := range slices.Sorted(maps.Keys(t)) {
		records = append(records, t[name])
	}
	return records
}

// drop removes a record's descendants and itself.
func (t table[T]) drop(name string) {
	delete(t, name)
	for other := range t {
		if strings.HasPrefix(other, name+"/") {
			delete(t, other)
		}
	}
}

// clone is a deep copy. The generated structs survive JSON both ways but for
// ServerResponse and the field lists, which a stored resource has none of.
func clone[T any](v *T) *T {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("scimtest: a stored resource does not marshal: " + err.Error())
	}
	c := new(T)
	if err := json.Unmarshal(raw, c); err != nil {
		panic("scimtest: a stored resource does not unmarshal: " + err.Error())
	}
	return c
}

// toObject is a resource as the JSON object that masks and partial replies
// work on.
func toObject(v any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("scimtest: a resource does not marshal: " + err.Error())
	}
	object := map[string]any{}
	if err := json.Unmarshal(raw, &object); err != nil {
		panic("scimtest: a resource is not a JSON object: " + err.Error())
	}
	return object
}

// fromObject is toObject's inverse for an object that decodeBody has checked.
func fromObject[T any](object map[string]any) (*T, error) {
	raw, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, err
	}
	return v, nil
}
