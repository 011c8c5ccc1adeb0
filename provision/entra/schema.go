package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/iamscim/iamscim"
)

// schema is a job's schema: what is mapped to what
// (https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationschema).
type schema struct {
	doc   []byte
	rule  string   // the ID of the rule that maps users, verbatim
	users mapping  // of User
	group *mapping // of Group, nil if there is none
	known []string // the attributes of users at the source; nil if it doesn't say
}

// mapping is what one type of object is mapped to.
type mapping struct {
	Source     string `json:"sourceObjectName"`
	Enabled    *bool  `json:"enabled"`
	attributes []attribute
	list       span // the array of the attributes
}

func (m *mapping) off() bool { return m.Enabled != nil && !*m.Enabled }

// attribute is the mapping of an attribute
// (https://learn.microsoft.com/graph/api/resources/synchronization-attributemapping).
type attribute struct {
	span
	Target   string `json:"targetAttributeName"`
	Priority int    `json:"matchingPriority"`
	FlowType string `json:"flowType"`
	From     struct {
		Type       string `json:"type"`
		Name       string `json:"name"`
		Expression string `json:"expression"`
	} `json:"source"`
}

const (
	userObject  = "User"
	groupObject = "Group"
	flowAlways  = "Always"
)

// direct is the name of the attribute that the source is, "" if it's more than that.
func (a attribute) direct() string {
	if a.From.Type == "Attribute" {
		return a.From.Name
	}
	return ""
}

// source says where the value comes from. It's the name of an attribute if it comes
// from there unchanged and always.
func (a attribute) source() string {
	text := a.direct()
	if text == "" {
		text = a.From.Expression
	}
	if text == "" {
		text = a.From.Type + " " + a.From.Name
	}
	if a.FlowType != "" && !strings.EqualFold(a.FlowType, flowAlways) {
		text += " (" + a.FlowType + ")"
	}
	return text
}

// readSchema reads the schema.
//
//	GET /servicePrincipals/ID/synchronization/jobs/JOB/schema
func (r *run) readSchema(ctx context.Context, a *app, j *job) (*schema, error) {
	var doc json.RawMessage
	c := call{path: j.path(a, "schema"), into: &doc, resource: j.resource(a) + "/schema", need: needReadJob}
	if err := r.get(ctx, c); err != nil {
		return nil, err
	}
	s, err := parseSchema(doc)
	if err != nil {
		return nil, r.fail(c, iamscim.ErrBadReply, err)
	}
	return s, nil
}

func parseSchema(doc []byte) (*schema, error) {
	s := &schema{doc: doc}
	var outline struct {
		Directories []struct {
			Name    string `json:"name"`
			Objects []struct {
				Name       string `json:"name"`
				Attributes []struct {
					Name string `json:"name"`
				} `json:"attributes"`
			} `json:"objects"`
		} `json:"directories"`
	}
	if json.Unmarshal(doc, &outline) != nil {
		return nil, errShape
	}
	top, err := members(doc, span{0, len(doc)})
	if err != nil {
		return nil, err
	}
	at, ok := value(top, "synchronizationRules")
	if !ok {
		return nil, errors.New("the schema has no synchronizationRules")
	}
	rules, err := elements(doc, at)
	if err != nil {
		return nil, err
	}
	from, found := "", false
	for _, at := range rules {
		var head struct {
			ID     string `json:"id"`
			Source string `json:"sourceDirectoryName"`
		}
		all, err := members(doc, at)
		if err != nil || json.Unmarshal(doc[at.from:at.to], &head) != nil {
			return nil, errShape
		}
		list, ok := value(all, "objectMappings")
		if !ok {
			continue
		}
		objects, err := elements(doc, list)
		if err != nil {
			return nil, err
		}
		for _, at := range objects {
			m, err := parseMapping(doc, at)
			switch {
			case err != nil:
				return nil, err
			case strings.EqualFold(m.Source, userObject) && found:
				return nil, errors.New("the schema has several mappings of users")
			case strings.EqualFold(m.Source, userObject):
				s.users, s.rule, from, found = m, head.ID, head.Source, true
			case strings.EqualFold(m.Source, groupObject):
				s.group = &m
			}
		}
	}
	if !found {
		return nil, errors.New("the schema has no mapping of users")
	}
	for _, d := range outline.Directories {
		for _, o := range d.Objects {
			if d.Name == from && strings.EqualFold(o.Name, userObject) {
				for _, a := range o.Attributes {
					s.known = append(s.known, a.Name)
				}
			}
		}
	}
	return s, nil
}

func parseMapping(doc []byte, at span) (m mapping, err error) {
	all, err := members(doc, at)
	if err != nil || json.Unmarshal(doc[at.from:at.to], &m) != nil {
		return m, errShape
	}
	list, ok := value(all, "attributeMappings")
	if !ok {
		return m, errShape
	}
	m.list = list
	spans, err := elements(doc, list)
	if err != nil {
		return m, err
	}
	for _, at := range spans {
		a := attribute{span: at}
		if json.Unmarshal(doc[at.from:at.to], &a) != nil {
			return m, errShape
		}
		m.attributes = append(m.attributes, a)
	}
	return m, nil
}

