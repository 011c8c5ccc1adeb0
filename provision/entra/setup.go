package entra

import (
	"context"
	"net/url"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/paste"
	"github.com/iamscim/iamscim/provision/idp"
)

// The scopes of a restart
// (https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationjobrestartcriteria).
const (
	resetAll        = "Watermark, Escrows, QuarantineState" // as the portal does
	resetQuarantine = "QuarantineState"
)

// SetUp makes Entra ID push into a tenant. It reads what is there first, and changes
// what differs. In this order it
//
//   - creates the application from the template of non-gallery applications, if
//     Config.AppName names none, and its job for SCIM;
//   - makes Entra ID try the address, with ?aadOptscim062020, and the token;
//   - stores both, and leaves every other setting of the connection as it is;
//   - maps externalId from objectId, unless a setting of the connection names
//     another attribute, maps what the other settings name, and leaves one mapping
//     of a mail address: the service takes exactly one;
//   - assigns what Config.Assign names;
//   - starts the job.
//
// If the application pushed into another tenant, the job is paused first, and
// Entra ID forgets the SCIM IDs of everybody in scope, as [Client.Reconnect] does.
// That takes two requests per person. Then everybody is pushed anew.
//
// Settings of the sign-in, as entra-upn-claim, and of who is in scope, as
// entra-no-guests, aren't a job's: they stay a person's. A setting of another
// product is refused.
//
// Before the first write it refuses: an application of the gallery, one of another
// directory, several applications of the name, several jobs, a job that doesn't
// understand the flag, a setting that names an unknown attribute, and a token
// without a needed permission, where the token shows its permissions.
//
// Permissions: Application.ReadWrite.OwnedBy for a program that owns the
// application, or else Application.ReadWrite.All and Synchronization.ReadWrite.All.
// Assign needs AppRoleAssignment.ReadWrite.All and Application.Read.All.
// A replaced tenant needs User.Read.All and GroupMember.Read.All.
//
//	GET  /servicePrincipals
//	GET  /servicePrincipals/ID
//	POST /applicationTemplates/T/instantiate
//	GET  /servicePrincipals/ID/synchronization/jobs
//	GET  /servicePrincipals/ID/synchronization/jobs/JOB
//	GET  /servicePrincipals/ID/synchronization/templates
//	POST /servicePrincipals/ID/synchronization/jobs
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/validateCredentials
//	GET, PUT /servicePrincipals/ID/synchronization/secrets
//	GET, PUT /servicePrincipals/ID/synchronization/jobs/JOB/schema
//	GET, POST /servicePrincipals/ID/appRoleAssignedTo
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/start
func (c *Client) SetUp(ctx context.Context, conn idp.Connection) error {
	r, err := c.begin(ctx, "set up", conn.Token)
	if err != nil {
		return err
	}
	var l check.List
	base := address(&l, conn)
	want := wishes(conn.Settings, &l)
	if err := l.Err("entra: set up", ""); err != nil {
		return err
	}
	needs := []need{needReadApp, needReadJob, needJob}
	if len(c.cfg.Assign) > 0 {
		needs = append(needs, needScope, needAssign)
	}
	if err := r.precheck(ctx, needs...); err != nil {
		return err
	}
	a, j, err := r.makeBoth(ctx, want)
	if err != nil {
		return err
	}
	now, err := r.readSecrets(ctx, a)
	if err != nil {
		return err
	}
	if err := r.validate(ctx, a, j, base, conn.Token); err != nil {
		return err
	}
	had, flagged := now.baseURI()
	moved := had != "" && had != base
	if moved {
		if j, err = r.pause(ctx, a, j); err != nil {
			return err
		}
		// This comes before the new address is stored: an interrupted call
		// must see that it isn't done.
		if err := r.forgetAll(ctx, a, j, now); err != nil {
			return err
		}
	}
	if had != base || !flagged || now.text(keyToken) != conn.Token.Reveal() || r.cfg.NotifyEmail != "" || r.cfg.DeletionThreshold > 0 {
		if err := r.store(ctx, a, now, base, conn.Token); err != nil {
			return err
		}
	}
	if _, err := r.editSchema(ctx, a, j, want); err != nil {
		return err
	}
	if err := r.assign(ctx, a); err != nil {
		return err
	}
	return r.launch(ctx, a, j, moved)
}

// makeBoth finds or creates the application and its job. What is there is checked
// before anything is changed.
func (r *run) makeBoth(ctx context.Context, want []wish) (*app, *job, error) {
	a, err := r.findApp(ctx)
	if err != nil {
		return nil, nil, err
	}
	if a == nil {
		if err := r.precheck(ctx, needMakeApp); err != nil {
			return nil, nil, err
		}
		if a, err = r.makeApp(ctx); err != nil {
			return nil, nil, err
		}
	}
	j, err := r.findJob(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	if j == nil {
		j, err = r.makeJob(ctx, a)
		return a, j, err
	}
	s, err := r.readSchema(ctx, a, j)
	if err != nil {
		return nil, nil, err
	}
	if _, _, err := s.apply(want); err != nil {
		return nil, nil, r.state(j.resource(a)+"/schema", "nothing was changed", "%w", err)
	}
	return a, j, nil
}

// address checks the base URI and the token of a connection.
func address(l *check.List, conn idp.Connection) string {
	l.AddError("Token", paste.CheckToken(conn.Token.Reveal()))
	if err := paste.CheckURI(conn.BaseURI); err != nil {
		l.AddError("BaseURI", err)
		return ""
	}
	u, err := url.Parse(conn.BaseURI)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		l.Add("BaseURI", "must be a URI like https://iamscim.googleapis.com/v1alpha1/tenants/UID")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(conn.BaseURI, "#"):
		l.Add("BaseURI", "must not have a query or a fragment: ?%s is added to it", flag)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		l.Add("BaseURI", "must be https")
	}
	return strings.TrimRight(conn.BaseURI, "/")
}

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
