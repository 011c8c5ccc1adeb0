package provision

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/internal/agent"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/internal/doctor"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// read is what a read returned.
type read[T any] struct {
	value T
	err   error
	done  bool // it was read
}

func of[T any](value T, err error) read[T] { return read[T]{value, err, true} }

// world is what is there, as far as the caller may read it.
type world struct {
	now       time.Time
	caller    string // the workforce pool that the caller signs in through, or ""
	provider  read[*provider.Provider]
	pool      read[*provider.Pool]
	providers read[[]*provider.Provider] // of the pool
	tenant    read[*scimtenant.Tenant]   // of the pool; nil if there is none
	stored    read[*scimtoken.Stored]
	tokens    read[[]*scimtoken.Token]
	syncer    read[bool]
	bindings  read[[]scimtenant.Binding] // of the organization's policy; for the doctor, which doesn't read syncer
	access    read[*scimclient.Access]
	idp       read[*idp.Status]
	evidence  read[evidence]
}

// observe reads what a spec is about, in two rounds of requests side by side: what
// is known by name, then what the tenant leads to. It changes nothing.
func (c *Clients) observe(ctx context.Context, s Spec) *world { return c.observeAll(ctx, s, nil) }

// observeAll is observe, and reads at the same time what only the doctor asks for,
// unless x is nil.
func (c *Clients) observeAll(ctx context.Context, s Spec, x *exam) *world {
	w := &world{now: time.Now(), caller: c.cfg.caller}
	var own read[[]*scimtenant.Tenant]
	var wg sync.WaitGroup
	wg.Go(func() { w.provider = of(c.Providers.Get(ctx, s.Provider)) })
	wg.Go(func() { w.pool = of(c.Providers.GetPool(ctx, s.Provider.Pool())) })
	wg.Go(func() { w.providers = of(collect(c.Providers.List(ctx, s.Provider.Pool(), iamscim.ListOptions{}))) })
	wg.Go(func() { own = of(collect(c.Tenants.List(ctx, s.Provider, iamscim.ListOptions{ShowDeleted: true}))) })
	if x != nil {
		wg.Go(func() {
			x.pool = of(c.Providers.TestPoolPermissions(ctx, s.Provider.Pool(), iamNames(poolPermissions)...))
		})
	}
	if s.Store != nil {
		wg.Go(func() { w.stored = of(scimtoken.Inspect(ctx, s.Store)) })
	}
	if s.IdentityProvider != nil {
		wg.Go(func() { w.idp = of(s.IdentityProvider.Status(ctx)) })
	}
	wg.Wait()
	if len(own.value) > 0 {
		w.tenant = read[*scimtenant.Tenant]{value: own.value[0], done: true}
	}
	if organization, _ := w.agent(); x != nil && organization != "" {
		// Nothing below waits for these.
		wg.Go(func() {
			x.organization = of(c.Organizations.TestPermissions(ctx, organization, organizationPermissions...))
		})
		wg.Go(func() { w.bindings = of(c.Organizations.Bindings(ctx, organization)) })
		defer wg.Wait()
	}
	if w.provider.err != nil {
		return w
	}
	switch {
	case own.err != nil:
		w.tenant = read[*scimtenant.Tenant]{err: own.err, done: true}
	case w.tenant.value == nil:
		// Another provider can have it, even a deleted one.
		t, err := c.Tenants.InPool(ctx, s.Provider.Pool())
		if errors.Is(err, iamscim.ErrNotFound) {
			t, err = nil, nil
		}
		w.tenant = of(t, err)
	}
	t := w.tenant.value
	if t == nil || t.Name.Provider() != s.Provider || t.State != iamscim.StateActive {
		return w
	}
	wg.Go(func() { w.tokens = of(collect(c.Tokens.List(ctx, t.Name, iamscim.ListOptions{ShowDeleted: true}))) })
	if x != nil {
		wg.Go(func() { x.tenant = of(c.Tenants.TestPermissions(ctx, t.Name, iamNames(tenantPermissions)...)) })
	} else if organization, address := w.agent(); address != "" {
		wg.Go(func() { w.syncer = of(c.Organizations.HasSyncer(ctx, organization, address)) })
	}
	if secret := w.secret(); !secret.IsZero() {
		wg.Go(func() {
			// The service lists at most 100, as Google documents. The client needn't ask.
			client, err := c.scim(t, secret, scimclient.WithMaxResults(100))
			if err != nil {
				w.access = read[*scimclient.Access]{err: err, done: true}
				return
			}
			w.access = of(client.CheckAccess(ctx))
			if w.access.err != nil {
				return
			}
			if x != nil {
				wg.Go(func() { x.sample = of(doctor.TakeSample(ctx, client)) })
			}
			w.evidence = of(s.Ready.lookUp(ctx, client))
			if x != nil {
				x.askWhy(ctx, s.IdentityProvider, w.evidence.value)
			}
		})
	}
	wg.Wait()
	if organization, _ := w.agent(); x != nil && !w.bound() {
		wg.Go(func() { x.allowed = of(c.Organizations.AllowedMembers(ctx, organization)) })
	}
	if s.Store != nil && w.unknown() {
		// Another call may have made the token since the store was read. It
		// reserves the name there first.
		w.stored = of(scimtoken.Inspect(ctx, s.Store))
	}
	return w
}

