package entratest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/iamscim/iamscim/provision/entratest/internal/mapping"
	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// maxAdvance bounds one call of Advance.
const maxAdvance = 366 * 24 * time.Hour

// Advance lets time pass and runs the cycles that become due, in order: 0 runs the first cycle of a job
// that was just started, and each 40 minutes are one more cycle of each active job. It returns when they
// have ended, or an error if ctx ends first. What failed in a cycle isn't an error: the job's status and
// the provisioning log have it.
func (s *Server) Advance(ctx context.Context, d time.Duration) error {
	if err := s.Err(); err != nil {
		return err
	}
	if d < 0 || d > maxAdvance {
		return fmt.Errorf("entratest: Advance(%v): want 0 to %v", d, maxAdvance)
	}
	s.cycles.Lock()
	defer s.cycles.Unlock()
	until := s.Now().Add(d)
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("entratest: Advance: %w", err)
		}
		r := s.due(until)
		if r == nil {
			return nil
		}
		r.do(ctx)
	}
}

// due begins the next cycle until a time. Without one it is that time, and due returns nil.
func (s *Server) due(until time.Time) *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first *job
	var of *app
	for _, a := range s.apps {
		for _, j := range a.jobs {
			if j.state == scheduleActive && !j.next.After(until) && (first == nil || j.next.Before(first.next)) {
				first, of = j, a
			}
		}
	}
	if first == nil {
		s.moveTo(until)
		return nil
	}
	s.moveTo(first.next)
	return s.begin(of, first)
}

// moveTo lets the time be t, unless it is later already. s.mu is held.
func (s *Server) moveTo(t time.Time) {
	if left := t.Sub(s.now()); left > 0 {
		s.ahead += left
	}
	s.people.purge(s.now())
}

// run is a cycle, or an object that is provisioned on demand.
type run struct {
	*Server
	app     *app
	job     *job
	id      string
	now     time.Time
	schema  *mapping.Schema
	secrets []pair
	target  *push.Target
	list    []*subject
	initial bool
	force   bool
	// skipOutOfScope: who leaves the scope stays.
	skipOutOfScope bool

	exported   int
	unanswered int // requests without a reply in a row
	broken     *push.Error
	held       bool
}

// begin takes a copy of what a cycle needs. s.mu is held.
func (s *Server) begin(a *app, j *job) *run {
	return &run{
		Server: s, app: a, job: j, id: s.newID(), now: s.now(), schema: j.schema, secrets: a.secrets, list: s.subjects(a, j),
		initial: j.initial, force: j.force, skipOutOfScope: value(a.secrets, "SkipOutOfScopeDeletions") == "True",
	}
}

// maxUnanswered is how many requests in a row may stay without a reply in one cycle.
const maxUnanswered = 5

// do runs the cycle.
func (r *run) do(ctx context.Context) {
	var err error
	if r.target, err = r.Server.target(r.secrets); err != nil {
		errors.As(err, &r.broken)
	}
	r.held = r.broken == nil && r.holdDeletions()
	for _, x := range r.list {
		if r.ended(ctx) {
			break
		}
		if r.held && r.deletes(x) || r.waits(x, false) {
			continue
		}
		if a := r.export(ctx, x); a != nil {
			r.book(a, false)
		}
	}
	for _, x := range r.list {
		if r.ended(ctx) {
			break
		}
		if r.waits(x, true) {
			continue
		}
		if a := r.references(ctx, x, nil); a != nil {
			r.book(a, true)
		}
	}
	r.finish(ctx.Err() != nil)
}

// ended reports whether the cycle can't go on.
func (r *run) ended(ctx context.Context) bool {
	if r.broken != nil || ctx.Err() != nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.job.state != scheduleActive
}

// entitled counts the objects that belong into the target.
func (r *run) entitled() int {
	n := 0
	for _, x := range r.list {
		if x.entitled() {
			n++
		}
	}
	return n
}

