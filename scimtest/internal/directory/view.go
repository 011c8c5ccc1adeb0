package directory

import (
	"fmt"

	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// timeFormat is a dateTime as the service writes it.
const timeFormat = "2006-01-02T15:04:05.000Z"

// view is a resource as clients see it: a new object with the record's own values. base is
// the tenant's base URI. Google documents that members are empty in replies; members are those to
// show all the same.
func (rec *record) view(base string, etags bool, members []*record) *wire.Object {
	meta := wire.NewObject(
		"resourceType", rec.typ.name,
		"created", rec.created.UTC().Format(timeFormat),
		"lastModified", rec.modified.UTC().Format(timeFormat),
		"location", base+rec.typ.endpoint+"/"+rec.id,
	)
	if etags {
		meta.Set("version", rec.etag())
	}
	schemas := []any{rec.typ.core.id}
	if rec.attributes.Get(urnEnterprise) != nil {
		schemas = append(schemas, urnEnterprise)
	}
	o := &wire.Object{Fields: make([]wire.Field, 0, len(rec.attributes.Fields)+4)}
	o.Fields = append(o.Fields, wire.Field{Name: "schemas", Value: schemas}, wire.Field{Name: "id", Value: rec.id})
	o.Fields = append(o.Fields, rec.attributes.Fields...)
	if rec.typ == groupType {
		list := make([]any, len(members))
		for i, m := range members {
			element := m.element()
			element.Set("$ref", base+m.typ.endpoint+"/"+m.id)
			list[i] = element
		}
		o.Fields = append(o.Fields, wire.Field{Name: "members", Value: list})
	}
	o.Fields = append(o.Fields, wire.Field{Name: "meta", Value: meta})
	return o
}

// element is a member as filters and listings see it.
func (rec *record) element() *wire.Object {
	return wire.NewObject("value", rec.id, "type", rec.typ.name, "display", rec.attributes.Get("displayName"))
}

// etag is the record's version as a weak entity tag.
func (rec *record) etag() string { return fmt.Sprintf(`W/"%d"`, rec.revision) }
