package cloud

import (
	"maps"
	"slices"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// maxMapped bounds all mapped attributes of a sign-in, in bytes: the documentation of the field and
// the text of the failure say 16 KB.
const maxMapped = 16 << 10

// attributeLimits are bytes. See https://docs.cloud.google.com/iam/docs/workforce-identity-federation.
var attributeLimits = map[string]int{"google.subject": 127, "google.display_name": 100, "google.posix_username": 32}

// An Identity is who an assertion signs in as.
type Identity struct {
	Subject    string
	Groups     []string
	Attributes map[string]string // google.subject included
}

// SignIn reports as whom an assertion would sign in at a provider now.
func (s *Cloud) SignIn(provider string, assertion map[string]any) (Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Cloud: s, now: s.cfg.Now()}
	s.st.purge(c.now)
	_, p, err := find(c, providers, provider)
	if err != nil {
		return Identity{}, err
	}
	pool := poolOf(provider)
	if !isActive(c, providers, provider) || !isActive(c, pools, pool) || p.Disabled || c.st.pools[pool].newest().Disabled {
		return Identity{}, signInFailure(behavior.SignIn, "The workforce identity pool or its provider is disabled or deleted.")
	}
	attributes, groups, bad := mapAssertion(p, assertion)
	if bad != nil {
		return Identity{}, bad
	}
	id := Identity{Subject: attributes["google.subject"], Groups: groups, Attributes: attributes}
	if _, gone := c.st.subjects[pool+"/subjects/"+id.Subject]; gone {
		return Identity{}, signInFailure(behavior.DeletedSubject, "The subject is deleted.")
	}
	if !usesSCIM(p) {
		return id, nil
	}
	return c.signInBySCIM(p, id)
}

func signInFailure(rule behavior.ID, format string, args ...any) *wire.Refusal {
	return refuse(rule, "INVALID_ARGUMENT", format, args...)
}

// mapAssertion evaluates a provider's attribute mapping and condition.
func mapAssertion(p *iam.WorkforcePoolProvider, assertion map[string]any) (map[string]string, []string, *wire.Refusal) {
	attributes, groups := map[string]string{}, []string{}
	size := 0
	for _, key := range slices.Sorted(maps.Keys(p.AttributeMapping)) {
		value, err := evaluate(mappingEnv(), p.AttributeMapping[key], map[string]any{"assertion": assertion})
		switch value := value.(type) {
		case string:
			if key == "google.groups" {
				groups = append(groups, value)
			} else {
				attributes[key] = value
			}
			size += len(value)
		case []string:
			if key != "google.groups" {
				return nil, nil, signInFailure(behavior.SignIn, "The mapped attribute '%s' must be of type STRING", key)
			}
			groups = append(groups, value...)
			size += len(strings.Join(value, ""))
		default:
			if err == nil {
				return nil, nil, signInFailure(behavior.SignIn, "The mapped attribute '%s' must be of type STRING", key)
			}
		}
		if limit := attributeLimits[key]; limit > 0 && len(attributes[key]) > limit {
			return nil, nil, signInFailure(behavior.SignIn, "The size of mapped attribute %s exceeds the %d bytes limit.", key, limit)
		}
	}
	switch {
	case attributes["google.subject"] == "":
		return nil, nil, signInFailure(behavior.SignIn, "Could not obtain a value for google.subject from the given credential")
	case size > maxMapped:
		return nil, nil, signInFailure(behavior.SignIn, "The size of the entire mapped attributes exceeds the 16 KB limit.")
	case strings.TrimSpace(p.AttributeCondition) == "":
		return attributes, groups, nil
	}
	google, custom := map[string]any{"groups": groups}, map[string]any{}
	for key, value := range attributes {
		if name, ok := strings.CutPrefix(key, "attribute."); ok {
			custom[name] = value
		} else {
			google[strings.TrimPrefix(key, "google.")] = value
		}
	}
	ok, err := evaluate(conditionEnv(), p.AttributeCondition, map[string]any{"assertion": assertion, "google": google, "attribute": custom})
	if err != nil || ok != true {
		return nil, nil, signInFailure(behavior.SignIn, "The given credential is rejected by the attribute condition")
	}
	return attributes, groups, nil
}

