package entra

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// Push creates one person in the tenant now. The person is named by object ID or by
// user principal name.
//
// Entra ID ignores ?aadOptscim062020 in this call, and would update a person with
// requests that don't comply with RFC 7644. So Push creates only: a person whom Entra
// ID has pushed already is Skipped, with the SCIM ID, and nothing is sent to the
// tenant.
//
// Entra ID may need some minutes until an assignment counts. It doesn't push people
// who are in scope through a nested group. What it says isn't proof: look the person
// up through SCIM.
//
// Microsoft allows 5 requests in 10 s. Push waits for its turn.
//
// Permissions: as [Client.CutOver], and User.Read.All for a user principal name.
//
//	GET  /beta/servicePrincipals/ID/synchronization/jobs/JOB/objectConnections('OBJECT')
//	GET  /servicePrincipals/ID/synchronization/jobs/JOB/schema
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/provisionOnDemand
func (c *Client) Push(ctx context.Context, person string) (*idp.Attempt, error) {
	r, err := c.begin(ctx, "push")
	if err != nil {
		return nil, err
	}
	a, j, err := r.existing(ctx)
	if err != nil {
		return nil, err
	}
	id, err := r.userID(ctx, person)
	if err != nil {
		return nil, err
	}
	known, err := r.readConnection(ctx, a, j, id)
	if err != nil {
		return nil, err
	}
	if known != nil {
		return &idp.Attempt{
			Time: time.Now(), Key: id, ID: known.Target, Result: idp.ResultSkipped, Step: idp.StepMatch, Code: "AlreadyConnected",
			Reason: "Entra ID has pushed this person already", Mend: "the next cycle pushes changes; if the tenant doesn't have the person, Reconnect",
		}, nil
	}
	s, err := r.readSchema(ctx, a, j)
	if err != nil {
		return nil, err
	}
	return r.pushUser(ctx, a, j, s, id)
}

// userID returns the object ID of a user named by it or by user principal name.
func (r *run) userID(ctx context.Context, person string) (string, error) {
	if guid.MatchString(person) {
		return strings.ToLower(person), nil
	}
	c := call{path: v1("users", person), query: query("$select", "id"), resource: "users", need: needUsers}
	if person == "" || strings.ContainsFunc(person, func(r rune) bool { return r < ' ' }) {
		return "", r.fail(c, iamscim.ErrInvalidArgument, errors.New("the person must be an object ID or a user principal name"))
	}
	var user struct {
		ID string `json:"id"`
	}
	c.into = &user
	if err := r.get(ctx, c); err != nil {
		return "", err
	}
	if user.ID == "" {
		return "", r.fail(c, iamscim.ErrBadReply, errors.New("the user has no ID"))
	}
	return strings.ToLower(user.ID), nil
}

// verdict is what provisionOnDemand replies: two JSON texts. HTTP 200 says nothing
// about the person.
type verdict struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// provisioning is what happened to an object, in the verdict and in the logs.
type provisioning struct {
	Steps []struct {
		Name        string `json:"name"`
		Type        string `json:"provisioningStepType"`
		ShortType   string `json:"type"` // in the verdict
		Status      string `json:"status"`
		Description string `json:"description"`
	} `json:"provisioningSteps"`
	Info   statusInfo `json:"provisioningStatusInfo"`
	Status statusInfo `json:"statusInfo"` // in the verdict
	Source identity   `json:"sourceIdentity"`
	Target identity   `json:"targetIdentity"`
}

// statusInfo has the error as an object in the logs, and flat in the verdict.
type statusInfo struct {
	Status string `json:"status"`
	errorInfo
	Error errorInfo `json:"errorInformation"`
}

type errorInfo struct {
	Code   string `json:"errorCode"`
	Reason string `json:"reason"`
	Action string `json:"recommendedAction"`
}

type identity struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// pushUser provisions a user on demand.
func (r *run) pushUser(ctx context.Context, a *app, j *job, s *schema, id string) (*idp.Attempt, error) {
	if s.rule == "" {
		return nil, r.fail(call{resource: j.resource(a) + "/schema"}, iamscim.ErrBadReply, errors.New("the rule that maps users has no ID"))
	}
	if err := r.onDemand.wait(ctx); err != nil {
		return nil, r.fail(call{resource: j.resource(a)}, nil, err)
	}
	var got verdict
	c := call{
		method: http.MethodPost, path: j.path(a, "provisionOnDemand"), into: &got, resource: j.resource(a), need: needJob,
		// Entra ID looks the person up in the tenant before it creates one.
		repeat: true,
		body: map[string]any{"parameters": []any{map[string]any{
			"ruleId": s.rule, "subjects": []any{map[string]string{"objectId": id, "objectTypeName": userObject}},
		}}},
	}
	if _, err := r.do(ctx, c); err != nil {
		return nil, err
	}
	attempt, err := got.attempt(id)
	if err != nil {
		return nil, r.fail(c, iamscim.ErrBadReply, err)
	}
	attempt.Mend = r.mend(a, attempt)
	return attempt, nil
}

