package cloud

import (
	"slices"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/directory"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// The consumer of a tenant's directory, Gemini Enterprise: methods of Discovery Engine v1alpha, read
// from their schema alone. Every project and every engine exists. The generated client is too big
// for three replies, so the messages are here:
// https://discoveryengine.googleapis.com/$discovery/rest?version=v1alpha

// aclConfig says which pool a project takes its identities from.
type aclConfig struct {
	Name      string    `json:"name,omitempty"`
	IdpConfig idpConfig `json:"idpConfig"`
}

type idpConfig struct {
	IdpType           string             `json:"idpType,omitempty"`
	ExternalIdpConfig *externalIdpConfig `json:"externalIdpConfig,omitempty"`
}

type externalIdpConfig struct {
	WorkforcePoolName string `json:"workforcePoolName,omitempty"`
}

// projectPool is the pool of every project: the first one with a SCIM tenant, else the first one,
// else "".
func (c *call) projectPool() string {
	for _, r := range c.st.tenants.sorted() {
		if c.serving(r.name) {
			return poolOf(r.name)
		}
	}
	for _, r := range c.st.pools.sorted() {
		if r.deleted.IsZero() {
			return r.name
		}
	}
	return ""
}

func getACLConfig(c *call) (any, error) {
	config := aclConfig{Name: c.name(), IdpConfig: idpConfig{IdpType: "GSUITE"}}
	if pool := c.projectPool(); pool != "" {
		config.IdpConfig = idpConfig{IdpType: "THIRD_PARTY", ExternalIdpConfig: &externalIdpConfig{pool}}
	}
	return config, nil
}

// projectDirectory is the directory that a project's SCIM groups come from, or nil: some provider of
// the pool must use SCIM.
func (c *call) projectDirectory(inUse bool) *directory.Service {
	pool := c.projectPool()
	uses := slices.ContainsFunc(c.st.providers.children(pool+"/providers/"), func(r *record[iam.WorkforcePoolProvider]) bool {
		return r.deleted.IsZero() && usesSCIM(r.newest())
	})
	if inUse && !uses {
		return nil
	}
	for _, r := range c.st.tenants.sorted() {
		if poolOf(r.name) == pool && c.serving(r.name) {
			return c.st.directories[r.name]
		}
	}
	return nil
}

type externalIdentity struct {
	ExternalID    string         `json:"externalId,omitempty"`
	DisplayName   string         `json:"displayName,omitempty"`
	Subject       string         `json:"subject,omitempty"`
	UserMetadata  map[string]any `json:"userMetadata,omitempty"`
	GroupMetadata map[string]any `json:"groupMetadata,omitempty"`
}

const (
	usualSuggestions = 6
	maxSuggestions   = 100
)

func completeExternalIdentities(c *call) (any, error) {
	prefix := c.param("prefixQuery")
	if prefix == "" {
		return nil, invalidField(behavior.ConsumerSearch, "prefix_query", "prefix_query is required.")
	}
	scim, bad := c.flag("useScimIdentities")
	if bad != nil {
		return nil, bad
	}
	limit := usualSuggestions
	if text := c.param("maxSuggestions"); text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return nil, invalidField(behavior.ConsumerSearch, "max_suggestions", "Invalid value at 'max_suggestions' (TYPE_INT32), %q", wire.Clip(text))
		}
		if n > 0 {
			limit = min(int(n), maxSuggestions)
		}
	}
	users, groups := true, true
	switch kind := c.param("entityTypeFilter"); kind {
	case "", "ENTITY_TYPE_FILTER_UNSPECIFIED":
	case "USERS":
		groups = false
	case "GROUPS":
		users = false
	default:
		return nil, invalidField(behavior.ConsumerSearch, "entity_type_filter", "Invalid value at 'entity_type_filter', %q", wire.Clip(kind))
	}
	reply := struct {
		ExternalIdentities []externalIdentity `json:"externalIdentities,omitempty"`
	}{}
	d := c.projectDirectory(false)
	if !scim || d == nil { // Microsoft Graph would be asked, which the fake doesn't have
		return reply, nil
	}
	var people, teams []externalIdentity
	if users {
		for _, p := range d.People(prefix, limit) {
			people = append(people, userIdentity(p))
		}
	}
	if groups {
		for _, t := range d.Teams(prefix, limit) {
			name, _ := t.Attributes["displayName"].(string)
			id, _ := t.Attributes["externalId"].(string)
			teams = append(teams, externalIdentity{ExternalID: id, DisplayName: name, Subject: t.Value, GroupMetadata: map[string]any{}})
		}
	}
	// The limit is shared evenly; what one half leaves goes to the other.
	half := max(limit/2, limit-len(teams))
	people = people[:min(len(people), half)]
	teams = teams[:min(len(teams), limit-len(people))]
	reply.ExternalIdentities = append(people, teams...)
	return reply, nil
}