// book writes a row of the log, and counts.
func (r *run) book(a *attempt, reference bool) {
	r.log(a)
	if a.status == success {
		r.exported++
	}
	if a.failed == nil {
		r.unanswered = 0
		r.settle(a, reference)
		return
	}
	if a.failed.Code == push.CodeUnreachable {
		if r.unanswered++; r.unanswered < maxUnanswered {
			r.settle(a, reference)
			return
		}
	}
	if a.failed.Endpoint() || r.cfg.staleBreaks && a.failed.Code == push.CodeAnchor {
		r.broken = a.failed
		return
	}
	r.settle(a, reference)
}

// deletes reports whether an object of the cycle would be deleted or disabled.
func (r *run) deletes(x *subject) bool {
	l := r.link(x.id)
	return l != nil && (x.removed() || r.disables(x, l))
}

// holdDeletions applies the deletion threshold.
// https://learn.microsoft.com/entra/identity/app-provisioning/accidental-deletions
func (r *run) holdDeletions() bool {
	text := value(r.secrets, "SyncNotificationSettings")
	limits, err := readSettings(text)
	if text == "" || err != nil || !limits.DeleteThresholdEnabled || r.force {
		return false
	}
	var would []*subject
	for _, x := range r.list {
		if r.deletes(x) {
			would = append(would, x)
		}
	}
	if len(would) <= limits.DeleteThresholdValue {
		return false
	}
	for _, x := range would {
		a := &attempt{subject: x, action: "stagedDelete", target: r.link(x.id).id, at: r.now}
		a.imported()
		r.log(a.skipped("StagedDelete"))
	}
	return true
}

// forgetOthers drops what failed or was skipped before and isn't the cycle's business any more.
func (r *run) forgetOthers() {
	left := map[string]bool{}
	for _, x := range r.list {
		left[x.id], left[referencesOf(x.id)] = true, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.job.escrows, func(key string, _ *escrow) bool { return !left[key] })
	maps.DeleteFunc(r.job.skipped, func(id string, _ bool) bool { return !left[id] })
}

// finish writes the cycle into the job's status.
func (r *run) finish(interrupted bool) {
	r.forgetOthers()
	reason, base, references := r.threshold()
	r.mu.Lock()
	defer r.mu.Unlock()
	j := r.job
	s := &j.status
	e := execution{
		id: r.id, began: r.now, ended: r.Server.now(), state: "Succeeded", imported: len(r.list), entitled: r.entitled(),
		exported: r.exported, escrowed: base, escrowedReferences: references,
	}
	s.users, s.groups = 0, 0
	for _, l := range j.links {
		if l.kind == push.Users {
			s.users++
		} else {
			s.groups++
		}
	}
	switch {
	case interrupted || j.state != scheduleActive:
		return // the next cycle does it again
	case r.broken != nil:
		e.state, e.code, e.message = "Failed", credentialCode, r.broken.Reason
		s.failures++
		r.enter(reasonException, r.broken)
	case r.held:
		e.state, e.code = "Failed", reasonDeletes
		r.enter(reasonDeletes, nil)
	case reason != "":
		e.state, e.code = "Failed", reason
		s.failures++
		r.enter(reason, nil)
	default:
		j.quarantine, j.next, j.force = nil, r.now.Add(interval), false
		s.failures = 0
		if base+references > 0 {
			e.state = "EntryLevelErrors"
		}
		if s.steadyFirst.IsZero() {
			s.steadyFirst = r.now
		}
		s.steadyLast, s.lastSuccess = r.now, e
		if r.exported > 0 {
			s.lastExport = e
		}
	}
	j.initial = j.initial && e.state == "Failed" && !r.held
	s.last = e
	r.cfg.logger.Info("cycle", "job", j.id, "initial", r.initial, "state", e.state, "code", e.code, "exported", e.exported, "escrowed", base+references)
}
