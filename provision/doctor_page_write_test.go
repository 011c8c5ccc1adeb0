package provision

import (
	"fmt"
	"strings"
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

| code | severity | finding |
| --- | --- | --- |
`)
	for _, row := range codeTable {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", row.code, strings.ToLower(string(row.code)), row.severity, row.title)
	}
	heads := map[byte]string{'1': "The control plane", '2': "The directory", '3': "The identity provider", '4': "What the provider takes from SCIM"}
	var last byte
	for _, row := range codeTable {
		if class := row.code[len("SCIM")]; class != last {
			fmt.Fprintf(&b, "\n## %s\n", heads[class])
			last = class
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s", row.code, row.code.Page())
	}
	return b.String()
}
