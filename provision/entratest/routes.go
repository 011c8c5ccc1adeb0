package entratest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one method of Microsoft Graph.
type route struct {
	method, path string // below /v1.0; {x} is a variable, objectConnections('{x}') is two segments
	needs        need
	cost         int  // resource units
	report       bool // at most 5 requests in 10 seconds
	beta         bool // below /beta only
	sends        bool // it sends SCIM requests: the state isn't locked
	serve        func(*call) *reply
}

var (
	readApps    = need{{"Application.Read.All"}, {ownedBy}}
	writeApps   = need{{"Application.ReadWrite.All"}, {ownedBy}}
	readSync    = need{{"Synchronization.Read.All"}, {ownedBy}}
	writeSync   = need{{"Synchronization.ReadWrite.All"}, {ownedBy}}
	readAssign  = need{{"Application.Read.All"}}
	writeAssign = need{{"AppRoleAssignment.ReadWrite.All", "Application.Read.All"}}
	readUsers   = need{{"User.Read.All"}}
	readGroups  = need{{"GroupMember.Read.All"}}
	readMembers = need{{"GroupMember.Read.All", "User.Read.All"}}
	readLogs    = need{{"ProvisioningLog.Read.All"}}
)

const (
	principal = "/servicePrincipals/{sp}"
	jobsPath  = principal + "/synchronization/jobs"
	jobPath   = jobsPath + "/{job}"
)

// routes are the methods that are served.
var routes = []route{
	{method: "POST", path: "/applicationTemplates/{template}/instantiate", needs: writeApps, cost: 1, serve: instantiate},
	{method: "GET", path: "/applicationTemplates/{template}", cost: 1, serve: getTemplate},
	{method: "GET", path: "/applications", needs: need{{"Application.Read.All"}, {ownedBy}}, cost: 1, serve: listApplications},
	{method: "GET", path: "/applications/{application}", needs: readApps, cost: 1, serve: getApplication},
	{method: "DELETE", path: "/applications/{application}", needs: writeApps, cost: 1, serve: deleteApplication},
	{method: "GET", path: "/servicePrincipals", needs: readApps, cost: 1, serve: listPrincipals},
	{method: "GET", path: principal, needs: readApps, cost: 1, serve: getPrincipal},
	{method: "GET", path: principal + "/owners", needs: readApps, cost: 1, serve: listOwners},
	{method: "GET", path: principal + "/appRoleAssignedTo", needs: readAssign, cost: 1, serve: listAssignments},
	{method: "POST", path: principal + "/appRoleAssignedTo", needs: writeAssign, cost: 1, serve: postAssignment},
	{method: "DELETE", path: principal + "/appRoleAssignedTo/{assignment}", needs: writeAssign, cost: 1, serve: deleteAssignment},

	{method: "GET", path: principal + "/synchronization/templates", needs: readSync, cost: 1, serve: listTemplates},
	{method: "GET", path: principal + "/synchronization/secrets", needs: readSync, cost: 1, serve: getSecrets},
	{method: "PUT", path: principal + "/synchronization/secrets", needs: writeSync, cost: 1, serve: putSecrets},
	{method: "GET", path: jobsPath, needs: readSync, cost: 1, serve: listJobs},
	{method: "POST", path: jobsPath, needs: writeSync, cost: 1, serve: postJob},
	{method: "POST", path: jobsPath + "/validateCredentials", needs: writeSync, cost: 1, sends: true, serve: validateCredentials},
	{method: "GET", path: jobPath, needs: readSync, cost: 1, serve: getJob},
	{method: "DELETE", path: jobPath, needs: writeSync, cost: 1, serve: deleteJob},
	{method: "GET", path: jobPath + "/schema", needs: readSync, cost: 1, serve: getSchema},
	{method: "PUT", path: jobPath + "/schema", needs: writeSync, cost: 1, serve: putSchema},
	{method: "POST", path: jobPath + "/start", needs: writeSync, cost: 1, serve: startJob},
	{method: "POST", path: jobPath + "/pause", needs: writeSync, cost: 1, serve: pauseJob},
	{method: "POST", path: jobPath + "/restart", needs: writeSync, cost: 1, serve: restartJob},
	{method: "POST", path: jobPath + "/provisionOnDemand", needs: writeSync, cost: 1, report: true, sends: true, serve: provisionOnDemand},
	{method: "GET", path: jobPath + "/objectConnections", needs: readSync, cost: 1, beta: true, serve: listConnections},
	{method: "GET", path: jobPath + "/objectConnections/{connection}", needs: readSync, cost: 1, beta: true, serve: getConnection},
	{method: "DELETE", path: jobPath + "/objectConnections/{connection}", needs: writeSync, cost: 1, beta: true, serve: deleteConnection},
	{method: "GET", path: "/auditLogs/provisioning", needs: readLogs, cost: 1, report: true, serve: listLogs},

	{method: "GET", path: "/users", needs: readUsers, cost: 2, serve: listUsers},
	{method: "GET", path: "/users/{user}", needs: readUsers, cost: 1, serve: getUser},
	{method: "GET", path: "/groups", needs: readGroups, cost: 1, serve: listGroups},
	{method: "GET", path: "/groups/{group}", needs: readGroups, cost: 1, serve: getGroup},
	{method: "GET", path: "/groups/{group}/members", needs: readGroups, cost: 3, serve: listMembers},
	{method: "GET", path: "/groups/{group}/members/microsoft.graph.user", needs: readGroups, cost: 3, serve: listMembers},
	{method: "GET", path: "/groups/{group}/transitiveMembers", needs: readGroups, cost: 5, serve: listMembers},
	{method: "GET", path: "/groups/{group}/transitiveMembers/microsoft.graph.user", needs: readGroups, cost: 5, serve: listMembers},
	{method: "GET", path: "/users/{user}/memberOf", needs: readMembers, cost: 2, serve: listMemberOf},
	{method: "GET", path: "/users/{user}/memberOf/microsoft.graph.group", needs: readMembers, cost: 2, serve: listMemberOf},
	{method: "GET", path: "/directory/deletedItems/microsoft.graph.user", needs: readUsers, cost: 1, serve: listDeleted},
	{method: "POST", path: "/directoryObjects/getByIds", needs: readMembers, cost: 3, serve: getByIDs},
	{method: "POST", path: jobPath + "/validateCredentials", needs: writeSync, cost: 1, sends: true, serve: validateCredentials},
}

