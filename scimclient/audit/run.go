package audit

import (
	"context"
	"errors"
	"maps"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

const (
	// workers is how many users are checked at a time: at the default pace
	// enough for replies that take a second.
	workers = 32

	saveInterval = 10 * time.Second
)

// Run compares the roster with the tenant that client is for. The result says
// what was proved; see [Result.Clean]. Findings go to [Options.Handle] as soon as
// they're certain.
//
//	GET /Users?filter=userName eq "..."
//	GET /Groups?filter=displayName eq "..."
//	GET /Groups?filter=members eq "USER"
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
//
// An error ends the audit early: a roster that is cut, a guard ([RefusedError]),
// a token that is rejected, the end of ctx. The messages end with a Failure then.
// With a Checkpoint the audit can be resumed.
func Run(ctx context.Context, client *scimclient.Client, roster idp.Roster, opts Options) (*Result, error) {
	a, err := prepare(client, roster, opts)
	if err != nil {
		return nil, err
	}
	result, err := a.run(ctx)
	if err != nil {
		f := Failure{Error: err.Error()}
		if a.saved {
			f.Checkpoint = a.opts.Checkpoint
		}
		return nil, errors.Join(err, a.opts.Handle(Message{Failure: &f}))
	}
	return result, nil
}

// auditor is one audit.
type auditor struct {
	client *scimclient.Client
	roster idp.Roster
	opts   Options
	x      *index
	waived []string

	meter    meter
	ctx      [purposes]context.Context
	filter   bool         // members eq "USER" works
	sampled  *selection   // the users of a sample, or nil
	answers  atomic.Bool  // some membership was found
	failures atomic.Int32 // requests that failed since one that didn't

	groupsMu sync.RWMutex
	groups   directory
	looking  [workers]chan struct{} // full while a sample looks up one of its groups

	mu      sync.Mutex // guards state, and the order of messages
	state   state
	old     []Finding // of the roster alone, before the first message
	saved   bool
	tasks   chan *task
	changed chan struct{} // a task ended
	running int           // tasks that workers have
	failure error
	cancel  context.CancelFunc
}

// state is what a checkpoint keeps.
type state struct {
	started  time.Time
	tried    bool // the member filter
	checked  Counts
	changed  int
	earlier  Cost // of the runs before
	findings []Finding
	counts   map[Code]int
	wrong    wrong
	finished int      // tasks that are done
	done     []uint64 // with a checkpoint: hashes of what is checked, those of earlier runs sorted
	resumed  int      // how many of them are of earlier runs
	waiting  []*task
	saveDue  time.Time

	resumedWaiting []uint64        // hashes of what an earlier run has waiting, sorted
	counted        map[string]int  // memberships, of users in groups that were missing
	late           map[string]bool // missing memberships of groups found late, by user and group
}

// task is a user, a group or a leaver to check.
type task struct {
	kind   kind
	index  uint32 // of a user or a group
	user   idp.User
	gone   bool      // of a leaver
	since  time.Time // of the last reading; zero before the first
	last   []Finding // of the last reading
	told   []Finding // reported
	rounds int
	late   bool // only groups that were found late count
}

type kind byte

const (
	aGroup  kind = 'g'
	aUser   kind = 'u'
	aLeaver kind = 'l'
)

func (t *task) key(x *index) string {
	if t.kind == aGroup {
		return x.group[t.index].Key
	}
	return t.user.Key
}

func (t *task) hash(x *index) uint64 { return stable(string(t.kind), t.key(x)) }

// prepare reads the roster and asks the guard. Nothing is sent.
func prepare(client *scimclient.Client, roster idp.Roster, opts Options) (*auditor, error) {
	if client == nil {
		return nil, errors.New("audit: the client is nil")
	}
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &auditor{roster: roster, opts: opts, tasks: make(chan *task), changed: make(chan struct{}, 1)}
	for i := range a.looking {
		a.looking[i] = make(chan struct{}, 1)
	}
	if a.client, err = client.Paced(opts.PerMinute); err != nil {
		return nil, err
	}
	a.x, err = read(roster, opts.Mapping, opts.Claims, func(f Finding) { a.old = append(a.old, f) })
	if err != nil {
		return nil, err
	}
	a.groups = directory{ids: make([]string, len(a.x.group)), byID: map[string]uint32{}, byName: a.x.byName}
	if a.waived, err = opts.Guard.check(tenantUID(client), a.x); err != nil {
		return nil, err
	}
	if opts.Sample != nil {
		if a.sampled, err = choose(*opts.Sample, a.x); err != nil {
			return nil, err
		}
	}
	a.state.started = time.Now()
	a.state.counts, a.state.counted, a.state.late = map[Code]int{}, map[string]int{}, map[string]bool{}
	a.state.wrong = wrong{attributes: map[string]bool{}, memberships: map[string]bool{}}
	if err := a.restore(); err != nil {
		return nil, err
	}
	return a, nil
}

// tenantUID is the last element of the base URI.
func tenantUID(c *scimclient.Client) string { return path.Base(c.BaseURI()) }

func (a *auditor) run(ctx context.Context) (*Result, error) {
	ctx, a.cancel = context.WithCancel(ctx)
	defer a.cancel()
	a.ctx = a.meter.contexts(ctx)
	if err := a.begin(); err != nil {
		return nil, err
	}
	if _, err := a.client.CheckAccess(a.ctx[forAccess]); err != nil {
		return nil, err
	}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for t := range a.tasks {
				a.process(t)
			}
		})
	}
	stopProgress := a.reportProgress(ctx, &group)
	err := a.dispatch(ctx)
	close(a.tasks)
	var heard *WitnessResult
	var witnessed []Finding
	if err == nil {
		heard, witnessed, err = a.hear(ctx)
	}
	stopProgress()
	group.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failure != nil {
		err = a.failure
	}
	for i := 0; i < len(witnessed) && err == nil; i++ {
		err = a.tell(witnessed[i])
	}
	if err == nil {
		err = a.opts.Guard.accept(tenantUID(a.client), a.x, time.Now())
	}
	if err != nil {
		return nil, errors.Join(err, a.save())
	}
	result := a.result()
	result.Witness = heard
	if err := a.opts.Handle(Message{Result: result}); err != nil {
		return nil, err
	}
	return result, a.discard()
}

