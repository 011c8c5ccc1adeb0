package cloud

import (
	"time"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"google.golang.org/api/iam/v1"
)

var keys = &kind[iam.WorkforcePoolProviderKey]{
	id:        resname.Key,
	listName:  "workforcePoolProviderKeys",
	field:     "workforce_pool_provider_key",
	usualPage: 10, maxPage: 10,
	table:      func(s *state) table[iam.WorkforcePoolProviderKey] { return s.keys },
	mark:       func(v *iam.WorkforcePoolProviderKey, state, purge string) { v.State, v.ExpireTime = state, purge },
	state:      func(v *iam.WorkforcePoolProviderKey) string { return v.State },
	show:       func(_ *call, _ *record[iam.WorkforcePoolProviderKey], v *iam.WorkforcePoolProviderKey) any { return v },
	operations: true,
	permission: "iam.workforcePoolProviderKeys",
}

// createKey makes a key without cryptography: its data is a certificate's
// frame around the key's name.
func createKey(c *call) (any, error) {
	parent := parentName(c.name())
	if _, err := findActive(c, providers, parent); err != nil {
		return nil, err
	}
	id, bad := c.checkID(resname.Key, "workforcePoolProviderKeyId")
	if bad != nil {
		return nil, bad
	}
	v, bad := decode[iam.WorkforcePoolProviderKey](c.body, keys.field)
	if bad != nil {
		return nil, bad
	}
	var check fieldChecks
	if v.Use == "" || v.Use == "KEY_USE_UNSPECIFIED" {
		check.add(behavior.KeyFields, "workforce_pool_provider_key.use", "use is required.")
	}
	if v.KeyData == nil || v.KeyData.KeySpec == "" || v.KeyData.KeySpec == "KEY_SPEC_UNSPECIFIED" {
		check.add(behavior.KeyFields, "workforce_pool_provider_key.key_data.key_spec", "key_spec is required.")
	}
	if bad := check.refusal(); bad != nil {
		return nil, bad
	}
	v.Name = resname.Join(parent, resname.Key, id)
	v.KeyData = &iam.KeyData{
		KeySpec:       v.KeyData.KeySpec,
		Format:        "RSA_X509_PEM",
		Key:           "-----BEGIN CERTIFICATE-----\nfake-" + id + "\n-----END CERTIFICATE-----\n",
		NotBeforeTime: c.now.UTC().Format(time.RFC3339),
		NotAfterTime:  c.now.AddDate(10, 0, 0).UTC().Format(time.RFC3339),
	}
	_, reply, err := create(c, keys, v.Name, "", v)
	return reply, err
}

func listKeys(c *call) (any, error) {
	parent := parentName(c.name())
	if _, _, err := find(c, providers, parent); err != nil {
		return nil, err
	}
	return keys.listOf(c, c.st.keys.children(parent+"/keys/"), everything)
}
