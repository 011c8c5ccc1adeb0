package entratest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// app is an application and its service principal.
type app struct {
	id, object, appID, displayName, template string
	tenant                                   string // of the directory that the application is from
	owner                                    string // client ID of the app that made it
	late                                     int    // requests that don't find it yet
	created                                  time.Time
	assignments                              []assignment
	secrets                                  []pair
	jobs                                     []*job
}

type assignment struct {
	id, principal, role string
	created             time.Time
}

// The app roles of a custom app.
// https://learn.microsoft.com/graph/api/applicationtemplate-instantiate
const (
	roleUser    = "18d14569-c3bd-439b-9a66-3a2aee01d14f"
	roleMSIAM   = "b9632174-c057-4f7e-951b-be3adc52bfe6"
	roleDefault = "00000000-0000-0000-0000-000000000000"
)

// NewApp is an app that a person made before.
type NewApp struct {
	DisplayName string
	// Template is its application template; "" is the custom app. Any other is an app of the gallery:
	// its synchronization template isn't "scim".
	Template string
	// Owner is the client ID of the app registration that owns it; "" is none of them.
	Owner string
	// Directory is the tenant ID of the directory that registered the application; "" is this one.
	Directory string
}

// App is what an enterprise application has.
type App struct {
	ID          string // of the service principal
	AppID       string
	DisplayName string
	Assigned    []string // IDs of users and groups, each as often as it is assigned
	Jobs        []string // IDs of the synchronization jobs
}

// Apps lists the enterprise applications, in the order of their creation.
func (s *Server) Apps() []App {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []App
	for _, a := range s.apps {
		shown := App{ID: a.id, AppID: a.appID, DisplayName: a.displayName}
		for _, x := range a.assignments {
			shown.Assigned = append(shown.Assigned, x.principal)
		}
		for _, j := range a.jobs {
			shown.Jobs = append(shown.Jobs, j.id)
		}
		list = append(list, shown)
	}
	return list
}

