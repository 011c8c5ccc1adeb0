// Package mapping reads the schema of a synchronization job and computes what it makes of an object:
// attribute mappings, their expressions, and scoping filters.
//
// https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationschema
package mapping

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Object is a source object: its attributes by the names that schemas have for them. Lists are
// []string. What is absent is null.
type Object map[string]any

// Schema is what the engine reads of a schema document. The rest of the document isn't its business.
type Schema struct {
	Rule  string // id of the first synchronization rule
	Users *Objects
	Group *Objects
}

// Objects is the mapping of one kind of object. Nil is none.
type Objects struct {
	Add, Update, Delete bool
	Attributes          []Attribute
	scope               [][]clause // all clauses of one group must hold
}

// Attribute is one attribute mapping.
type Attribute struct {
	Target   string
	Type     string // of the target: "String", "Boolean", "Reference"
	Priority int    // > 0: a matching attribute; the lowest is first
	OnAdd    bool   // only when the object is made
	Default  string
	source   expression
}

// document is the part of a schema that is read.
// https://learn.microsoft.com/graph/api/resources/synchronization-attributemapping
type document struct {
	Rules []struct {
		ID             string `json:"id"`
		Target         string `json:"targetDirectoryName"`
		ObjectMappings []struct {
			Enabled    *bool  `json:"enabled"`
			FlowTypes  string `json:"flowTypes"`
			Source     string `json:"sourceObjectName"`
			Target     string `json:"targetObjectName"`
			Attributes []struct {
				Target   string  `json:"targetAttributeName"`
				Priority int     `json:"matchingPriority"`
				FlowType string  `json:"flowType"`
				Default  *string `json:"defaultValue"`
				Source   *struct {
					Type       string `json:"type"`
					Name       string `json:"name"`
					Expression string `json:"expression"`
				} `json:"source"`
			} `json:"attributeMappings"`
			Scope *struct {
				Groups []struct {
					Clauses []struct {
						Operator string `json:"operatorName"`
						Source   string `json:"sourceOperandName"`
						Target   struct {
							Values []string `json:"values"`
						} `json:"targetOperand"`
					} `json:"clauses"`
				} `json:"groups"`
			} `json:"scope"`
		} `json:"objectMappings"`
	} `json:"synchronizationRules"`
	Directories []struct {
		Name    string `json:"name"`
		Objects []struct {
			Name       string `json:"name"`
			Attributes []struct {
				Name string `json:"name"`
				Type string `json:"type"`
			} `json:"attributes"`
		} `json:"objects"`
	} `json:"directories"`
}

// maxMappings bounds the attribute mappings of one kind of object.
const maxMappings = 1000