// attempt decodes a verdict.
func (v verdict) attempt(id string) (*idp.Attempt, error) {
	var head struct {
		Result  string `json:"result"`
		Details struct {
			Code    string `json:"errorCode"`
			Message string `json:"errorMessage"`
		} `json:"details"`
	}
	if json.Unmarshal([]byte(v.Key), &head) != nil || head.Result == "" {
		return nil, errors.New("the verdict isn't of the documented form")
	}
	var p provisioning
	_ = json.Unmarshal([]byte(v.Value), &p) // it explains, and decides nothing
	if p.Info == (statusInfo{}) {
		p.Info = p.Status
	}
	attempt := p.attempt()
	attempt.Time, attempt.Key, attempt.Result = time.Now(), id, result(head.Result)
	attempt.Code = oneLine(cmp.Or(head.Details.Code, attempt.Code))
	attempt.Reason = oneLine(cmp.Or(head.Details.Message, attempt.Reason))
	return attempt, nil
}

// attempt is what the steps and the information about the status say. The step that
// decides is the first that failed or was skipped, else the last.
func (p provisioning) attempt() *idp.Attempt {
	said := p.Info.Error
	if said == (errorInfo{}) {
		said = p.Info.errorInfo
	}
	a := &idp.Attempt{ID: p.Target.ID, Result: result(p.Info.Status), Code: oneLine(said.Code), Reason: oneLine(said.Reason), Action: oneLine(said.Action)}
	for _, step := range p.Steps {
		kind := stepOf(cmp.Or(step.Type, step.ShortType, step.Name))
		if kind == "" {
			continue
		}
		a.Step = kind
		if outcome := result(step.Status); outcome == idp.ResultFailure || outcome == idp.ResultSkipped {
			a.Reason = cmp.Or(a.Reason, oneLine(step.Description))
			break
		}
	}
	return a
}

func result(status string) idp.Result {
	switch strings.ToLower(status) {
	case "success":
		return idp.ResultSuccess
	case "skipped":
		return idp.ResultSkipped
	case "failure", "warning":
		return idp.ResultFailure
	}
	return ""
}

// stepOf returns the step of a type or a name: "Matching", "EntryImport",
// "EntrySynchronizationScoping".
func stepOf(text string) idp.Step {
	text = strings.ToLower(text)
	for _, known := range []struct {
		word string
		step idp.Step
	}{{"match", idp.StepMatch}, {"scop", idp.StepScope}, {"export", idp.StepExport}, {"import", idp.StepImport}} {
		if strings.Contains(text, known.word) {
			return known.step
		}
	}
	return ""
}

// mend is the page or the command that mends what an attempt shows.
func (c *Client) mend(a *app, at *idp.Attempt) string {
	code := strings.ToLower(at.Code)
	switch {
	case at.Result == idp.ResultSuccess || strings.Contains(code, "redundantexport"):
		return ""
	case strings.Contains(code, "noteffectivelyentitled") || at.Step == idp.StepScope:
		return "assign the person or a group with the person as a direct member: Config.Assign and SetUp, or " + c.page(a, "Users and groups")
	case strings.Contains(code, "credential") || strings.Contains(code, "unauthorized"):
		return "CutOver with a token that works"
	case at.Step == idp.StepImport:
		return "look whether the person exists in the directory and is enabled: " + c.place.portal + ": Users"
	case at.Step == idp.StepMatch, at.Step == idp.StepExport && strings.Contains(code, "notfound"):
		return "Reconnect, if the person was removed from the tenant; else compare the matching attribute: " + c.page(a, "Provisioning > Attribute mapping")
	case at.Step == idp.StepExport:
		return "compare the mapped attributes with what the tenant accepts: " + c.page(a, "Provisioning > Attribute mapping")
	}
	return c.page(a, "Provisioning > Provisioning logs")
}
