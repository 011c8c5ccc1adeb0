package scimtest

import "time"

// scimTime is a dateTime as the service writes it.
const scimTime = "2006-01-02T15:04:05.000Z"

// view is a resource as clients see it. base is the tenant's base URI.
// members of groups are empty, as documented: membership is asked for with a
// filter.
func (rec *scimRecord) view(base string, etags bool) *scimObject {
	data := rec.object()
	t := rec.resourceType()
	schemas := []any{t.core.id}
	if rec.extended {
		schemas = append(schemas, urnEnterprise)
	}
	meta := &scimObject{fields: make([]scimField, 0, 5)}
	meta.set("resourceType", t.name)
	meta.set("created", time.UnixMicro(rec.created).UTC().Format(scimTime))
	meta.set("lastModified", time.UnixMicro(rec.modified).UTC().Format(scimTime))
	meta.set("location", base+t.endpoint+"/"+rec.id)
	if etags {
		meta.set("version", rec.etag())
	}
	o := &scimObject{fields: make([]scimField, 0, len(data.fields)+4)}
	o.fields = append(o.fields, scimField{"schemas", schemas}, scimField{"id", rec.id})
	o.fields = append(o.fields, data.fields...)
	if rec.group {
		o.fields = append(o.fields, scimField{"members", []any{}})
	}
	o.fields = append(o.fields, scimField{"meta", meta})
	return o
}