// Parse reads a schema. Everything that the engine couldn't do is an error.
func Parse(text []byte) (*Schema, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	if len(d.Rules) == 0 || d.Rules[0].ID == "" {
		return nil, errors.New("synchronizationRules has no rule with an id")
	}
	rule := d.Rules[0]
	types := map[string]string{}
	for _, directory := range d.Directories {
		if directory.Name != rule.Target {
			continue
		}
		for _, o := range directory.Objects {
			for _, a := range o.Attributes {
				types[o.Name+"\n"+a.Name] = a.Type
			}
		}
	}
	s := &Schema{Rule: rule.ID}
	for i, m := range rule.ObjectMappings {
		place := fmt.Sprintf("synchronizationRules[0].objectMappings[%d]", i)
		if m.Enabled != nil && !*m.Enabled {
			continue
		}
		if len(m.Attributes) > maxMappings {
			return nil, fmt.Errorf("%s has more than %d attributeMappings", place, maxMappings)
		}
		o := &Objects{Add: flows(m.FlowTypes, "Add"), Update: flows(m.FlowTypes, "Update"), Delete: flows(m.FlowTypes, "Delete")}
		seen := map[string]bool{}
		for k, a := range m.Attributes {
			at := fmt.Sprintf("%s.attributeMappings[%d]", place, k)
			if a.Target == "" || a.Source == nil {
				return nil, fmt.Errorf("%s needs a targetAttributeName and a source", at)
			}
			if seen[a.Target] {
				return nil, fmt.Errorf("%s: %s is mapped twice", at, a.Target)
			}
			seen[a.Target] = true
			text := a.Source.Expression
			if text == "" && a.Source.Type == "Constant" {
				text = quote(a.Source.Name)
			} else if text == "" {
				text = "[" + a.Source.Name + "]"
			}
			e, err := parse(text)
			if err != nil {
				return nil, fmt.Errorf("%s.source.expression %s: %w", at, text, err)
			}
			attribute := Attribute{Target: a.Target, Type: types[m.Target+"\n"+a.Target], Priority: a.Priority, OnAdd: a.FlowType == "ObjectAddOnly" || a.FlowType == "AttributeAddOnly", source: e}
			if a.Default != nil {
				attribute.Default = *a.Default
			}
			o.Attributes = append(o.Attributes, attribute)
		}
		if m.Scope != nil {
			for _, g := range m.Scope.Groups {
				var clauses []clause
				for _, c := range g.Clauses {
					x := clause{c.Operator, c.Source, c.Target.Values}
					if err := x.check(); err != nil {
						return nil, fmt.Errorf("%s.scope: %w", place, err)
					}
					clauses = append(clauses, x)
				}
				o.scope = append(o.scope, clauses)
			}
		}
		switch m.Source {
		case "User":
			s.Users = o
		case "Group":
			s.Group = o
		default:
			return nil, fmt.Errorf("%s: the fake knows no source object %q", place, m.Source)
		}
	}
	return s, nil
}

func flows(types, one string) bool { return types == "" || strings.Contains(types, one) }

// Matching are the matching attributes, the first to be tried first.
func (o *Objects) Matching() []Attribute {
	list := slices.DeleteFunc(slices.Clone(o.Attributes), func(a Attribute) bool { return a.Priority < 1 })
	slices.SortStableFunc(list, func(a, b Attribute) int { return a.Priority - b.Priority })
	return list
}

// Value is what an attribute mapping makes of an object: a text, a list of texts, or nil. A Boolean
// target still has a text here, "True" or "False".
func (a Attribute) Value(o Object) (any, error) {
	v, err := a.source.eval(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.Target, err)
	}
	if v == nil || v == "" {
		if a.Default == "" {
			return nil, nil
		}
		return a.Default, nil
	}
	return v, nil
}

// InScope reports whether the scoping filters let an object through.
func (o *Objects) InScope(x Object) bool {
	if len(o.scope) == 0 {
		return true
	}
	return slices.ContainsFunc(o.scope, func(clauses []clause) bool {
		return !slices.ContainsFunc(clauses, func(c clause) bool { return !c.holds(x) })
	})
}

// clause is a condition of a scoping filter.
// https://learn.microsoft.com/entra/identity/app-provisioning/define-conditional-rules-for-provisioning-user-accounts
type clause struct {
	operator, source string
	values           []string
}

var operators = map[string]func(v string, values []string) bool{
	"EQUALS":      func(v string, values []string) bool { return slices.Contains(values, v) },
	"NOT EQUALS":  func(v string, values []string) bool { return !slices.Contains(values, v) },
	"IS TRUE":     func(v string, _ []string) bool { return strings.EqualFold(v, "true") },
	"IS FALSE":    func(v string, _ []string) bool { return strings.EqualFold(v, "false") },
	"IS NULL":     func(v string, _ []string) bool { return v == "" },
	"IS NOT NULL": func(v string, _ []string) bool { return v != "" },
}

func (c clause) check() error {
	if operators[c.operator] == nil {
		return fmt.Errorf("the fake knows no operator %q", c.operator)
	}
	return nil
}

func (c clause) holds(o Object) bool {
	v, _ := o[c.source].(string)
	return operators[c.operator](v, c.values)
}
