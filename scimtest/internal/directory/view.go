package directory

import "time"

// timeFormat is a dateTime as the service writes it.
const timeFormat = "2006-01-02T15:04:05.000Z"

// view is a resource as clients see it. base is the tenant's base URI.
// members of groups are empty, as documented: membership is asked for with a
// filter.
func (rec *record) view(base string, etags bool) *object {
	data := rec.object()
	t := rec.resourceType()
	schemas := []any{t.core.id}
	if rec.extended {
		schemas = append(schemas, urnEnterprise)
	}
	meta := &object{fields: make([]field, 0, 5)}
	meta.set("resourceType", t.name)
	meta.set("created", time.UnixMicro(rec.created).UTC().Format(timeFormat))
	meta.set("lastModified", time.UnixMicro(rec.modified).UTC().Format(timeFormat))
	meta.set("location", base+t.endpoint+"/"+rec.id)
	if etags {
		meta.set("version", rec.etag())
	}
	o := &object{fields: make([]field, 0, len(data.fields)+4)}
	o.fields = append(o.fields, field{"schemas", schemas}, field{"id", rec.id})
	o.fields = append(o.fields, data.fields...)
	if rec.group {
		o.fields = append(o.fields, field{"members", []any{}})
	}
	o.fields = append(o.fields, field{"meta", meta})
	return o
}