// to returns the mapping to a target.
func (m *mapping) to(target string) *attribute {
	for i := range m.attributes {
		if strings.EqualFold(m.attributes[i].Target, target) {
			return &m.attributes[i]
		}
	}
	return nil
}

// wish is what an attribute must be mapped from.
type wish struct{ target, source string }

// isEmail reports whether a target is a part of emails.
func isEmail(target string) bool {
	rest, ok := strings.CutPrefix(strings.ToLower(target), "emails")
	return ok && (rest == "" || rest[0] == '[' || rest[0] == '.')
}

// apply returns the document with the wishes, and with one mail address: the
// service takes exactly one. changed is false if that's so already.
func (s *schema) apply(wishes []wish) (next []byte, changed bool, err error) {
	var kept []edit
	var more []string
	spans := make([]span, 0, len(s.users.attributes))
	for _, a := range s.users.attributes {
		spans = append(spans, a.span)
		if isEmail(a.Target) && !strings.EqualFold(a.Target, workEmail) {
			if a.Priority > 0 {
				return nil, false, fmt.Errorf("%s is a matching attribute, and must go: the service takes one mail address", a.Target)
			}
			changed = true
			continue
		}
		text := s.doc[a.from:a.to]
		i := slices.IndexFunc(wishes, func(w wish) bool { return strings.EqualFold(w.target, a.Target) })
		if i >= 0 && !strings.EqualFold(a.source(), wishes[i].source) {
			if text, err = s.redirect(a, wishes[i].source); err != nil {
				return nil, false, err
			}
			changed = true
		}
		kept = append(kept, edit{a.span, string(text)})
	}
	for _, w := range wishes {
		if s.known != nil && !slices.ContainsFunc(s.known, func(name string) bool { return strings.EqualFold(name, w.source) }) {
			return nil, false, fmt.Errorf("%s can't be mapped from %s: users have no such attribute at the source", w.target, w.source)
		}
		if s.users.to(w.target) == nil {
			more = append(more, newAttribute(w))
			changed = true
		}
	}
	if !changed {
		return s.doc, false, nil
	}
	return splice(s.doc, []edit{listEdit(s.doc, spans, s.users.list, kept, more)}), true, nil
}

// redirect returns an attribute's mapping with another source. It flows always. All
// other fields stay.
func (s *schema) redirect(a attribute, source string) ([]byte, error) {
	text := s.doc[a.from:a.to]
	at := span{0, len(text)}
	all, err := members(text, at)
	if err != nil {
		return nil, err
	}
	edits := []edit{setMember(text, at, all, "source", directSource(source))}
	if !strings.EqualFold(a.FlowType, flowAlways) {
		edits = append(edits, setMember(text, at, all, "flowType", `"`+flowAlways+`"`))
	}
	return splice(text, edits), nil
}

func directSource(name string) string {
	text, _ := json.Marshal(name)
	expression, _ := json.Marshal("[" + name + "]")
	return `{"type":"Attribute","name":` + string(text) + `,"expression":` + string(expression) + `,"parameters":[]}`
}

func newAttribute(w wish) string {
	target, _ := json.Marshal(w.target)
	return `{"targetAttributeName":` + string(target) + `,"matchingPriority":0,"flowBehavior":"FlowWhenChanged","flowType":"` + flowAlways + `","source":` + directSource(w.source) + `}`
}

// edits is how often a schema is edited before the run gives up: somebody else may
// be editing it.
const maxEdits = 3

// editSchema makes the wishes true, and reads back whether they are.
//
//	PUT /servicePrincipals/ID/synchronization/jobs/JOB/schema
func (r *run) editSchema(ctx context.Context, a *app, j *job, wishes []wish) error {
	c := call{method: http.MethodPut, path: j.path(a, "schema"), resource: j.resource(a) + "/schema", need: needJob, repeat: true}
	for round := 0; ; round++ {
		s, err := r.readSchema(ctx, a, j)
		if err != nil {
			return err
		}
		next, differs, err := s.apply(wishes)
		switch {
		case err != nil:
			return r.state(c.resource, "edit it in the portal: Provisioning > Attribute mapping > Provision Microsoft Entra ID Users", "%w", err)
		case !differs:
			return nil
		case round == maxEdits:
			return r.fail(c, iamscim.ErrAborted, errors.New("the attribute mapping doesn't stay as it's written: somebody else is editing it"))
		}
		c.body = next
		if _, err := r.do(ctx, c); err != nil {
			return err
		}
		// Graph may show the old one for a while.
		done := false
		_, err = r.await(ctx, func(ctx context.Context) (bool, error) {
			now, err := r.readSchema(ctx, a, j)
			if err != nil {
				return false, err
			}
			_, differs, err := now.apply(wishes)
			done = err == nil && !differs
			return done || string(now.doc) != string(s.doc), nil
		})
		if done || err != nil {
			return err
		}
	}
}
