package entra

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// Status reports what is set up: where the job pushes to, whether it runs and how
// its cycles end, what is wrong, and the settings entra-external-id, entra-user-name
// and entra-work-email as the schema has them. It changes nothing.
//
// FirstCycle is when the job first had nothing more to do. LastSuccess is the end of
// the newest cycle that succeeded. Graph doesn't say since when cycles succeed:
// HealthySince is the beginning of that cycle, unless the job is in quarantine or
// the newest cycle failed. So the job is healthy since then at least.
//
// Permissions: Application.Read.All and Synchronization.Read.All, or
// Application.ReadWrite.OwnedBy for a program that owns the application.
//
//	GET /servicePrincipals
//	GET /servicePrincipals/ID/synchronization/jobs
//	GET /servicePrincipals/ID/synchronization/secrets
//	GET /servicePrincipals/ID/synchronization/jobs/JOB/schema
//	GET /servicePrincipals/ID/appRoleAssignedTo
func (c *Client) Status(ctx context.Context) (*idp.Status, error) {
	r, err := c.begin(ctx, "status")
	if err != nil {
		return nil, err
	}
	if err := r.precheck(ctx, needReadApp, needReadJob); err != nil {
		return nil, err
	}
	a, err := r.findApp(ctx)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return &idp.Status{Issues: []idp.Issue{{Code: idp.IssueNoJob, Reason: "there is no application with the name " + c.cfg.AppName, Mend: "SetUp"}}}, nil
	}
	j, err := r.findJob(ctx, a)
	if err != nil {
		return nil, err
	}
	if j == nil {
		return &idp.Status{Issues: []idp.Issue{{Code: idp.IssueNoJob, Reason: "the application has no provisioning job", Mend: "SetUp"}}}, nil
	}
	now, err := r.readSecrets(ctx, a)
	if err != nil {
		return nil, err
	}
	s, err := r.readSchema(ctx, a, j)
	if err != nil {
		return nil, err
	}
	status := j.report(r.page(a, "Provisioning"))
	base, flagged := now.baseURI()
	status.BaseURI = base
	if base != "" && !flagged {
		status.Issues = append(status.Issues, idp.Issue{Code: idp.IssueFlag, Reason: "the tenant URL lacks ?" + flag, Mend: "SetUp"})
	}
	status.Settings = s.settings()
	scope, err := r.scope(ctx, a, s, now)
	if err != nil {
		return nil, err
	}
	status.Issues = append(status.Issues, scope...)
	return status, nil
}

// page names a page of the portal.
func (c *Client) page(a *app, name string) string {
	title := c.cfg.AppName
	if a != nil && a.DisplayName != "" {
		title = a.DisplayName
	}
	return c.place.portal + ": Enterprise applications > " + title + " > " + name
}

// report is what the job itself says.
func (j *job) report(page string) *idp.Status {
	s := &idp.Status{Running: j.active(), FirstCycle: j.Status.FirstSteady}
	add := func(code idp.IssueCode, mend, format string, args ...any) {
		s.Issues = append(s.Issues, idp.Issue{Code: code, Reason: oneLine(fmt.Sprintf(format, args...)), Mend: mend})
	}
	if !j.active() {
		add(idp.IssueStopped, "SetUp, or "+page+" > Start provisioning", "the job's schedule is %s, and its status %s", j.Schedule.State, j.Status.Code)
	}
	if j.quarantined() {
		q := j.Status.Quarantine
		reason := "Quarantine"
		if q != nil {
			reason = q.Reason
			if q.Error != nil && q.Error.Code+q.Error.Message != "" {
				reason += ": " + q.Error.Message + " (" + q.Error.Code + ")"
			}
			if !q.Since.IsZero() {
				reason += ", since " + q.Since.UTC().Format(time.RFC3339)
			}
			if !q.Next.IsZero() {
				reason += ", next attempt " + q.Next.UTC().Format(time.RFC3339)
			}
		}
		add(idp.IssueQuarantined, "mend the reason, then Restart with ResetQuarantine, or "+page+" > Restart provisioning", "%s", reason)
		switch q.reason() {
		case reasonException:
			add(idp.IssueCredential, "CutOver with a token that works", "%s", reason)
		case reasonDeletions:
			add(idp.IssueDeletions, "if they're right, Restart with ResetForceDeletes; if not, mend the scope, then Restart", "%s", reason)
		}
	}
	healthy := !j.quarantined() && j.Status.Failures == 0
	if j.Status.Failures > 0 {
		add(idp.IssueFailures, page+" > Provisioning logs", "the last %d cycles failed%s", j.Status.Failures, j.Status.LastExecution.why())
	}
	if last := j.Status.LastExecution; last != nil && last.Escrows > 0 {
		add(idp.IssueFailures, "Why for each of them, or "+page+" > Provisioning logs", "%d users and groups fail, and are tried again", last.Escrows)
	}
	if j.Status.Pruned {
		add(idp.IssueFailures, page+" > Provisioning logs", "the first cycle had so many failures that Entra ID forgot them")
	}
	if last := j.Status.LastSuccess; last != nil {
		s.LastSuccess = last.Ended
		if healthy {
			s.HealthySince = last.Began
		}
	}
	return s
}

func (e *execution) why() string {
	if e == nil || e.Error == nil {
		return ""
	}
	return ": " + e.Error.Message + " (" + e.Error.Code + ")"
}

// scope are the issues with who is in scope.
func (r *run) scope(ctx context.Context, a *app, s *schema, now secrets) ([]idp.Issue, error) {
	mappings := r.page(a, "Provisioning > Attribute mapping")
	var issues []idp.Issue
	if s.users.off() {
		issues = append(issues, idp.Issue{Code: idp.IssueScope, Reason: "the mapping of users is disabled", Mend: mappings})
	}
	if s.group != nil && s.group.off() {
		issues = append(issues, idp.Issue{Code: idp.IssueScope, Reason: "the mapping of groups is disabled", Mend: mappings})
	}
	if now.text(keySyncAll) == "true" {
		return issues, nil
	}
	c := a.assignedTo("1")
	var first page[assignment]
	c.into = &first
	err := r.get(ctx, c)
	switch {
	case errors.Is(err, iamscim.ErrPermissionDenied):
		// Who may read the job may not read this. It's unknown then.
	case err != nil:
		return nil, err
	case first.Value != nil && len(first.Value) == 0 && first.Next == "":
		issues = append(issues, idp.Issue{Code: idp.IssueScope, Reason: "no user or group is assigned to the application", Mend: "Config.Assign and SetUp, or " + r.page(a, "Users and groups")})
	}
	return issues, nil
}
