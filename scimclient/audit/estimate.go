package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

// Forecast is what an audit will cost.
type Forecast struct {
	TenantUID string
	Roster    Counts

	// MemberFilter reports whether the filter members eq "USER" works in this
	// tenant. Without it an audit needs one request per membership, and can't
	// find unexpected memberships.
	MemberFilter bool

	// Requests are the requests of a directory without differences: each
	// difference costs two or three more. The number of controls is a bound.
	Requests Cost

	PerMinute int           // the pace
	Duration  time.Duration // at the pace, without differences; one settle time more with some
	Spent     int           // requests of the estimate itself
}

// String says it in a sentence.
func (f *Forecast) String() string {
	how := "The member filter works: one request per user answers for all memberships."
	if !f.MemberFilter {
		how = "The member filter doesn't work here: each membership of the roster takes a request, and unexpected memberships can't be found."
	}
	return fmt.Sprintf("%s requests, %v at %s requests per minute. %s", number(f.Requests.Total()), f.Duration.Round(time.Second), number(f.PerMinute), how)
}

// Estimate says what [Run] with the same arguments costs, before hours are spent.
// It reads the roster once, asks the guard, and tries the member filter with
// controls from the roster: about ten requests.
//
//	GET /Users?count=1
//	GET /Users?filter=userName eq "..."
//	GET /Groups?filter=displayName eq "..."
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
//	GET /Groups?filter=members eq "USER"
func Estimate(ctx context.Context, client *scimclient.Client, roster idp.Roster, opts Options) (*Forecast, error) {
	opts.Checkpoint, opts.Resume, opts.Handle = "", false, nil
	a, err := prepare(client, roster, opts)
	if err != nil {
		return nil, err
	}
	chosen := a.sampled
	if a.sampled == nil {
		a.sampled = &selection{} // look groups up when they're needed
	}
	a.ctx = a.meter.contexts(ctx)
	if _, err := a.client.CheckAccess(a.ctx[forAccess]); err != nil {
		return nil, err
	}
	if err := a.tryFilter(); err != nil {
		return nil, err
	}
	a.sampled = chosen
	f := &Forecast{TenantUID: tenantUID(a.client), Roster: a.x.counts, MemberFilter: a.filter, PerMinute: a.opts.PerMinute, Spent: a.meter.total()}
	f.Requests = a.forecast()
	f.Requests.Controls = int(a.meter.sent[forControls].Load())
	f.Duration = time.Duration(float64(f.Requests.Total()) / float64(a.opts.PerMinute) * float64(time.Minute))
	return f, nil
}

// forecast counts the requests of an audit without controls and rechecks.
func (a *auditor) forecast() Cost {
	c := Cost{Access: 1}
	if a.sampled == nil {
		c.Groups, c.Leavers = len(a.x.group), a.x.counts.Leavers-len(a.x.conflicts)
	}
	var groups bits
	for i := range uint32(a.x.users.len()) {
		if a.x.skip.has(i) || !a.sampled.has(a.x.users.key(i)) {
			continue
		}
		c.Users++
		switch {
		case a.roster.Memberships == nil:
		case a.filter:
			c.Memberships++
		default:
			for _, g := range a.x.groupsOf(i) {
				c.Memberships++
				if a.sampled != nil && !groups.has(g) {
					groups.add(g)
					c.Groups++
				}
			}
		}
	}
	return c
}