// unknown reports whether there is an active token that the store's record
// doesn't know.
func (w *world) unknown() bool {
	return slices.ContainsFunc(w.tokens.value, func(t *scimtoken.Token) bool {
		s := w.stored.value
		return t.State != iamscim.StateDeleted && (s == nil || t.Name != s.Current && t.Name != s.Next && !slices.Contains(s.Retire, t.Name))
	})
}

func collect[T any](list func(yield func(T, error) bool)) ([]T, error) {
	var all []T
	for x, err := range list {
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// agent returns the pool's organization and the tenant's service agent, "" for
// what isn't known.
func (w *world) agent() (organization, address string) {
	if w.pool.value != nil {
		organization = w.pool.value.Organization
	}
	t := w.tenant.value
	if t == nil {
		return organization, ""
	}
	address = t.ServiceAgent
	if organization == "" {
		organization, _, _ = agent.Parse(address)
	}
	if address == "" && organization != "" && t.UID() != "" {
		address = scimtenant.ServiceAgentEmail(organization, t.UID())
	}
	return organization, address
}

// bound reports that the service agent has its role, as far as anybody knows: a
// request that the SCIM service answered, or the organization's policy. What can't be
// read counts as bound, unless the SCIM service has refused a request.
func (w *world) bound() bool {
	_, address := w.agent()
	switch {
	case w.access.done && w.access.err == nil, address == "":
		return true
	case !w.bindings.done || w.bindings.err != nil:
		return !errors.Is(w.access.err, scimclient.ErrNotSyncer)
	}
	return slices.ContainsFunc(w.bindings.value, func(b scimtenant.Binding) bool {
		return b.Role == scimtenant.SyncerRole && b.Condition == nil && slices.Contains(b.Members, "serviceAccount:"+address)
	})
}

// fresh reports whether the store's record is about the tenant that is there.
func (w *world) fresh() bool {
	s, t := w.stored.value, w.tenant.value
	return s != nil && t != nil && s.Tenant == t.Name && s.TenantUID == t.UID()
}

// secret returns the secret of the token that the identity provider is to have.
func (w *world) secret() scimtoken.Secret {
	if !w.fresh() {
		return scimtoken.Secret{}
	}
	_, secret := live(w.stored.value)
	return secret
}

// live returns the token that the identity provider is to have, and its secret.
// Where only its owner knows the secret, it's the one that is to replace it.
func live(s *scimtoken.Stored) (scimtoken.Name, scimtoken.Secret) {
	name, secret := s.Live()
	if secret.IsZero() && !s.NextSecret.IsZero() {
		return s.Next, s.NextSecret
	}
	return name, secret
}

// issuer is the identity of the identity provider.
func issuer(p *provider.Provider) string {
	switch {
	case p.OIDC != nil:
		return p.OIDC.IssuerURI
	case p.SAML != nil:
		return entityID(p.SAML.IDPMetadataXML)
	}
	return ""
}

// entityID reads the entityID of SAML metadata, "" if it can't.
func entityID(metadata string) string {
	_, rest, ok := strings.Cut(metadata, "entityID=")
	if !ok || rest == "" {
		return ""
	}
	value, _, ok := strings.Cut(rest[1:], rest[:1])
	if !ok {
		return ""
	}
	return value
}

// basis is what a verdict and its changes rest on.
func basis(p *provider.Provider, t *scimtenant.Tenant) map[string]string {
	b := map[string]string{
		"provider.attributeMapping": rules(p.AttributeMapping),
		"provider.issuer":           issuer(p),
		"provider.vendorType":       string(p.VendorType),
		"provider.state":            string(p.State),
		"provider.disabled":         strconv.FormatBool(p.Disabled),
		"provider.scimUsage":        string(p.SCIMUsage),
		"tenant.name":               "",
		"tenant.uid":                "",
		"tenant.claimMapping":       "",
		"tenant.state":              "",
	}
	if t != nil {
		b["tenant.name"] = t.Name.String()
		b["tenant.uid"] = t.UID()
		b["tenant.claimMapping"] = rules(t.ClaimMapping)
		b["tenant.state"] = string(t.State)
	}
	return b
}

// rules is a mapping on one line.
func rules(m map[string]string) string {
	if parsed, err := claimmap.New(m); err == nil {
		return parsed.String()
	}
	parts := make([]string, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, key+"="+m[key])
	}
	return strings.Join(parts, ",")
}

// exam is what only the doctor reads.
type exam struct {
	pool, tenant, organization read[[]string] // the permissions that the caller has there
	sample                     read[doctor.Sample]
	allowed                    read[[]string] // in allow policies, if the role is missing; nil for everybody
	attempts                   []attempt      // of the people whom Ready names and the directory lacks
}

// attempt is what the identity provider says about a person.
type attempt struct {
	person  string
	attempt *idp.Attempt
	err     error
}

// askWhy asks the identity provider about at most doctor.SampleUsers people whom Ready
// names and the directory lacks.
func (x *exam) askWhy(ctx context.Context, half idp.Provider, e evidence) {
	people := e.absent
	if half == nil || len(people) == 0 {
		return
	}
	slices.Sort(people)
	people = people[:min(len(people), doctor.SampleUsers)]
	x.attempts = make([]attempt, len(people))
	var wg sync.WaitGroup
	for i, person := range people {
		wg.Go(func() {
			got, err := half.Why(ctx, person)
			if err == nil && got == nil {
				got = &idp.Attempt{}
			}
			x.attempts[i] = attempt{person, got, err}
		})
	}
	wg.Wait()
}

// The permissions that a set-up takes. Those that only read come first.
var (
	poolPermissions = []string{
		"iam.workforcePools.get", getProvider, "iam.workforcePoolProviders.list", listTenants,
		"iam.workforcePoolProviders.update", "iam.workforcePoolProviderScimTenants.create", "iam.workforcePoolProviderScimTenants.undelete", "iam.workforcePoolProviderScimTenants.delete",
	}
	tenantPermissions       = []string{listTokens, "iam.workforcePoolProviderScimTokens.create", "iam.workforcePoolProviderScimTokens.delete"}
	organizationPermissions = []string{getOrgPolicy, "resourcemanager.organizations.setIamPolicy"}
)

// reads reports whether a permission is one that a doctor needs.
func reads(permission string) bool {
	return strings.HasSuffix(permission, ".get") || strings.HasSuffix(permission, ".list") || permission == getOrgPolicy
}

// iamNames are permissions as roles name them, which is what testIamPermissions
// takes (https://docs.cloud.google.com/iam/docs/roles-permissions/iam).
func iamNames(permissions []string) []string {
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = p
		if rest, ok := strings.CutPrefix(p, "iam."); ok {
			names[i] = "iam.googleapis.com/" + rest
		}
	}
	return names
}