// signInBySCIM takes the groups, and for users the attributes, from the pool's tenant.
func (c *call) signInBySCIM(p *iam.WorkforcePoolProvider, id Identity) (Identity, error) {
	var mapping map[string]string
	var users *directory.Service
	for _, r := range c.st.tenants.sorted() {
		if poolOf(r.name) == poolOf(p.Name) && c.serving(r.name) {
			mapping, users = r.newest().ClaimMapping, c.st.directories[r.name]
		}
	}
	if users == nil {
		return Identity{}, signInFailure(behavior.UsageNoTenant, "There was an issue signing in with your identity provider.")
	}
	person, found := users.Person(id.Subject)
	id.Groups = person.Groups
	if p.ScimUsage == usageGroups {
		if !person.Active && c.cfg.Choices.Is(behavior.InactiveMembers, "NONE") {
			id.Groups = nil
		}
		return id, nil
	}
	const prefix = "The workforce identity pool provider is configured to use identity information that is provided using SCIM, but "
	switch {
	case !found:
		return Identity{}, signInFailure(behavior.SignInUser, prefix+"a SCIM User could not be associated with the google.subject from the given credential.")
	case !person.Active:
		return Identity{}, signInFailure(behavior.SignInUser, prefix+"the SCIM User associated with the google.subject from the given credential is not active.")
	}
	id.Attributes = map[string]string{"google.subject": id.Subject}
	size := len(id.Subject)
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		if key == "google.subject" || key == "google.group" {
			continue
		}
		value, err := evaluate(claimEnv(), mapping[key], map[string]any{"user": person.Attributes})
		text, ok := value.(string)
		if err != nil || !ok {
			return Identity{}, signInFailure(behavior.SignInUser, "Failed to map attributes from the given credential with SCIM Tenant config.")
		}
		if limit := attributeLimits[key]; limit > 0 && len(text) > limit {
			return Identity{}, signInFailure(behavior.SignInUser, "The size of SCIM mapped attribute %s exceeds the %d bytes limit.", key, limit)
		}
		id.Attributes[key] = text
		size += len(text)
	}
	if size > maxMapped {
		return Identity{}, signInFailure(behavior.SignInUser, "The size of entire SCIM mapped attributes exceeds the 16 kB limit.")
	}
	return id, nil
}

// Subjects come into being at a sign-in, which the fake does not have: every
// subject id of a pool is taken for one that has signed in.

// subjectPool is the pool of the subject in the path.
func (c *call) subjectPool() error {
	_, err := findActive(c, pools, poolOf(c.name()))
	return err
}

func deleteSubject(c *call) (any, error) {
	if err := c.subjectPool(); err != nil {
		return nil, err
	}
	if _, gone := c.st.subjects[c.name()]; gone {
		return nil, refuse(behavior.DeletedSubject, "FAILED_PRECONDITION", "The subject is already deleted.")
	}
	c.st.subjects[c.name()] = c.now
	op, _ := c.start(c.name())
	return c.operationReply(op), nil
}

func undeleteSubject(c *call) (any, error) {
	if err := c.subjectPool(); err != nil {
		return nil, err
	}
	if _, bad := decodeBody[struct{}](c.body, ""); bad != nil {
		return nil, bad
	}
	if _, gone := c.st.subjects[c.name()]; !gone {
		return nil, c.openRefusal(behavior.ActiveSubject, "name", "The subject is not deleted.")
	}
	delete(c.st.subjects, c.name())
	op, _ := c.start(c.name())
	return c.operationReply(op), nil
}

func revokeSessions(c *call) (any, error) {
	if err := c.subjectPool(); err != nil {
		return nil, err
	}
	if _, bad := decodeBody[struct{}](c.body, ""); bad != nil {
		return nil, bad
	}
	if c.cfg.Choices.Of(behavior.RevokeReply) == "EMPTY" {
		return map[string]any{}, nil
	}
	op, _ := c.start(c.name())
	return c.operationReply(op), nil
}
