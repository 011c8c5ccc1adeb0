package entra

import (
	"context"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/provision/idp"
)

// launch makes the job run, and takes it out of quarantine. anew pushes everybody once
// more.
func (r *run) launch(ctx context.Context, a *app, j *job, anew bool) error {
	now, err := r.readJob(ctx, a, j)
	if err != nil {
		return err
	}
	ran := !now.Status.FirstSteady.IsZero() || now.Status.LastExecution != nil
	scope := resetAll
	if anew {
		scope = string(ResetFull) // who was in scope before is matched anew, too
	}
	switch {
	case anew, ran && !now.active():
		// It has been off, perhaps since a call of SetUp was interrupted.
		now, err = r.restart(ctx, a, now, scope)
	case now.quarantined() && now.Status.Quarantine.reason() != reasonDeletions:
		now, err = r.restart(ctx, a, now, resetQuarantine)
	}
	if err != nil || now.active() {
		return err
	}
	_, err = r.act(ctx, a, now, "start", nil, (*job).active)
	return err
}

func (r *run) restart(ctx context.Context, a *app, j *job, scope string) (*job, error) {
	body := map[string]any{"criteria": map[string]string{"resetScope": scope}}
	return r.act(ctx, a, j, "restart", body, func(*job) bool { return true })
}

func (r *run) pause(ctx context.Context, a *app, j *job) (*job, error) {
	if !j.active() {
		return j, nil
	}
	return r.act(ctx, a, j, "pause", nil, func(j *job) bool { return !j.active() })
}

// CutOver replaces the token. Entra ID tries the new one first. A job in quarantine
// starts again, unless it's held because of too many deletions. The job must push
// into the connection's tenant already.
//
// Permissions: Application.ReadWrite.OwnedBy for a program that owns the
// application, or else Application.Read.All and Synchronization.ReadWrite.All.
//
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/validateCredentials
//	GET, PUT /servicePrincipals/ID/synchronization/secrets
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/restart
func (c *Client) CutOver(ctx context.Context, conn idp.Connection) error {
	r, err := c.begin(ctx, "cut over", conn.Token)
	if err != nil {
		return err
	}
	var l check.List
	base := address(&l, conn)
	if err := l.Err("entra: cut over", ""); err != nil {
		return err
	}
	if err := r.precheck(ctx, needReadApp, needReadJob, needJob); err != nil {
		return err
	}
	a, j, err := r.existing(ctx)
	if err != nil {
		return err
	}
	now, err := r.readSecrets(ctx, a)
	if err != nil {
		return err
	}
	if had, _ := now.baseURI(); had != "" && had != base {
		return r.state(a.resource(), "call SetUp, which also makes Entra ID forget the other tenant's IDs", "the job pushes into %s", had)
	}
	if err := r.validate(ctx, a, j, base, conn.Token); err != nil {
		return err
	}
	if err := r.store(ctx, a, now, base, conn.Token); err != nil {
		return err
	}
	if j, err = r.readJob(ctx, a, j); err != nil {
		return err
	}
	if j.quarantined() && j.Status.Quarantine.reason() != reasonDeletions {
		_, err = r.restart(ctx, a, j, resetQuarantine)
	}
	return err
}

func (q *quarantine) reason() string {
	if q == nil {
		return ""
	}
	return q.Reason
}

// existing returns the application and its job, which must be there.
func (r *run) existing(ctx context.Context) (*app, *job, error) {
	a, err := r.findApp(ctx)
	if err != nil {
		return nil, nil, err
	}
	if a == nil {
		return nil, nil, r.nothing("servicePrincipals", "there is no application with the name "+r.cfg.AppName)
	}
	j, err := r.findJob(ctx, a)
	if err == nil && j == nil {
		err = r.nothing(a.resource(), "the application has no provisioning job")
	}
	return a, j, err
}

func (r *run) nothing(resource, text string) error {
	e := r.state(resource, "call SetUp first", "%s", text)
	e.Kind = iamscim.ErrNotFound
	return e
}

// Stop pauses the job. It's no error if there is none.
//
// Permissions: as [Client.CutOver].
//
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/pause
func (c *Client) Stop(ctx context.Context) error {
	r, err := c.begin(ctx, "stop")
	if err != nil {
		return err
	}
	a, err := r.findApp(ctx)
	if err != nil || a == nil {
		return err
	}
	j, err := r.findJob(ctx, a)
	if err != nil || j == nil {
		return err
	}
	_, err = r.pause(ctx, a, j)
	return err
}

// Reset says what a restart clears. Values can be combined: see [Client.Restart].
type Reset string

// What a restart clears
// (https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationjobrestartcriteria).
const (
	ResetWatermark    Reset = "Watermark"       // everybody is looked at once more
	ResetEscrows      Reset = "Escrows"         // failures are forgotten, and tried again
	ResetQuarantine   Reset = "QuarantineState" // the job leaves quarantine
	ResetFull         Reset = "Full"            // all of it, and what is matched to what
	ResetForceDeletes Reset = "ForceDeletes"    // deletions that a threshold holds back are carried out
)

// Restart restarts the job, and clears what resets name. Without any it does what
// the portal does: [ResetWatermark], [ResetEscrows] and [ResetQuarantine].
//
// ResetForceDeletes disables and deletes people whom the deletion threshold holds
// back. Look at the provisioning logs first: Entra ID marks them as staged.
//
// Permissions: as [Client.CutOver].
//
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/restart
func (c *Client) Restart(ctx context.Context, resets ...Reset) error {
	r, err := c.begin(ctx, "restart")
	if err != nil {
		return err
	}
	scope := resetAll
	if len(resets) > 0 {
		var l check.List
		var names []string
		for _, reset := range resets {
			switch reset {
			case ResetWatermark, ResetEscrows, ResetQuarantine, ResetFull, ResetForceDeletes:
				names = append(names, string(reset))
			default:
				l.Add("resets", "%q isn't one of the constants", string(reset))
			}
		}
		if err := l.Err("entra: restart", ""); err != nil {
			return err
		}
		scope = strings.Join(names, ", ")
	}
	a, j, err := r.existing(ctx)
	if err != nil {
		return err
	}
	_, err = r.restart(ctx, a, j, scope)
	return err
}
