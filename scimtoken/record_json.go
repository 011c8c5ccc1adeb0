package scimtoken

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
)

// recordVersion is the version of the JSON form. A program refuses a record of
// a version it doesn't know: it would drop what it doesn't understand.
const recordVersion = 1

// maxRecord bounds a record in bytes. One with a full Retire list has some
// thousand.
const maxRecord = 1 << 20

// The JSON form of a record. It holds secrets in clear, so a record leaves this
// package as one Secret.
type (
	recordJSON struct {
		Version   int           `json:"version"`
		Tenant    string        `json:"tenant"`
		TenantUID string        `json:"tenantUid"`
		Revision  int64         `json:"revision"`
		Current   *heldJSON     `json:"current,omitempty"`
		Next      *heldJSON     `json:"next,omitempty"`
		Retire    []retiredJSON `json:"retire,omitempty"`
		Lease     leaseJSON     `json:"lease"`
	}
	heldJSON struct {
		Name       string `json:"name"`
		Secret     string `json:"secret,omitempty"`
		HandedOver bool   `json:"handedOver,omitempty"`
	}
	retiredJSON struct {
		Name        string    `json:"name"`
		Since       time.Time `json:"since"`
		Predecessor bool      `json:"predecessor,omitempty"`
	}
	leaseJSON struct {
		Holder string    `json:"holder"`
		Since  time.Time `json:"since"`
		Until  time.Time `json:"until,omitzero"`
	}
)

func (r record) encode() (Secret, error) {
	out := recordJSON{
		Version: recordVersion, Tenant: r.Tenant.String(), TenantUID: r.TenantUID, Revision: r.Revision,
		Current: r.Current.encode(false), Next: r.Next.encode(r.HandedOver),
		Lease: leaseJSON(r.Lease),
	}
	for _, x := range r.Retire {
		out.Retire = append(out.Retire, retiredJSON{x.Name.String(), x.Since, x.Predecessor})
	}
	text, err := json.Marshal(out)
	if err != nil {
		return Secret{}, err
	}
	if len(text) > maxRecord {
		return Secret{}, fmt.Errorf("the record is longer than %d bytes", maxRecord)
	}
	return iamscim.NewSecret(string(text)), nil
}

func (h held) encode(handedOver bool) *heldJSON {
	if h.Name.IsZero() {
		return nil
	}
	return &heldJSON{h.Name.String(), h.Secret.Reveal(), handedOver}
}

// decode reads the JSON form. Its errors repeat nothing of the text, which may
// hold a secret in the wrong place.
func decodeRecord(text Secret) (record, error) {
	raw := []byte(text.Reveal())
	if len(raw) > maxRecord {
		return record{}, fmt.Errorf("it is longer than %d bytes", maxRecord)
	}
	var in recordJSON
	// First the version alone: another version may have other fields.
	if err := json.Unmarshal(raw, &struct{ Version *int }{&in.Version}); err != nil {
		return record{}, jsonError(err)
	}
	if in.Version != recordVersion {
		return record{}, fmt.Errorf("it has version %d, and this program knows version %d", in.Version, recordVersion)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return record{}, jsonError(err)
	}
	return in.record()
}

func (in recordJSON) record() (record, error) {
	tenant, err := scimtenant.ParseName(in.Tenant)
	if err != nil {
		return record{}, errors.New("tenant isn't the name of a SCIM tenant")
	}
	out := record{Tenant: tenant, TenantUID: in.TenantUID, Revision: in.Revision, Lease: lease(in.Lease)}
	if in.TenantUID == "" {
		return record{}, errors.New("tenantUid is missing")
	}
	seen := map[Name]bool{}
	name := func(field, text string) (Name, error) {
		n, err := ParseName(text)
		switch {
		case err != nil:
			return Name{}, fmt.Errorf("%s isn't the name of a SCIM token", field)
		case n.Tenant() != tenant:
			return Name{}, fmt.Errorf("%s is a token of another tenant", field)
		case seen[n]:
			return Name{}, fmt.Errorf("%s is a token that the record names twice", field)
		}
		seen[n] = true
		return n, nil
	}
	if in.Current != nil {
		if out.Current.Name, err = name("current.name", in.Current.Name); err != nil {
			return record{}, err
		}
		if in.Current.HandedOver {
			return record{}, errors.New("current.handedOver is set, and only next has it")
		}
		out.Current.Secret = iamscim.NewSecret(in.Current.Secret)
	}
	if in.Next != nil {
		if out.Next.Name, err = name("next.name", in.Next.Name); err != nil {
			return record{}, err
		}
		out.Next.Secret, out.HandedOver = iamscim.NewSecret(in.Next.Secret), in.Next.HandedOver
		if out.HandedOver && out.Next.Secret.IsZero() {
			return record{}, errors.New("next was handed over and has no secret")
		}
	}
	for i, x := range in.Retire {
		n, err := name(fmt.Sprintf("retire[%d].name", i), x.Name)
		if err != nil {
			return record{}, err
		}
		out.Retire = append(out.Retire, retired{n, x.Since, x.Predecessor})
	}
	return out, nil
}

// jsonError says where JSON is wrong, without its text.
func jsonError(err error) error {
	var syntax *json.SyntaxError
	var mistyped *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("it isn't JSON: byte %d", syntax.Offset)
	case errors.As(err, &mistyped):
		return fmt.Errorf("%s has a value of the wrong type: byte %d", mistyped.Field, mistyped.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	}
	return errors.New("it has a field that this program doesn't know, or a value that it can't read")
}
