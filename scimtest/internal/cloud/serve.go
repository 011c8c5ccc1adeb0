package cloud

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
	"google.golang.org/api/iam/v1"
)

// Serve answers a request with this body, or with the beginning of it if r.Body has more.
// A write that replies with an operation changes nothing and ends in failed, unless that is nil.
func (s *Cloud) Serve(r *http.Request, body []byte, failed *iam.Status) *wire.Reply {
	if IsSCIM(r) {
		return s.scim(r, body)
	}
	return s.control(r, body, failed)
}

// control answers a request to the control plane.
func (s *Cloud) control(r *http.Request, body []byte, failed *iam.Status) *wire.Reply {
	query, err := url.ParseQuery(r.URL.RawQuery)
	compact := strings.EqualFold(query.Get("prettyPrint"), "false") || strings.EqualFold(query.Get("$prettyPrint"), "false")
	if err != nil {
		return errorReply(refuse(behavior.Query, "INVALID_ARGUMENT", "Invalid query: it does not decode."), compact)
	}
	route, vars := findRoute(r.Method, r.URL.EscapedPath())
	if route == nil {
		return errorReply(refuse(behavior.Methods, "NOT_FOUND", "Method not found."), compact)
	}
	c := &call{Cloud: s, r: r, route: route, vars: vars, query: query, body: body}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.now = s.cfg.Now()
	s.st.purge(c.now)
	before := s.st
	if failed != nil {
		s.st = before.copy()
	}
	value, refusal := c.run()
	if started, ok := value.(*iam.Operation); ok && failed != nil {
		value = s.failOperation(before, started, failed)
	}
	if refusal != nil {
		return errorReply(refusal, compact)
	}
	return jsonReply(http.StatusOK, value, compact)
}

// failOperation takes a write back and leaves only its operation, which will
// end in an error.
func (s *Cloud) failOperation(before *state, started *iam.Operation, failed *iam.Status) *iam.Operation {
	op := s.st.operations[started.Name]
	op.err = failed
	s.st = before
	s.st.operations[op.name] = op
	if started.Done {
		started.Error = op.err
	}
	return started
}

// run does what every method does before its handler.
func (c *call) run() (any, *wire.Refusal) {
	for name, id := range c.vars {
		if id == "." || id == ".." || (name != "subject" && strings.ContainsAny(id, "/\\%")) {
			return nil, invalidField(behavior.PathSegments, name, "Invalid %s in the path: %q.", name, wire.Clip(id))
		}
	}
	if len(c.body) > MaxBody {
		return nil, &wire.Refusal{Rule: behavior.BodySize, Kind: "INVALID_ARGUMENT", Code: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("Request payload size exceeds the limit: %d bytes.", MaxBody)}
	}
	if bad := c.checkQuery(); bad != nil {
		return nil, bad
	}
	if c.r.Method != http.MethodGet && len(bytes.TrimSpace(c.body)) > 0 {
		if bad := checkContentType(c.r.Header); bad != nil {
			return nil, bad
		}
	}
	if bad := c.checkCaller(); bad != nil {
		return nil, bad
	}
	value, err := c.route.handler(c)
	if err != nil {
		refusal, ok := err.(*wire.Refusal)
		if !ok {
			refusal = refuse("", "INTERNAL", "%v", err)
		}
		return nil, refusal
	}
	return value, nil
}

// checkCaller is the permission of the method and of the quota project.
func (c *call) checkCaller() *wire.Refusal {
	project := c.r.Header.Get("X-Goog-User-Project")
	if project == "" {
		project = c.query.Get("$userProject")
	}
	if project != "" && c.cfg.Denied["serviceusage.services.use"] {
		return withInfo(refuse(behavior.QuotaProject, "PERMISSION_DENIED", "Caller does not have required permission to use project %s. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission.", wire.Clip(project)),
			"USER_PROJECT_DENIED", "googleapis.com", map[string]string{"consumer": "projects/" + wire.Clip(project), "service": c.service()})
	}
	if c.route.Permission != "" && c.cfg.Denied[c.route.Permission] {
		return denied(behavior.Permissions, c.route.Permission, parentOrSelf(c))
	}
	return nil
}

// service is the API the request went to.
func (c *call) service() string {
	api, _, _ := strings.Cut(c.route.ID, ".")
	return api + ".googleapis.com"
}

// parentOrSelf is the resource with the policy that decides: for a collection, its
// parent.
func parentOrSelf(c *call) string {
	name := c.name()
	if strings.Count(name, "/")%2 == 0 {
		return parentName(name)
	}
	return name
}
