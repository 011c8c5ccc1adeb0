// Package samlmeta reads the entity ID out of SAML 2.0 metadata
// (https://docs.oasis-open.org/security/saml/v2.0/saml-metadata-2.0-os.pdf section
// 2.3). It verifies nothing.
package samlmeta

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// maxMetadata is the longest idpMetadataXml, in bytes: 128k characters of at most
// four bytes (iam/v1 discovery document, revision 20261023).
const maxMetadata = 4 * 128 << 10

// maxTokens bounds what is read of metadata of several entities.
const maxTokens = 50_000

const namespace = "urn:oasis:names:tc:SAML:2.0:metadata"

// EntityID returns the entityID of the one EntityDescriptor of the metadata. Of
// several it returns an error.
func EntityID(metadata string) (string, error) {
	if len(metadata) > maxMetadata {
		return "", errors.New("SAML metadata: longer than 128k characters")
	}
	d := xml.NewDecoder(strings.NewReader(metadata))
	// The text is a string already, whatever the declaration says.
	d.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	id, entities := "", 0
	for tokens := 0; ; tokens++ {
		if tokens == maxTokens {
			return "", errors.New("SAML metadata: too many elements")
		}
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", errors.New("SAML metadata: not XML")
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "EntityDescriptor" || element.Name.Space != namespace && element.Name.Space != "" {
			continue
		}
		entities++
		for _, a := range element.Attr {
			if a.Name.Local == "entityID" && a.Name.Space == "" {
				id = a.Value
			}
		}
	}
	switch {
	case entities == 0:
		return "", errors.New("SAML metadata: no EntityDescriptor")
	case entities > 1:
		return "", errors.New("SAML metadata: more than one EntityDescriptor")
	case id == "":
		return "", errors.New("SAML metadata: the EntityDescriptor has no entityID")
	}
	return id, nil
}