func userIdentity(p directory.Person) externalIdentity {
	id := externalIdentity{Subject: p.Subject, UserMetadata: map[string]any{}}
	id.DisplayName, _ = p.Attributes["displayName"].(string)
	id.ExternalID, _ = p.Attributes["externalId"].(string)
	if name, ok := p.Attributes["name"].(map[string]any); ok {
		for _, part := range []string{"givenName", "familyName"} {
			if text, ok := name[part].(string); ok {
				id.UserMetadata[part] = text
			}
		}
	}
	emails, _ := p.Attributes["emails"].([]any)
	for _, e := range emails {
		if email, ok := e.(map[string]any); ok {
			if kind, _ := email["type"].(string); strings.EqualFold(kind, "work") {
				id.UserMetadata["primaryEmail"] = email["value"]
			}
		}
	}
	return id
}

// member is a user or a group of a feature policy.
type member struct {
	Type         string `json:"type,omitempty"`
	ID           string `json:"id,omitempty"`
	DisplayName  string `json:"displayName,omitempty"`
	Verification string `json:"verification,omitempty"`
}

type checkMembersRequest struct {
	Members []*member `json:"members,omitempty"`
}

type memberStatus struct {
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

type memberCheck struct {
	Member *member      `json:"member"`
	Status memberStatus `json:"status"`
}

// maxMembers is how many one request checks.
const maxMembers = 100

func checkFeaturePolicyMembers(c *call) (any, error) {
	request, bad := decode[checkMembersRequest](c.body, "")
	if bad != nil {
		return nil, bad
	}
	if n := len(request.Members); n == 0 || n > maxMembers {
		return nil, invalidField(behavior.PolicyMembersCheck, "members", "members must have 1 to %d elements, has %d.", maxMembers, n)
	}
	reply := struct {
		DirectorySource string        `json:"directorySource"`
		MemberChecks    []memberCheck `json:"memberChecks"`
	}{DirectorySource: "NONE"}
	d := c.projectDirectory(true)
	switch {
	case d != nil:
		reply.DirectorySource = "SCIM"
	case c.projectPool() == "":
		reply.DirectorySource = "GOOGLE"
	}
	for _, m := range request.Members {
		reply.MemberChecks = append(reply.MemberChecks, c.checkMember(d, reply.DirectorySource, *m))
	}
	return reply, nil
}

func (c *call) checkMember(d *directory.Service, source string, m member) memberCheck {
	m.Verification = ""
	malformed := memberStatus{Code: 3, Message: "The member is malformed."}
	switch {
	case m.ID == "" || strings.TrimSpace(m.ID) != m.ID || m.Type != "USER" && m.Type != "GROUP":
		return memberCheck{&m, malformed}
	case m.Type == "USER":
		m.Verification = "NOT_VERIFIABLE"
		return memberCheck{&m, memberStatus{}}
	case source == "GOOGLE":
		m.Verification = "CHECK_FAILED"
		return memberCheck{&m, memberStatus{Code: 14, Message: "The group could not be looked up."}}
	case d == nil:
		m.Verification = "NOT_VERIFIABLE"
		return memberCheck{&m, memberStatus{}}
	}
	team, ok := d.Team(m.ID, c.cfg.Choices.Is(behavior.PolicyGroupID, "RESOURCE"))
	if !ok {
		m.Verification = "NOT_FOUND"
		return memberCheck{&m, memberStatus{Code: 3, Message: "The directory does not have the group."}}
	}
	m.Verification = "VERIFIED"
	if name, ok := team.Attributes["displayName"].(string); ok {
		m.DisplayName = name
	}
	return memberCheck{&m, memberStatus{}}
}
