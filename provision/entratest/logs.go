package entratest

import (
	"fmt"
	"slices"

	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// logRing keeps the newest rows of the provisioning log.
type logRing struct{ rows []object }

const maxRows = 10000

// log writes a row.
// https://learn.microsoft.com/graph/api/resources/provisioningobjectsummary
func (r *run) log(a *attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rows := r.logs.rows; len(rows) >= maxRows {
		r.logs.rows = append(rows[:0], rows[maxRows/2:]...)
	}
	steps := []object{}
	for _, s := range a.steps {
		steps = append(steps, object{"name": s.name, "provisioningStepType": s.kind, "status": s.status, "description": s.text, "details": object{}})
	}
	details := object{"ApplicationId": r.app.appID, "ServicePrincipalId": r.app.id, "ServicePrincipalDisplayName": r.app.displayName}
	r.logs.rows = append(r.logs.rows, object{
		"id": r.newID(), "activityDateTime": stamp(a.at), "tenantId": r.cfg.tenant, "jobId": r.job.id, "cycleId": r.id, "changeId": r.newID(),
		"provisioningAction": a.action, "durationInMilliseconds": 0,
		"provisioningStatusInfo": object{"status": a.status, "errorInformation": a.problem()},
		"provisioningSteps":      steps, "modifiedProperties": a.properties(),
		"servicePrincipal": object{"id": r.app.id, "displayName": r.app.displayName},
		"sourceSystem":     object{"id": sourceSystem, "displayName": "Microsoft Entra ID", "details": object{}},
		"targetSystem":     object{"id": targetSystem, "displayName": targetName, "details": details},
		"initiatedBy":      object{"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
		"sourceIdentity":   object{"id": a.id, "displayName": a.name, "identityType": noun(a.kind), "details": object{}},
		"targetIdentity":   object{"id": a.target, "displayName": a.name, "identityType": noun(a.kind), "details": object{}},
	})
}

const (
	sourceSystem = "66e4a8cc-1b7b-435e-95f8-f06cea133828"
	targetSystem = "e7f3b0c1-2a4d-4c5e-8f60-9d1b2c3a4e5f"
)

// problem is the errorInformation of a row.
func (a *attempt) problem() any {
	switch {
	case a.failed != nil:
		return object{"errorCode": a.failed.Code, "reason": a.failed.Reason, "additionalDetails": nil, "errorCategory": "nonServiceFailure", "recommendedAction": a.recommended()}
	case a.skip != "":
		return object{"errorCode": a.skip, "reason": a.steps[len(a.steps)-1].text, "additionalDetails": nil, "errorCategory": "nonServiceFailure", "recommendedAction": nil}
	}
	return nil
}

// recommended is what Microsoft's table of error codes recommends.
// https://learn.microsoft.com/entra/identity/monitoring-health/concept-provisioning-logs
func (a *attempt) recommended() any {
	switch a.failed.Code {
	case push.CodeAnchor:
		return "Ensure that the user exists. To force a new matching of all users, use the Microsoft Graph API to restart the job."
	case push.CodeConflict:
		return "Correct the conflicting attribute values in either Microsoft Entra ID or the application."
	case push.CodeUnauthorized:
		return "Ensure that the credentials are valid."
	}
	return nil
}

// properties are the modifiedProperties of a row.
func (a *attempt) properties() []object {
	list := []object{}
	for _, c := range a.changes {
		list = append(list, object{"displayName": c.Target, "oldValue": shownValue(c.Old), "newValue": shownValue(c.New)})
	}
	return list
}

// maxShown is how much of a value a row has: a service may have any.
const maxShown = 1000

func shownValue(v any) any {
	shown := ""
	switch v := v.(type) {
	case nil:
		return nil
	case bool:
		shown = boolText(v)
	case string:
		shown = v
	default:
		shown = fmt.Sprint(v)
	}
	return shown[:min(len(shown), maxShown)]
}

// listLogs answers GET /auditLogs/provisioning, the newest row first.
func listLogs(c *call) *reply {
	rows := slices.Clone(c.logs.rows)
	slices.Reverse(rows)
	return c.list(listing{of: "auditLogs/provisioning", items: rows, order: true})
}
