package audit

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
)

// ErrCheckpoint: a checkpoint can't be resumed from, or one that would be
// overwritten is there.
var ErrCheckpoint = errors.New("audit: checkpoint")

// checkpointVersion is the version of the file.
const checkpointVersion = "iamscim-checkpoint/v1"

// checkpoint is the file of an interrupted audit.
type checkpoint struct {
	Version      string            `json:"version"`
	TenantUID    string            `json:"tenantUID"`
	ClaimMapping string            `json:"claimMapping"`
	RosterDigest string            `json:"rosterDigest"`
	Sample       *Sample           `json:"sample,omitempty"`
	Started      time.Time         `json:"started"`
	MemberFilter *bool             `json:"memberFilter,omitempty"` // nil: not tried
	Answers      bool              `json:"answers"`                // some membership was found
	Groups       map[string]string `json:"groups"`                 // ID by key
	Late         []string          `json:"late,omitempty"`         // groups found late, by key
	Counted      map[string]int    `json:"counted,omitempty"`      // memberships, of users in groups that were missing
	Checked      Counts            `json:"checked"`
	Changed      int               `json:"changed"`
	Requests     Cost              `json:"requests"`
	Findings     []Finding         `json:"findings"`
	Waiting      []waitingTask     `json:"waiting"`
	Done         []byte            `json:"done"` // hashes, 8 bytes each
}

// waitingTask is a task that is to be read again.
type waitingTask struct {
	Kind   string    `json:"kind"`
	Key    string    `json:"key"`
	User   *idp.User `json:"user,omitempty"`
	Gone   bool      `json:"gone,omitempty"`
	Since  time.Time `json:"since"`
	Last   []Finding `json:"last"`
	Told   []Finding `json:"told,omitempty"`
	Rounds int       `json:"rounds"`
	Late   bool      `json:"late,omitempty"`
}

// save writes the checkpoint. The caller holds the lock.
func (a *auditor) save() error {
	if a.opts.Checkpoint == "" {
		return nil
	}
	c := checkpoint{
		Version: checkpointVersion, TenantUID: tenantUID(a.client), ClaimMapping: a.opts.Mapping.String(), RosterDigest: a.x.digest.String(),
		Sample: a.opts.Sample, Started: a.state.started, Checked: a.state.checked, Changed: a.state.changed, Requests: a.meter.cost(a.state.earlier),
		Findings: a.state.findings, Counted: a.state.counted, Groups: map[string]string{},
	}
	if a.state.tried {
		c.MemberFilter = &a.filter
	}
	c.Answers = a.answers.Load()
	a.groupsMu.RLock()
	for i, id := range a.groups.ids {
		if id != "" {
			c.Groups[a.x.group[i].Key] = id
		}
		if a.groups.late.has(uint32(i)) {
			c.Late = append(c.Late, a.x.group[i].Key)
		}
	}
	a.groupsMu.RUnlock()
	for _, t := range a.state.waiting {
		w := waitingTask{Kind: string(t.kind), Key: t.key(a.x), Gone: t.gone, Since: t.since, Last: t.last, Told: t.told, Rounds: t.rounds, Late: t.late}
		if t.kind != aGroup {
			w.User = &t.user
		}
		c.Waiting = append(c.Waiting, w)
	}
	c.Done = make([]byte, 0, 8*len(a.state.done))
	for _, hash := range a.state.done {
		c.Done = binary.LittleEndian.AppendUint64(c.Done, hash)
	}
	text, err := json.Marshal(c)
	if err == nil {
		err = writeFile(a.opts.Checkpoint, text)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	a.saved = true
	return nil
}

// discard removes the checkpoint of an audit that ended.
func (a *auditor) discard() error {
	if !a.saved {
		return nil
	}
	if err := os.Remove(a.opts.Checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return nil
}

// restore reads the checkpoint to resume from.
func (a *auditor) restore() error {
	name := a.opts.Checkpoint
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	switch {
	case !a.opts.Resume && errors.Is(err, fs.ErrNotExist):
		return nil
	case !a.opts.Resume && err == nil:
		return fmt.Errorf("%w: %s is there: an audit was interrupted. Resume it or delete the file", ErrCheckpoint, name)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	var c checkpoint
	if err := json.Unmarshal(text, &c); err != nil || c.Version != checkpointVersion || len(c.Done)%8 != 0 {
		return fmt.Errorf("%w: %s isn't a checkpoint, or one of another version", ErrCheckpoint, name)
	}
	for _, same := range []struct{ what, was, is string }{
		{"tenant", c.TenantUID, tenantUID(a.client)},
		{"claim mapping", c.ClaimMapping, a.opts.Mapping.String()},
		{"roster", c.RosterDigest, a.x.digest.String()},
		{"sample", fmt.Sprint(c.Sample.text()), fmt.Sprint(a.opts.Sample.text())},
	} {
		if same.was != same.is {
			return fmt.Errorf("%w: %s is about another %s", ErrCheckpoint, name, same.what)
		}
	}
	s := &a.state
	s.started, s.checked, s.changed, s.earlier, s.counted = c.Started, c.Checked, c.Changed, c.Requests, c.Counted
	if s.counted == nil {
		s.counted = map[string]int{}
	}
	if c.MemberFilter != nil {
		s.tried, a.filter = true, *c.MemberFilter
	}
	a.answers.Store(c.Answers)
	for key, id := range c.Groups {
		if i, known := a.x.groups[key]; known {
			a.resolved(i, id)
		}
	}
	for _, key := range c.Late {
		if i, known := a.x.groups[key]; known {
			a.groups.late.add(i)
			a.groups.changed.add(i)
		}
	}
	for b := c.Done; len(b) > 0; b = b[8:] {
		s.done = append(s.done, binary.LittleEndian.Uint64(b))
	}
	s.finished = len(s.done)
	for _, w := range c.Waiting {
		if len(w.Kind) != 1 {
			return fmt.Errorf("%w: %s isn't a checkpoint, or one of another version", ErrCheckpoint, name)
		}
		t := &task{kind: kind(w.Kind[0]), gone: w.Gone, since: w.Since, last: w.Last, told: w.Told, rounds: w.Rounds, late: w.Late}
		known := true
		if t.kind == aGroup {
			t.index, known = a.x.groups[w.Key]
		} else if w.User != nil {
			t.user = *w.User
			t.index, known = a.x.users.find(w.Key)
			known = known || t.kind == aLeaver
		} else {
			known = false
		}
		if !known {
			return fmt.Errorf("%w: %s doesn't fit the roster", ErrCheckpoint, name)
		}
		s.waiting = append(s.waiting, t)
		a.state.resumedWaiting = append(a.state.resumedWaiting, t.hash(a.x))
	}
	s.resumed = s.finished
	slices.Sort(s.done)
	slices.Sort(s.resumedWaiting)
	// The findings so far, those of the roster alone among them, are told again.
	a.old = c.Findings
	a.saved = true
	return nil
}

// text makes samples comparable.
func (s *Sample) text() string {
	if s == nil {
		return "none"
	}
	return fmt.Sprintf("%d %v %d", s.Users, s.Confidence, s.Seed)
}

// writeFile replaces a file at once, so that a reader sees the old text or the
// new one, and nobody else can read it.
func writeFile(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
