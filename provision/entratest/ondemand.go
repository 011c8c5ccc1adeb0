package entratest

import (
	"encoding/json"
	"strings"

	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// onDemand is the body of provisionOnDemand.
// https://learn.microsoft.com/graph/api/synchronization-synchronizationjob-provisionondemand
type onDemand struct {
	Parameters []struct {
		RuleID   string `json:"ruleId"`
		Subjects []struct {
			ObjectID string `json:"objectId"`
			Type     string `json:"objectTypeName"`
			Links    struct {
				Members []struct {
					ObjectID string `json:"objectId"`
					Type     string `json:"objectTypeName"`
				} `json:"members"`
			} `json:"links"`
		} `json:"subjects"`
	} `json:"parameters"`
}

// maxOnDemandMembers is how many members of a group can be pushed at once.
const maxOnDemandMembers = 5

// provisionOnDemand pushes one object now. It answers 200 whatever came of it.
func provisionOnDemand(c *call) *reply {
	var body onDemand
	if refused := c.decode(&body); refused != nil {
		return refused
	}
	if len(body.Parameters) != 1 || len(body.Parameters[0].Subjects) != 1 {
		return c.badRequest(ruleOnDemand, "One parameter with one subject is supported.")
	}
	wanted := body.Parameters[0].Subjects[0]
	members := []string{}
	for _, m := range wanted.Links.Members {
		if !strings.EqualFold(m.Type, "User") {
			return c.badRequest(ruleOnDemand, "Members must be users.")
		}
		members = append(members, m.ObjectID)
	}
	if len(members) > maxOnDemandMembers {
		return c.badRequest(ruleOnDemand, "At most %d members are supported.", maxOnDemandMembers)
	}
	c.cycles.Lock() // not while a cycle pushes the same objects
	defer c.cycles.Unlock()
	c.mu.Lock()
	r := c.begin(c.sp, c.job)
	x := c.onDemandSubject(wanted.ObjectID, wanted.Type, r)
	c.mu.Unlock()
	switch {
	case body.Parameters[0].RuleID != r.schema.Rule:
		return c.badRequest(ruleOnDemand, "The schema has no rule '%s'.", clip(body.Parameters[0].RuleID))
	case x == nil:
		return c.badRequest(ruleOnDemand, "There is no %s '%s'.", clip(wanted.Type), clip(wanted.ObjectID))
	}
	r.initial = true // it's compared with the target whatever was sent before
	target, err := c.target(r.secrets)
	if err != nil {
		a := &attempt{subject: x, action: "other", at: r.now}
		a.imported()
		return c.verdict(r, a.fail("matching", "EntryImport", err))
	}
	r.target = target.Legacy()
	if !x.entitled() {
		a := &attempt{subject: x, action: "other", at: r.now}
		a.imported()
		return c.verdict(r, a.notEntitled())
	}
	a := r.export(c.r.Context(), x)
	if a.status == success {
		r.settle(a, false)
	}
	if a.status != failure && x.kind == push.Groups {
		if more := r.references(c.r.Context(), x, members); more != nil {
			more.steps = append(a.steps, more.steps...)
			more.changes = append(a.changes, more.changes...)
			a = more
		}
	}
	return c.verdict(r, a)
}

// onDemandSubject is an object of the tenant, whether it is in scope or not.
func (c *call) onDemandSubject(id, kind string, r *run) *subject {
	for _, x := range r.list {
		if x.id == id && !x.gone && strings.EqualFold(noun(x.kind), kind) {
			return x
		}
	}
	if p := c.people.users[id]; p != nil && strings.EqualFold(kind, "User") && r.schema.Users != nil {
		return c.userSubject(p, r.schema.Users, false)
	}
	if t := c.people.groups[id]; t != nil && strings.EqualFold(kind, "Group") && r.schema.Group != nil {
		return c.groupSubject(t, r.schema.Group, false)
	}
	return nil
}

// verdict is the reply: both values are JSON in a text.
func (c *call) verdict(r *run, a *attempt) *reply {
	r.log(a)
	result := object{"result": capital(a.status), "details": object{}}
	info := object{"status": capital(a.status), "errorCode": nil, "reason": nil, "additionalDetails": nil, "errorCategory": nil, "recommendedAction": nil}
	if p, failed := a.problem().(object); failed {
		result["details"] = object{"errorCode": p["errorCode"], "errorMessage": p["reason"]}
		if a.failed != nil {
			info = object{"status": "Failure", "errorCode": p["errorCode"], "reason": p["reason"], "additionalDetails": nil, "errorCategory": "NonServiceFailure", "recommendedAction": p["recommendedAction"]}
		}
	}
	steps := []object{}
	for _, s := range a.steps {
		steps = append(steps, object{"name": s.name, "type": capital(s.kind), "status": capital(s.status), "description": s.text, "timestamp": stamp(a.at), "details": object{}})
	}
	value := object{
		"action": capital(a.action), "changeId": r.id, "startTime": stamp(a.at), "endTime": stamp(a.at), "reportableIdentifier": a.name,
		"modifiedProperties": a.properties(), "provisioningSteps": steps, "statusInfo": info,
		"sourceIdentity": object{"id": a.id, "type": noun(a.kind), "displayName": nil, "details": nil},
		"sourceSystem":   object{"id": nil, "name": "Microsoft Entra ID", "details": nil},
		"targetIdentity": object{"id": a.target, "type": noun(a.kind), "displayName": nil, "details": nil},
		"targetSystem":   object{"id": nil, "name": targetName, "details": nil},
	}
	return ok(object{"@odata.context": c.context("microsoft.graph.stringKeyStringValuePair"), "key": text(result), "value": text(value)})
}

func text(o object) string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // it's made of texts
	}
	return string(b)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
