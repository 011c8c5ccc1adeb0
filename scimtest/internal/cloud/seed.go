package cloud

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/iamscim/iamscim/internal/resname"
	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"google.golang.org/api/iam/v1"
)

// AddPool puts a workforce pool in place. Name and Parent
// ("organizations/123456789012") are required. Seeded resources are visible at
// once, whatever [WithReplicationLag] says. The error names every rule the pool
// breaks.
func (s *Cloud) AddPool(p *iam.WorkforcePool) error {
	return s.seed("pool", func(c *call) error {
		v, err := seedCopy(p)
		if err != nil {
			return err
		}
		if err := checkName(v.Name, resname.Location, resname.Pool); err != nil {
			return err
		}
		if bad := c.checkPool(v); bad != nil {
			return bad
		}
		_, _, err = create(c, pools, v.Name, "", v)
		return err
	})
}

// AddProvider puts a provider into a pool that exists. Name is required; the
// rest is checked as in a create.
func (s *Cloud) AddProvider(p *iam.WorkforcePoolProvider) error {
	return s.seed("provider", func(c *call) error {
		if p == nil {
			return errors.New("it is nil")
		}
		object := toObject(p)
		hideSecrets(object)
		v, err := fromObject[iam.WorkforcePoolProvider](object)
		if err != nil {
			return err
		}
		if err := checkName(v.Name, resname.Location, resname.Pool, resname.Provider); err != nil {
			return err
		}
		if _, err := findActive(c, pools, parentName(v.Name)); err != nil {
			return fmt.Errorf("parent %s: %w", parentName(v.Name), err)
		}
		if bad := c.checkProvider(v); bad != nil {
			return bad
		}
		_, _, err = create(c, providers, v.Name, "", v)
		return err
	})
}

// AddTenant puts a SCIM tenant into a provider that exists and returns it with
// its base URI, which is on the loopback address if the server listens there.
// Name and ClaimMapping are required. A UID of lower-case letters and digits
// can be chosen by a BaseUri that ends in "/tenants/UID".
func (s *Cloud) AddTenant(t *iam.WorkforcePoolProviderScimTenant) (*iam.WorkforcePoolProviderScimTenant, error) {
	var added *iam.WorkforcePoolProviderScimTenant
	err := s.seed("SCIM tenant", func(c *call) error {
		v, err := seedCopy(t)
		if err != nil {
			return err
		}
		if err := checkName(v.Name, resname.Location, resname.Pool, resname.Provider, resname.Tenant); err != nil {
			return err
		}
		if _, err := findActive(c, providers, parentName(v.Name)); err != nil {
			return fmt.Errorf("parent %s: %w", parentName(v.Name), err)
		}
		uid := c.newUID()
		if v.BaseUri != "" {
			m := seedUID.FindStringSubmatch(v.BaseUri)
			if m == nil {
				return fmt.Errorf("BaseUri %q does not end in /tenants/UID with a UID of 1 to 40 lower-case letters, digits and hyphens", v.BaseUri)
			}
			uid = m[1]
			if c.tenantByUID(uid) != nil {
				return fmt.Errorf("the UID %s is taken", uid)
			}
		}
		r, _, err := c.addTenant(v, uid)
		if err != nil {
			return err
		}
		added = showTenant(c, r, v).(*iam.WorkforcePoolProviderScimTenant)
		return nil
	})
	return added, err
}

var seedUID = regexp.MustCompile(`/tenants/([a-z0-9-]{1,40})/?$`)

// AddToken puts a SCIM token into a tenant that exists and returns it with its
// value in SecurityToken. Name is required. The value can be chosen by
// SecurityToken; it must begin with "fake-" so that nobody puts a real one
// here.
func (s *Cloud) AddToken(t *iam.WorkforcePoolProviderScimToken) (*iam.WorkforcePoolProviderScimToken, error) {
	var added *iam.WorkforcePoolProviderScimToken
	err := s.seed("SCIM token", func(c *call) error {
		v, err := seedCopy(t)
		if err != nil {
			return err
		}
		if err := checkName(v.Name, resname.Location, resname.Pool, resname.Provider, resname.Tenant, resname.Token); err != nil {
			return err
		}
		if _, err := findActive(c, tenants, parentName(v.Name)); err != nil {
			return fmt.Errorf("parent %s: %w", parentName(v.Name), err)
		}
		secret := v.SecurityToken
		if secret == "" {
			secret = newSecret(c)
		} else if !seedSecret.MatchString(secret) {
			return errors.New("SecurityToken must be \"fake-\" and 1 to 200 letters, digits, '-', '_' or '.'")
		} else if _, taken := c.st.secrets[hashSecret(secret)]; taken {
			return errors.New("SecurityToken is that of another token")
		}
		if err := c.addToken(v, secret); err != nil {
			return err
		}
		added = clone(v)
		added.SecurityToken = secret
		return nil
	})
	return added, err
}

var seedSecret = regexp.MustCompile(`^fake-[A-Za-z0-9._-]{1,200}$`)

// seed runs a change as a caller with every permission. The change is visible at
// once.
func (s *Cloud) seed(noun string, change func(*call) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Cloud: s, now: s.cfg.Now(), seeding: true}
	s.st.purge(c.now)
	if err := change(c); err != nil {
		return fmt.Errorf("scimtest: add %s: %w", noun, err)
	}
	return nil
}

func seedCopy[T any](v *T) (*T, error) {
	if v == nil {
		return nil, errors.New("it is nil")
	}
	return clone(v), nil
}

func checkName(name string, kinds ...resname.Kind) error {
	ids, err := resname.Parse(name, kinds...)
	if err != nil {
		return fmt.Errorf("name %w", err)
	}
	if ids[0] != "global" {
		return fmt.Errorf("name %s: the location must be global", name)
	}
	return nil
}

// AddUser puts a user into a tenant by the rules of a POST; an id in the document is kept.
func (s *Cloud) AddUser(tenant string, document []byte) (string, error) {
	return s.addToDirectory("user", tenant, document, (*directory.Service).AddUser)
}

// AddGroup is AddUser for groups.
func (s *Cloud) AddGroup(tenant string, document []byte) (string, error) {
	return s.addToDirectory("group", tenant, document, (*directory.Service).AddGroup)
}

func (s *Cloud) addToDirectory(noun, tenant string, document []byte, add func(*directory.Service, []byte) (string, error)) (string, error) {
	s.mu.Lock()
	d := s.st.directories[tenant]
	s.mu.Unlock()
	if d == nil {
		return "", fmt.Errorf("scimtest: add %s: there is no SCIM tenant %q", noun, tenant)
	}
	id, err := add(d, document)
	if err != nil {
		return "", fmt.Errorf("scimtest: add %s to %s: %w", noun, tenant, err)
	}
	return id, nil
}
