package entratest

import (
	"time"

	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// The reasons of a quarantine.
// https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationquarantine
const (
	reasonException  = "EncounteredQuarantineException"
	reasonProportion = "EncounteredEscrowProportionThreshold"
	reasonBase       = "EncounteredBaseEscrowThreshold"
	reasonTotal      = "EncounteredTotalEscrowThreshold"
	reasonDeletes    = "TooManyDeletes"
)

// escrow is an object that failed and is tried again.
type escrow struct {
	attempts  int
	reference bool
	next      time.Time
}

// referencesOf is the key of an object's references among the escrows.
func referencesOf(id string) string { return id + " references" }

// maxBackoff is the longest time between two attempts for an object.
const maxBackoff = 24 * time.Hour

// settle books what came of an object: a failure is tried again later.
func (r *run) settle(a *attempt, reference bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := a.id
	if reference {
		key = referencesOf(key)
	}
	if a.status != failure {
		delete(r.job.escrows, key)
		return
	}
	e := r.job.escrows[key]
	if e == nil {
		e = &escrow{reference: reference}
		r.job.escrows[key] = e
	}
	e.attempts++
	e.next = r.now.Add(min(interval<<min(e.attempts-1, 10), maxBackoff))
}

// waits reports whether an object that failed isn't tried yet.
func (r *run) waits(x *subject, reference bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := x.id
	if reference {
		key = referencesOf(key)
	}
	e := r.job.escrows[key]
	return e != nil && !r.initial && r.now.Before(e.next)
}

// threshold is the reason to put the job in quarantine for the objects that failed, or "".
func (r *run) threshold() (reason string, base, references int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.job.escrows {
		if e.reference {
			references++
		} else {
			base++
		}
	}
	c := r.cfg
	switch {
	case base > c.escrowBase:
		return reasonBase, base, references
	case base+references > c.escrowTotal:
		return reasonTotal, base, references
	// More than 40% of the objects that the job has to do with.
	case base >= c.escrowFrom && 10*base > 4*len(r.list):
		return reasonProportion, base, references
	}
	return "", base, references
}

// enter puts the job in quarantine, or keeps it there; r.mu is held.
func (r *run) enter(reason string, failed *push.Error) {
	q := r.job.quarantine
	if q == nil {
		q = &quarantine{began: r.now, series: r.now}
		r.job.quarantine = q
	}
	q.count++
	q.reason = reason
	q.code, q.message = reason, "The provisioning job is in quarantine."
	if failed != nil {
		q.code, q.message = credentialCode, failed.Reason
	}
	q.next = q.series.Add(retryAfter(r.now.Sub(q.series)))
	r.job.next = q.next
	if r.now.Sub(q.series) >= quarantineLimit {
		r.job.state = scheduleDisabled
	}
}

// quarantineLimit is when a job in quarantine is disabled.
// https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-quarantine-status
const quarantineLimit = 28 * 24 * time.Hour

// retryAfter is when the next attempt is, counted from the first failure: 6 hours, 12, 24, then daily.
func retryAfter(passed time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case passed < 6*time.Hour:
		return 6 * time.Hour
	case passed < 12*time.Hour:
		return 12 * time.Hour
	}
	return (passed/day + 1) * day
}