// AddApp adds an application with its service principal and returns the ID of the latter.
func (s *Server) AddApp(a NewApp) (string, error) {
	if err := s.Err(); err != nil {
		return "", err
	}
	if a.DisplayName == "" {
		return "", errors.New("entratest: AddApp: a DisplayName is needed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Template == "" {
		a.Template = s.cfg.template
	}
	made := s.newApp(a.DisplayName, a.Template, a.Owner)
	if a.Directory != "" {
		made.tenant = a.Directory
	}
	return made.id, nil
}

// newApp makes an app; s.mu is held.
func (s *Server) newApp(displayName, template, owner string) *app {
	a := &app{id: s.newID(), object: s.newID(), appID: s.newID(), displayName: displayName, template: template, tenant: s.cfg.tenant, owner: owner, created: s.now()}
	s.apps = append(s.apps, a)
	return a
}

// findApp finds a service principal by its ID, or by "appId=" and the app's.
func (s *Server) findApp(id string) *app {
	for _, a := range s.apps {
		if a.id == id || "appId="+a.appID == id {
			return a
		}
	}
	return nil
}

// Assign assigns a user or a group to an app, with default access.
func (s *Server) Assign(principal, to string) error {
	return s.changeApp(principal, func(a *app) error {
		if !s.people.exists(to) {
			return fmt.Errorf("entratest: Assign: there is no user or group %q", to)
		}
		if !a.assigned(to, roleDefault) {
			a.assignments = append(a.assignments, assignment{id: s.newID(), principal: to, role: roleDefault, created: s.now()})
		}
		return nil
	})
}

// Unassign ends all assignments of a user or a group to an app.
func (s *Server) Unassign(principal, from string) error {
	return s.changeApp(principal, func(a *app) error {
		n := len(a.assignments)
		a.assignments = slices.DeleteFunc(a.assignments, func(x assignment) bool { return x.principal == from })
		if len(a.assignments) == n {
			return fmt.Errorf("entratest: Unassign: %q isn't assigned", from)
		}
		return nil
	})
}

func (s *Server) changeApp(principal string, change func(*app) error) error {
	if err := s.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.findApp(principal)
	if a == nil {
		return fmt.Errorf("entratest: there is no service principal %q", principal)
	}
	return change(a)
}

func (a *app) assigned(principal, role string) bool {
	return slices.ContainsFunc(a.assignments, func(x assignment) bool { return x.principal == principal && x.role == role })
}

func getTemplate(c *call) *reply {
	if c.path["template"] != c.cfg.template {
		return c.notFound("", c.path["template"])
	}
	return c.one("applicationTemplates", object{"id": c.cfg.template, "displayName": "Custom", "supportedProvisioningTypes": []string{"sync"}}, listing{})
}

func instantiate(c *call) *reply {
	var body struct {
		DisplayName string `json:"displayName"`
	}
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	if c.path["template"] != c.cfg.template {
		return c.notFound("applicationTemplate", c.path["template"])
	}
	if body.DisplayName == "" || len(body.DisplayName) > 120 {
		return c.badRequest(ruleInstantiate, "displayName must have 1 to 120 characters.")
	}
	a := c.newApp(body.DisplayName, c.cfg.template, c.app)
	a.late = c.cfg.lateReads
	application, servicePrincipal := a.application(), a.principal()
	if c.beta {
		for _, o := range []object{application, servicePrincipal} {
			o["objectId"] = o["id"]
			delete(o, "id")
		}
	}
	return created(object{"@odata.context": c.context("microsoft.graph.applicationServicePrincipal"), "application": application, "servicePrincipal": servicePrincipal})
}

func (a *app) roles() []object {
	return []object{
		{"id": roleUser, "allowedMemberTypes": []string{"User"}, "displayName": "User", "description": "User", "isEnabled": true, "origin": "Application", "value": nil},
		{"id": roleMSIAM, "allowedMemberTypes": []string{"User"}, "displayName": "msiam_access", "description": "msiam_access", "isEnabled": true, "origin": "Application", "value": nil},
	}
}

func (a *app) application() object {
	return object{"id": a.object, "appId": a.appID, "applicationTemplateId": a.template, "displayName": a.displayName,
		"createdDateTime": stamp(a.created), "signInAudience": "AzureADMyOrg", "identifierUris": []string{}}
}

func (a *app) principal() object {
	return object{"id": a.id, "appId": a.appID, "applicationTemplateId": a.template, "appDisplayName": a.displayName, "displayName": a.displayName,
		"accountEnabled": true, "appOwnerOrganizationId": a.tenant, "appRoleAssignmentRequired": true, "servicePrincipalType": "Application", "appRoles": a.roles(),
		"alternativeNames": []string{}, "homepage": nil, "loginUrl": nil, "notes": nil, "preferredSingleSignOnMode": nil, "replyUrls": []string{},
		"servicePrincipalNames": []string{a.appID}, "signInAudience": "AzureADMyOrg", "createdDateTime": stamp(a.created),
		"tags": []string{"WindowsAzureActiveDirectoryIntegratedApp", "WindowsAzureActiveDirectoryCustomSingleSignOnApplication"}}
}

// visible are the apps that have replicated. A list that lacks one counts as a request that didn't find it.
func (c *call) visible() (list []*app) {
	for _, a := range c.apps {
		if a.late > 0 {
			a.late--
			continue
		}
		list = append(list, a)
	}
	return list
}

func listApplications(c *call) *reply {
	l := listing{of: "applications"}
	for _, a := range c.visible() {
		l.items = append(l.items, a.application())
	}
	return c.list(l)
}

func getApplication(c *call) *reply { return c.one("applications", c.sp.application(), listing{}) }

func deleteApplication(c *call) *reply {
	c.apps = slices.DeleteFunc(c.apps, func(a *app) bool { return a == c.sp })
	return noContent()
}

func listPrincipals(c *call) *reply {
	l := listing{of: "servicePrincipals"}
	for _, a := range c.visible() {
		l.items = append(l.items, a.principal())
	}
	return c.list(l)
}

func getPrincipal(c *call) *reply {
	return c.one("servicePrincipals", c.sp.principal(), listing{})
}

// listOwners: an app that an app made is owned by the latter's service principal, which isn't served.
func listOwners(c *call) *reply {
	l := listing{of: "directoryObjects"}
	if c.sp.owner != "" {
		l.items = []object{{"@odata.type": "#microsoft.graph.servicePrincipal", "id": c.sp.owner, "appId": c.sp.owner}}
	}
	return c.list(l)
}

func (c *call) assignment(x assignment) object {
	o := object{"id": x.id, "appRoleId": x.role, "createdDateTime": stamp(x.created), "deletedDateTime": nil, "principalId": x.principal,
		"resourceId": c.sp.id, "resourceDisplayName": c.sp.displayName}
	if p := c.people.users[x.principal]; p != nil {
		o["principalType"], o["principalDisplayName"] = "User", p.DisplayName
	} else if t := c.people.groups[x.principal]; t != nil {
		o["principalType"], o["principalDisplayName"] = "Group", t.DisplayName
	}
	return o
}

func listAssignments(c *call) *reply {
	l := listing{of: "appRoleAssignments"}
	for _, x := range c.sp.assignments {
		if c.people.exists(x.principal) {
			l.items = append(l.items, c.assignment(x))
		}
	}
	return c.list(l)
}

func postAssignment(c *call) *reply {
	var body struct {
		PrincipalID string `json:"principalId"`
		ResourceID  string `json:"resourceId"`
		AppRoleID   string `json:"appRoleId"`
	}
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	switch {
	case body.ResourceID != c.sp.id:
		return c.badRequest(ruleAssignments, "resourceId must be the service principal of the path.")
	case !slices.Contains([]string{roleUser, roleMSIAM, roleDefault}, body.AppRoleID):
		return c.badRequest(ruleAssignments, "Permission being assigned was not found on application '%s'.", c.sp.appID)
	case !c.people.exists(body.PrincipalID):
		return c.notFound("", body.PrincipalID)
	case c.sp.assigned(body.PrincipalID, body.AppRoleID):
		return c.badRequest(ruleAssignments, "Permission being assigned already exists on the object.")
	}
	x := assignment{id: c.newID(), principal: body.PrincipalID, role: body.AppRoleID, created: c.now}
	c.sp.assignments = append(c.sp.assignments, x)
	o := c.assignment(x)
	o["@odata.context"] = c.context("appRoleAssignments/$entity")
	return created(o)
}

func deleteAssignment(c *call) *reply {
	i := slices.IndexFunc(c.sp.assignments, func(x assignment) bool { return strings.EqualFold(x.id, c.path["assignment"]) })
	if i < 0 {
		return c.refuse(ruleNotFound, http.StatusNotFound, "Request_ResourceNotFound", "Resource '%s' does not exist.", clip(c.path["assignment"]))
	}
	c.sp.assignments = slices.Delete(c.sp.assignments, i, i+1)
	return noContent()
}
