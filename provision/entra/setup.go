package entra

import (
	"context"
	"net/url"
	"strings"

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
// directory, one that provisions another service than the connection's host, several applications of the name, several jobs, a job that doesn't
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
	had, flagged := now.baseURI()
	moved := had != "" && had != base
	if moved && host(had) != host(base) {
		return r.state(a.resource(), "give another name in AppName, or another ServicePrincipalID", "the application provisions another service: %s", had)
	}
	if err := r.validate(ctx, a, j, base, conn.Token); err != nil {
		return err
	}
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
	if err := r.editSchema(ctx, a, j, want); err != nil {
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

// host is the name of a URI's host.
func host(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
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
