package samlmeta_test

import (
	"strings"
	"testing"

	"github.com/iamscim/iamscim/internal/samlmeta"
)

func TestEntityID(t *testing.T) {
	t.Parallel()
	const ns = `xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"`
	tests := []struct {
		name, metadata string
		want           string
		err            string // "" for none
	}{
		{"a descriptor", `<md:EntityDescriptor ` + ns + ` entityID="https://sts.windows.net/T/"><md:IDPSSODescriptor/></md:EntityDescriptor>`, "https://sts.windows.net/T/", ""},
		{"without a namespace", `<EntityDescriptor entityID="http://www.okta.com/exk1"/>`, "http://www.okta.com/exk1", ""},
		{"with a declaration and a comment", `<?xml version="1.0" encoding="ISO-8859-1"?><!-- <EntityDescriptor entityID="x"/> --><md:EntityDescriptor ` + ns + ` entityID="a&amp;b"/>`, "a&b", ""},
		{"one in a list", `<md:EntitiesDescriptor ` + ns + `><md:EntityDescriptor entityID="a"/></md:EntitiesDescriptor>`, "a", ""},
		{"two in a list", `<md:EntitiesDescriptor ` + ns + `><md:EntityDescriptor entityID="a"/><md:EntityDescriptor entityID="b"/></md:EntitiesDescriptor>`, "", "more than one"},
		{"another namespace", `<EntityDescriptor xmlns="urn:other" entityID="a"/>`, "", "no EntityDescriptor"},
		{"an attribute of another namespace", `<EntityDescriptor xmlns:x="urn:x" x:entityID="a"/>`, "", "no entityID"},
		{"no ID", `<EntityDescriptor/>`, "", "no entityID"},
		{"nothing", "", "", "no EntityDescriptor"},
		{"no XML", "{}<", "", "not XML"},
		{"not closed", `<EntityDescriptor entityID="a">`, "", "not XML"},
		{"an entity of its own", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><EntityDescriptor entityID="&e;"/>`, "", "not XML"},
		{"too long", `<EntityDescriptor entityID="` + strings.Repeat("a", 600<<10) + `"/>`, "", "longer than"},
		{"too many elements", `<EntitiesDescriptor>` + strings.Repeat("<a/>", 60_000) + `</EntitiesDescriptor>`, "", "too many"},
	}
	for _, tt := range tests {
		got, err := samlmeta.EntityID(tt.metadata)
		if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: EntityID = %q, %v, want %q and an error with %q", tt.name, got, err, tt.want, tt.err)
		}
	}
}

func FuzzEntityID(f *testing.F) {
	f.Add(`<EntityDescriptor entityID="a"/>`)
	f.Add(`<?xml version="1.0" encoding="x"?><a>]]></a>`)
	f.Fuzz(func(t *testing.T, metadata string) {
		if id, err := samlmeta.EntityID(metadata); (id == "") != (err != nil) {
			t.Errorf("EntityID(%q) = %q, %v", metadata, id, err)
		}
	})
}
