package provision

import (
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/provision/internal/doctor"
)

// DoctorPageForTest is docs/doctor.md, from the table of codes.
func DoctorPageForTest() string {
	var b strings.Builder
	b.WriteString(`# What the doctor finds

` + "`scimctl doctor`" + ` and ` + "`provision.Clients.Doctor`" + ` examine a set-up. This page has a section for each
code. It's written from the table of codes in package provision: don't edit it.

The severities:

- error: it doesn't work.
- warning: it won't work for some people, or not for long, or nobody can tell.
- info: worth knowing.

[troubleshooting.md](troubleshooting.md) goes the other way, from Google's troubleshooting page to the codes.

| code | severity | finding |
| --- | --- | --- |
`)
	for _, row := range doctor.Table {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", row.Code, strings.ToLower(row.Code), row.Severity, row.Title)
	}
	heads := map[byte]string{'1': "The control plane", '2': "The directory", '3': "The identity provider", '4': "What the provider takes from SCIM"}
	var last byte
	for _, row := range doctor.Table {
		if class := row.Code[len("SCIM")]; class != last {
			fmt.Fprintf(&b, "\n## %s\n", heads[class])
			last = class
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s", row.Code, Code(row.Code).Page())
	}
	return b.String()
}