// match finds the route of a request and the variable parts of its path.
func match(method, escaped string, beta bool) (found *route, vars map[string]string, others bool) {
	segments, ok := split(escaped)
	if !ok {
		return nil, nil, false
	}
	for i := range routes {
		x := &routes[i]
		if x.beta && !beta {
			continue
		}
		pattern := strings.Split(x.path[1:], "/")
		if len(pattern) != len(segments) {
			continue
		}
		vars = map[string]string{}
		fits := true
		for i, p := range pattern {
			if strings.HasPrefix(p, "{") {
				vars[strings.Trim(p, "{}")] = segments[i]
			} else if !strings.EqualFold(p, segments[i]) {
				fits = false
				break
			}
		}
		// A variable doesn't take what another pattern names.
		if !fits || vars["job"] == "validateCredentials" {
			continue
		}
		if x.method == method {
			return x, vars, false
		}
		others = true
	}
	return nil, nil, others
}

// split are the segments of a path. A call in parentheses is a segment of its own: users('x') is
// users/x, and servicePrincipals(appId='x') is servicePrincipals/appId=x.
func split(escaped string) (segments []string, ok bool) {
	for _, s := range strings.Split(strings.Trim(escaped, "/"), "/") {
		s, err := url.PathUnescape(s)
		if err != nil || s == "" || s == "." || s == ".." {
			return nil, false
		}
		name, key, call := strings.Cut(s, "(")
		if !call {
			segments = append(segments, s)
			continue
		}
		key, closed := strings.CutSuffix(key, ")")
		field, value, named := strings.Cut(key, "=")
		if !named {
			field, value = "", key
		}
		if !closed || len(value) < 2 || value[0] != '\'' || value[len(value)-1] != '\'' {
			return nil, false
		}
		value = strings.ReplaceAll(value[1:len(value)-1], "''", "'")
		if named {
			value = field + "=" + value
		}
		segments = append(segments, name, value)
	}
	return segments, true
}

// serve answers a call.
func (c *call) serve() *reply {
	path := c.r.URL.EscapedPath()
	if strings.HasSuffix(path, "/oauth2/v2.0/token") {
		return c.token(strings.TrimPrefix(strings.TrimSuffix(path, "/oauth2/v2.0/token"), "/"))
	}
	rest, v1 := strings.CutPrefix(path, "/v1.0/")
	if !v1 {
		if rest, c.beta = strings.CutPrefix(path, "/beta/"); !c.beta {
			return c.badRequest(ruleMethods, "Invalid version: the path begins with /v1.0 or /beta.")
		}
	}
	if refused := c.authenticate(); refused != nil {
		return refused
	}
	x, vars, others := match(c.r.Method, rest, c.beta)
	switch {
	case x == nil && others:
		return c.refuse(ruleMethods, http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
	case x == nil:
		return c.badRequest(ruleMethods, "Resource not found for the segment '%s'.", clip(rest))
	}
	c.path = vars
	c.mu.Lock()
	if refused := c.admit(x); refused != nil {
		c.mu.Unlock()
		return refused
	}
	if x.sends {
		c.mu.Unlock()
		return x.serve(c)
	}
	defer c.mu.Unlock()
	return x.serve(c)
}

// admit lets a request through to its handler: the quota, the service principal and the job that its
// path names, and the permissions. c.mu is held.
func (c *call) admit(x *route) *reply {
	if refused := c.spend(x); refused != nil {
		return refused
	}
	if id, named := c.path["sp"]; named {
		c.sp = c.findApp(id)
		if c.sp != nil && c.sp.late > 0 {
			c.sp.late--
			if c.r.Method != http.MethodGet && strings.Contains(x.path, "/synchronization/") {
				return c.refuse(ruleLatePrincipal, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
			}
			c.sp = nil
		}
	}
	if id, named := c.path["application"]; named {
		for _, a := range c.apps {
			if a.object == id || "appId="+a.appID == id {
				c.sp = a
			}
		}
	}
	if !c.allowed(x.needs) {
		return c.refuse(rulePermissions, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	for _, v := range []string{"sp", "application"} {
		if id, named := c.path[v]; named && c.sp == nil {
			return c.notFound("", id)
		}
	}
	if id, named := c.path["job"]; named {
		i := slices.IndexFunc(c.sp.jobs, func(j *job) bool { return j.id == id })
		if i < 0 {
			return c.refuse(ruleNotFound, http.StatusNotFound, "JobNotFound", "Job %s isn't there.", clip(id))
		}
		c.job = c.sp.jobs[i]
	}
	return nil
}
