package entra

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// summary is a line of the provisioning logs
// (https://learn.microsoft.com/graph/api/resources/provisioningobjectsummary).
type summary struct {
	ID    string    `json:"id"`
	Job   string    `json:"jobId"`
	Time  time.Time `json:"activityDateTime"`
	Began time.Time `json:"startDateTime"`
	provisioning
}

// Why returns the newest line of the provisioning logs about a user or a group: the
// step that decided, what Entra ID says and recommends, and the command or the page
// that mends it. The object is named by object ID, a user by user principal name as
// well. The zero Attempt says that the logs have no line.
//
// Entra ID keeps logs for 30 days with a P1 license, and for 7 days without. It allows
// 5 requests in 10 s. Why waits for its turn.
//
// Permissions: ProvisioningLog.Read.All, and what [Client.Status] needs.
//
//	GET /auditLogs/provisioning
func (c *Client) Why(ctx context.Context, object string) (*idp.Attempt, error) {
	r, err := c.begin(ctx, "why")
	if err != nil {
		return nil, err
	}
	if err := r.precheck(ctx, needReadApp, needReadJob, needLogs); err != nil {
		return nil, err
	}
	a, j, err := r.existing(ctx)
	if err != nil {
		return nil, err
	}
	id, err := r.userID(ctx, object)
	if err != nil {
		return nil, err
	}
	if err := r.reports.wait(ctx); err != nil {
		return nil, r.fail(call{resource: "auditLogs/provisioning"}, nil, err)
	}
	// The values of this filter are case-sensitive.
	filter := "jobId eq " + literal(j.ID) + " and sourceIdentity/id eq " + literal(id)
	newest, err := r.newest(ctx, j, id, filter)
	if errors.Is(err, iamscim.ErrInvalidArgument) {
		// Microsoft's pages have listed sourceIdentity/id, and don't now.
		newest, err = r.newest(ctx, j, id, "jobId eq "+literal(j.ID))
	}
	if err != nil || newest == nil {
		return &idp.Attempt{}, err
	}
	attempt := newest.attempt()
	attempt.Time, attempt.Key = newest.Time, id
	attempt.Mend = r.mend(a, attempt)
	return attempt, nil
}

const (
	logPage  = "50"
	logPages = 20 // without a filter by object
)

// newest returns the newest line about an object, nil if there is none.
func (r *run) newest(ctx context.Context, j *job, id, filter string) (*summary, error) {
	c := call{path: v1("auditLogs", "provisioning"), query: query("$filter", filter, "$orderby", "activityDateTime desc", "$top", logPage), resource: "auditLogs/provisioning", need: needLogs}
	for number := 1; ; number++ {
		var p page[*summary]
		c.into = &p
		if err := r.get(ctx, c); err != nil {
			return nil, err
		}
		if p.Value == nil {
			return nil, r.fail(c, iamscim.ErrBadReply, errors.New("the logs have no value"))
		}
		var newest *summary
		for _, line := range p.Value {
			if line == nil || line.Job != j.ID || !strings.EqualFold(line.Source.ID, id) {
				continue
			}
			if line.Time.IsZero() {
				line.Time = line.Began
			}
			if newest == nil || line.Time.After(newest.Time) {
				newest = line
			}
		}
		if newest != nil || p.Next == "" {
			return newest, nil
		}
		if !r.own(p.Next) || p.Next == c.link || number == logPages {
			e := r.fail(c, iamscim.ErrBadReply, errors.New("the logs go on without a line about the object"))
			e.Remedy = "look there: " + r.page(nil, "Provisioning > Provisioning logs")
			return nil, e
		}
		c.link = p.Next
		if err := r.reports.wait(ctx); err != nil {
			return nil, r.fail(c, nil, err)
		}
	}
}