// begin sends the first messages.
func (a *auditor) begin() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.opts.Handle(Message{Config: &Config{
		Version: Version, TenantUID: tenantUID(a.client), ClaimMapping: a.opts.Mapping.String(), RosterDigest: a.x.digest.String(), Roster: a.x.counts,
		PerMinute: a.opts.PerMinute, Settle: a.opts.Settle.String(), Sample: a.opts.Sample, Waived: a.waived,
		Started: a.state.started, Resumed: a.opts.Resume,
	}})
	if err != nil {
		return err
	}
	for _, f := range a.old {
		if err := a.tell(f); err != nil {
			return err
		}
	}
	a.old = nil
	a.state.saveDue = time.Now().Add(saveInterval)
	return a.save()
}

// tell reports a finding. The caller holds the lock.
func (a *auditor) tell(f Finding) error {
	a.state.counts[f.Code]++
	a.state.wrong.add(f)
	if a.isLate(f) {
		a.state.late[f.User+"\x00"+f.Group] = true
	}
	if a.opts.Checkpoint != "" {
		a.state.findings = append(a.state.findings, f)
	}
	return a.opts.Handle(Message{Finding: &f})
}

// stop ends the audit with an error.
func (a *auditor) stop(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failure == nil {
		a.failure = err
	}
	a.cancel()
}

func (a *auditor) result() *Result {
	r := &Result{
		TenantUID: tenantUID(a.client), ClaimMapping: a.opts.Mapping.String(), RosterDigest: a.x.digest.String(),
		Started: a.state.started, Ended: time.Now(), Roster: a.x.counts, Checked: a.state.checked, MemberFilter: a.filter,
		Findings: maps.Clone(a.state.counts), Changed: a.state.changed, Requests: a.meter.cost(a.state.earlier), Waived: a.waived,
	}
	for code, n := range r.Findings {
		if code.Severity() == Error {
			r.Errors += n
		}
	}
	for _, list := range []struct {
		name   string
		absent bool
	}{{"groups", a.roster.Groups == nil}, {"memberships", a.roster.Memberships == nil}, {"leavers", a.roster.Leavers == nil}} {
		if list.absent {
			r.Partial = append(r.Partial, list.name)
		}
	}
	if a.sampled != nil {
		r.Sample = a.sampled.result(a.state.wrong, a.roster.Memberships != nil)
	}
	return r
}
