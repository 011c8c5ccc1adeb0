package provision

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/retry"
)

// DoctorRequest says what to examine. Spec.Provider is required.
type DoctorRequest struct {
	// Spec is the set-up. What it leaves out isn't looked at: without a Store
	// nobody can ask the SCIM service, and without an IdentityProvider its half
	// isn't seen.
	Spec Spec

	// Organization is the number of the organization that the pool must be in.
	// "" accepts any.
	Organization string

	// Suppress are findings that nobody wants to see. They are counted.
	Suppress []Suppression

	// Thresholds say when something takes too long.
	Thresholds Thresholds

	// Wait repeats the examination, at the pace of the retry policy, until the
	// report is healthy or ctx ends.
	Wait bool

	// OnReport is called with each report that isn't the last one, with Wait.
	OnReport func(*Report)
}

// Suppression leaves findings out of a report: those of a code, those of a
// resource, or with both those of the code about the resource.
type Suppression struct {
	Code     Code   `json:"code,omitempty"`
	Resource string `json:"resource,omitempty"` // as in the finding
}

// Thresholds say how long something may take. 0 is the default.
type Thresholds struct {
	// TokenAge is how old a token may be. The default is 90 days. It's known of
	// tokens that this module made.
	TokenAge time.Duration

	// TwoTokens is how long there may be two tokens. The default is 24 hours.
	TwoTokens time.Duration

	// LastSuccess is how long ago the newest cycle of the identity provider may
	// have ended. The default is 3 hours: Microsoft Entra ID has one every 40
	// minutes.
	LastSuccess time.Duration
}

func (t Thresholds) withDefaults() Thresholds {
	for field, standard := range map[*time.Duration]time.Duration{&t.TokenAge: 90 * 24 * time.Hour, &t.TwoTokens: 24 * time.Hour, &t.LastSuccess: 3 * time.Hour} {
		if *field == 0 {
			*field = standard
		}
	}
	return t
}

// validate returns every fault of the request.
func (r DoctorRequest) validate() error {
	const op = "provision: doctor"
	if err := r.Spec.Validate(); err != nil {
		return err
	}
	var l check.List
	if strings.Trim(r.Organization, "0123456789") != "" {
		l.Add("Organization", "must be the organization's number, as in 123456789012, is %q", r.Organization)
	}
	for i, s := range r.Suppress {
		switch {
		case s == Suppression{}:
			l.Add(fmt.Sprintf("Suppress[%d]", i), "must have a code or a resource")
		case s.Code != "" && s.Code.Title() == "":
			l.Add(fmt.Sprintf("Suppress[%d].Code", i), "%q isn't a code", s.Code)
		}
	}
	for _, t := range []struct {
		name  string
		value time.Duration
	}{{"TokenAge", r.Thresholds.TokenAge}, {"TwoTokens", r.Thresholds.TwoTokens}, {"LastSuccess", r.Thresholds.LastSuccess}} {
		if t.value < 0 {
			l.Add("Thresholds."+t.name, "must not be negative")
		}
	}
	return l.Err(op, r.Spec.Provider.String())
}

// Doctor examines a set-up and says what is wrong with it, with the next command
// for each finding. It only reads, and repeats nothing unless the request says
// Wait. What it doesn't know is in the report's NotSearched.
//
//	GET /v1/locations/LOCATION/workforcePools/POOL
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants
//	GET /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT/tokens
//	POST /v1/locations/LOCATION/workforcePools/POOL:testIamPermissions
//	POST /v1/locations/LOCATION/workforcePools/POOL/providers/PROVIDER/scimTenants/TENANT:testIamPermissions
//	POST /v3/organizations/ORGANIZATION:getIamPolicy
//	POST /v3/organizations/ORGANIZATION:testIamPermissions
//	POST /v1/organizations/ORGANIZATION:getEffectiveOrgPolicy
//
// With the stored token it also asks the SCIM service for users, groups and
// memberships, and for what [Ready] names. With at most 10 providers in the pool,
// and without Ready, that is at most 25 requests in at most 4 round trips.
//
// Errors: those of [Spec.Validate], [iamscim.ErrInvalidArgument] for the rest of
// the request, and that of ctx. With Wait, the last report comes with ctx's error.
func (c *Clients) Doctor(ctx context.Context, req DoctorRequest) (*Report, error) {
	if err := gapi.Ready(ctx, "provision: doctor", req.Spec.Provider.String()); err != nil {
		return nil, err
	}
	if err := req.validate(); err != nil {
		return nil, err
	}
	if !req.Wait {
		return c.doctorOnce(ctx, req)
	}
	policy := c.cfg.retry
	policy.Budget, policy.MaxAttempts = math.MaxInt64, 0
	var last *Report
	_, err := retry.Do(ctx, policy, func() (retry.Verdict, error) {
		report, err := c.doctorOnce(ctx, req)
		if err != nil {
			return retry.Verdict{}, err
		}
		if last != nil && req.OnReport != nil {
			req.OnReport(last)
		}
		last = report
		if report.Healthy() {
			return retry.Verdict{}, nil
		}
		return retry.Verdict{Again: true}, fmt.Errorf("provision: doctor %s: %s", req.Spec.Provider, report.Summary())
	})
	return last, err
}

