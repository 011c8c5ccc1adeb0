package audit

import (
	"context"
	"net/http/httptrace"
	"sync/atomic"
)

// Cost counts requests by kind. Requests that the client repeats count each
// time.
type Cost struct {
	Access      int `json:"access"`      // GET /Users, once
	Controls    int `json:"controls"`    // to try the member filter
	Groups      int `json:"groups"`      // one per group
	Users       int `json:"users"`       // one per user
	Memberships int `json:"memberships"` // one per user, or one per membership of the roster
	Leavers     int `json:"leavers"`     // one per leaver
	Rechecks    int `json:"rechecks"`    // of what differed
}

// Total is the number of all requests.
func (c Cost) Total() int {
	return c.Access + c.Controls + c.Groups + c.Users + c.Memberships + c.Leavers + c.Rechecks
}

// purpose is the kind of a request.
type purpose int

const (
	forAccess purpose = iota
	forControls
	forGroups
	forUsers
	forMemberships
	forLeavers
	forRechecks
	purposes
)

// meter counts the requests that leave the process: the context of each kind of
// request counts what net/http writes.
type meter struct{ sent [purposes]atomic.Int64 }

// contexts returns a context for each purpose.
func (m *meter) contexts(ctx context.Context) (list [purposes]context.Context) {
	for p := range purposes {
		list[p] = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { m.sent[p].Add(1) }})
	}
	return list
}

func (m *meter) total() int {
	n := 0
	for p := range purposes {
		n += int(m.sent[p].Load())
	}
	return n
}

// cost returns what was sent, on top of what an earlier run sent.
func (m *meter) cost(earlier Cost) Cost {
	get := func(p purpose) int { return int(m.sent[p].Load()) }
	return Cost{
		Access: earlier.Access + get(forAccess), Controls: earlier.Controls + get(forControls), Groups: earlier.Groups + get(forGroups),
		Users: earlier.Users + get(forUsers), Memberships: earlier.Memberships + get(forMemberships),
		Leavers: earlier.Leavers + get(forLeavers), Rechecks: earlier.Rechecks + get(forRechecks),
	}
}