func (c *Clients) doctorOnce(ctx context.Context, req DoctorRequest) (*Report, error) {
	spec := req.Spec.withDefaults()
	x := &exam{}
	d := &examiner{
		req: req, spec: spec, limits: req.Thresholds.withDefaults(),
		w: c.once.observeAll(ctx, spec, x), x: x, missing: map[string][]string{},
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("provision: doctor %s: %w", spec.Provider, err)
	}
	return d.report(), nil
}

// examiner makes a report from what was read. It reads nothing.
type examiner struct {
	req    DoctorRequest
	spec   Spec
	limits Thresholds
	w      *world
	x      *exam
	p      *planner // judges the claim mapping

	findings    []Finding
	notSearched []string
	missing     map[string][]string // permissions that the caller lacks, by resource
	silent      map[string]error    // services that didn't answer
}

// checks are independent of each other: each looks at what was read, and adds what
// it finds. Those of below aren't made for a pool that is soft-deleted: what can be
// read below one isn't documented, and nothing there is of use.
var (
	checks = []func(*examiner){(*examiner).pool, (*examiner).half}
	below  = []func(*examiner){
		(*examiner).provider, (*examiner).tenant, (*examiner).mapping, (*examiner).tokens, (*examiner).store, (*examiner).role,
		(*examiner).access, (*examiner).directory, (*examiner).usage,
	}
)

func (d *examiner) report() *Report {
	d.p = &planner{spec: d.spec, w: d.w, steps: map[Kind]Step{}}
	d.silent = map[string]error{}
	all := append(slices.Clone(checks), below...)
	if p := d.w.pool.value; p != nil && p.State == iamscim.StateDeleted {
		d.skip("everything below the pool: it's soft-deleted")
		all = checks
	}
	for _, check := range all {
		check(d)
	}
	d.caller()
	d.answers()
	r := &Report{Version: reportVersion, Time: d.w.now.UTC().Truncate(time.Second), Provider: d.spec.Provider, NotSearched: d.notSearched}
	r.Organization, _ = d.w.agent()
	if t := d.w.tenant.value; t != nil {
		r.Tenant = t.Name
	}
	for _, f := range d.findings {
		if d.suppressed(f) {
			r.Suppressed++
			continue
		}
		r.Findings = append(r.Findings, f)
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		order := Severities()
		if a.Severity != b.Severity {
			return slices.Index(order, a.Severity) - slices.Index(order, b.Severity)
		}
		return strings.Compare(string(a.Code), string(b.Code))
	})
	return r
}

func (d *examiner) suppressed(f Finding) bool {
	return slices.ContainsFunc(d.req.Suppress, func(s Suppression) bool {
		return (s.Code == "" || s.Code == f.Code) && (s.Resource == "" || s.Resource == f.Resource)
	})
}

// add notes a finding. next is a command, or what to do in a console.
func (d *examiner) add(code Code, resource, next, evidence string, args ...any) {
	d.findings = append(d.findings, Finding{
		Code: code, Severity: code.Severity(), Resource: resource, Next: next,
		Evidence: strings.Join(strings.Fields(fmt.Sprintf(evidence, args...)), " "),
	})
}

// skip notes what wasn't searched.
func (d *examiner) skip(format string, args ...any) {
	d.notSearched = append(d.notSearched, strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " "))
}

// The services of the control plane.
const (
	serviceIAM = "IAM"
	serviceCRM = "Resource Manager"
)

// unread notes why a read failed, and reports whether it did. A missing permission
// and a service that doesn't answer become one finding each, at the end.
func (d *examiner) unread(service, resource, permission string, err error) bool {
	switch {
	case err == nil:
		return false
	case errors.Is(err, iamscim.ErrPermissionDenied):
		d.lacks(resource, permission)
	default:
		if d.silent[service] == nil {
			d.silent[service] = err
		}
	}
	return true
}

// lacks notes a permission that the caller doesn't have.
func (d *examiner) lacks(resource string, permissions ...string) {
	for _, p := range permissions {
		if !slices.Contains(d.missing[resource], p) {
			d.missing[resource] = append(d.missing[resource], p)
		}
	}
}
