package scimtoken

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtenant"
)

// The explorer walks through every state that a few callers of Rotate can reach
// together, whatever order their steps take and wherever they crash. It knows
// the record with its real transitions, the tokens that exist and the token
// that the identity provider has; everything else is left out. There is no
// lease: every caller takes over at once, which is the worst case.

// place is where a caller is.
type place int

const (
	loading   place = iota
	taking          // the first swap
	cleaning        // deletes what was abandoned
	creating        // sends the create
	keeping         // swaps the secret in
	marking         // has verified, swaps handedOver in
	cutting         // in its cutover, before the identity provider has the token
	promoting       // in its cutover after that, and the swap that follows
	retiring        // deletes what the record retires
	dropping        // the last swap
	disposing       // has lost: deletes what it made
	looking         // has lost after a cutover: reads what the identity provider should have
	repairing       // hands that over, before the identity provider has it
	succeeded
	lost
	failed
)

// caller is one call of Rotate.
type caller struct {
	at    place
	fresh bool   // its record is the one in the store
	known record // as it last read or wrote it
	made  Name   // reserved by this call
	gave  Name   // handed over, or about to be, by this call
}

// situation is a state of the whole.
type situation struct {
	store   record
	tokens  []token // in the order of creation
	idp     Name
	callers []caller
	names   int    // reserved so far
	crashes int    // that may still happen
	late    []Name // creates that are on their way although their caller died
	wins    string // the tokens whose rotation was reported a success
}

type token struct {
	name   Name
	active bool
}

func (s situation) key() string {
	var b strings.Builder
	fmt.Fprint(&b, short(s.store), " idp=", s.idp.ID(), " ", s.names, s.crashes, s.wins)
	for _, t := range s.tokens {
		fmt.Fprint(&b, " ", t.name.ID(), t.active)
	}
	for _, name := range s.late {
		fmt.Fprint(&b, " late=", name.ID())
	}
	for _, c := range s.callers {
		fmt.Fprint(&b, "|", c.at, c.fresh, c.made.ID(), c.gave.ID())
		if !c.fresh {
			fmt.Fprint(&b, short(c.known)) // it still deletes by it
		}
	}
	return b.String()
}

func short(r record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "C=%s N=%s/%t/%t", r.Current.Name.ID(), r.Next.Name.ID(), r.Next.Secret.IsZero(), r.HandedOver)
	for _, x := range r.Retire {
		fmt.Fprintf(&b, " R=%s/%t", x.Name.ID(), x.Predecessor)
	}
	return b.String()
}

func (s situation) clone() situation {
	s.tokens, s.callers, s.late = slices.Clone(s.tokens), slices.Clone(s.callers), slices.Clone(s.late)
	return s
}

func (s *situation) active(name Name) bool {
	return slices.ContainsFunc(s.tokens, func(t token) bool { return t.name == name && t.active })
}

func (s *situation) actives() (n int) {
	for _, t := range s.tokens {
		if t.active {
			n++
		}
	}
	return n
}

func (s *situation) delete(name Name) (gone bool) {
	for i, t := range s.tokens {
		if t.name == name {
			s.tokens[i].active = false
			return true
		}
	}
	return false
}

// swap is the compare-and-swap of caller i at a place.
func (x *explorer) swap(s *situation, i int, at place, next record) bool {
	if !s.callers[i].fresh && at != x.without {
		return false
	}
	for j := range s.callers {
		s.callers[j].fresh = j == i
	}
	s.store, s.callers[i].known = next, next
	return true
}

// lose is what a caller does whose swap failed: it reads the record back, and
// deletes what it made unless a slot names it or it was handed over.
func (x *explorer) lose(s *situation, i int) {
	c := &s.callers[i]
	c.at = lost
	if !c.made.IsZero() && c.gave.IsZero() && (!s.store.inSlot(c.made) || x.without == disposing) {
		c.at = disposing
	}
}

var epoch = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)

// step lets caller i take its next step. ok is false if it has none.
func (x *explorer) step(s situation, i int) (_ situation, ok bool) {
	s = s.clone()
	c := &s.callers[i]
	switch c.at {
	case loading:
		c.known, c.fresh, c.at = s.store, true, taking
	case taking:
		next := c.known
		switch {
		case !next.predecessor().IsZero():
			c.at = retiring
		case !next.Next.Secret.IsZero():
			c.at = marking
		default:
			s.names++
			c.made = x.name(s.names)
			next, c.at = next.reserve(c.made, epoch), cleaning
		}
		if !x.swap(&s, i, taking, next) {
			c.made, c.at = Name{}, lost // it never held the record
		}
	case cleaning:
		for _, r := range c.known.Retire {
			x.mayDelete(s, r.Name)
			s.delete(r.Name)
		}
		c.at = creating
	case creating:
		switch {
		case s.actives() < 2:
			s.tokens = append(s.tokens, token{c.made, true})
			c.at = keeping
		case slices.ContainsFunc(c.known.Retire, func(r retired) bool { return s.active(r.Name) }):
			c.at = cleaning // a late create filled the tenant
		default:
			c.at = failed
		}
	case keeping:
		if c.at = marking; !x.swap(&s, i, keeping, c.known.keep(iamscim.NewSecret("s"))) {
			x.lose(&s, i)
		}
	case marking:
		if c.at = cutting; !x.swap(&s, i, marking, c.known.markHandedOver()) {
			x.lose(&s, i)
			break
		}
		c.gave = c.known.Next.Name
	case cutting:
		s.idp = c.gave
		c.at = promoting
	case promoting:
		if c.at = retiring; !x.swap(&s, i, promoting, c.known.promote(epoch)) {
			if c.at = looking; x.without == looking {
				c.at = lost
			}
		}
	case looking:
		if want := s.store.live().Name; want == c.gave {
			c.at = lost
		} else {
			c.gave, c.at = want, repairing
		}
	case repairing:
		s.idp = c.gave
		c.at = looking
	case retiring:
		for _, r := range c.known.Retire {
			x.mayDelete(s, r.Name)
			s.delete(r.Name)
		}
		c.at = dropping
	case dropping:
		var gone []Name
		for _, t := range s.tokens {
			if !t.active {
				gone = append(gone, t.name)
			}
		}
		won := c.known.Current.Name.ID()
		if !x.swap(&s, i, dropping, c.known.drop(gone, nil)) {
			c.at = lost
			break
		}
		c.at = succeeded
		if strings.Contains(s.wins, won) {
			x.fault(s, "two callers report the rotation to "+won)
		}
		s.wins += won + " "
	case disposing:
		x.mayDelete(s, c.made)
		s.delete(c.made)
		c.at = lost
	default:
		return s, false
	}
	return s, true
}

// crash kills caller i, whose create may still be on its way. The same caller
// runs again.
func (s situation) crash(i int) []situation {
	if s.crashes == 0 || s.callers[i].at >= succeeded || s.callers[i].at == loading {
		return nil
	}
	dead := s.clone()
	dead.crashes--
	was := dead.callers[i]
	dead.callers[i] = caller{}
	if was.at != creating {
		return []situation{dead}
	}
	sent := dead.clone()
	sent.late = append(sent.late, was.made)
	return []situation{dead, sent}
}

// arrive lets the create on its way with number i arrive.
func (s situation) arrive(i int) situation {
	s = s.clone()
	name := s.late[i]
	s.late = slices.Delete(s.late, i, i+1)
	if s.actives() < 2 {
		s.tokens = append(s.tokens, token{name, true})
	}
	return s
}

type explorer struct {
	t       *testing.T
	tenant  scimtenant.Name
	without place // a check that is left out: the version check of a swap, or a read-back

	seen    map[string]bool
	wrong   string // the first fault
	rest    int    // states in which nobody has a step left
	moments int    // states in which the token in use is dead
	outcome map[place]int
}

func (x *explorer) name(n int) Name {
	name, err := NewName(x.tenant, fmt.Sprintf("next%d", n))
	if err != nil {
		x.t.Fatal(err)
	}
	return name
}

func (x *explorer) fault(s situation, text string) {
	if x.wrong == "" {
		x.wrong = text + "\nin " + s.key()
	}
}

// mayDelete holds whenever a token is deleted.
func (x *explorer) mayDelete(s situation, name Name) {
	if s.store.inSlot(name) {
		x.fault(s, name.ID()+" is deleted and the record has it in a slot")
	}
}

// check holds in every state.
func (x *explorer) check(s situation, more bool) {
	if !s.active(s.idp) {
		x.moments++
		// Only a caller that was overtaken in its cutover can do that, and it
		// repairs it.
		if !slices.ContainsFunc(s.callers, func(c caller) bool {
			return !c.fresh && (c.at == promoting || c.at == looking || c.at == repairing)
		}) {
			x.fault(s, "the identity provider uses "+s.idp.ID()+", which is dead")
		}
	}
	if more {
		return
	}
	x.rest++
	for _, c := range s.callers {
		x.outcome[c.at]++
	}
	if live := s.store.live().Name; s.idp != live {
		x.fault(s, "at rest the identity provider uses "+s.idp.ID()+" and the record says "+live.ID())
	}
	for _, t := range s.tokens {
		if t.active && !s.store.knows(t.name) {
			x.fault(s, "at rest nobody knows "+t.name.ID())
		}
	}
}

// explore returns the number of states.
func (x *explorer) explore(callers, crashes int) int {
	x.seen, x.outcome = map[string]bool{}, map[place]int{}
	first := x.name(0)
	start := situation{
		store:  record{Tenant: x.tenant, TenantUID: "uid", Current: held{Name: first, Secret: iamscim.NewSecret("s")}},
		tokens: []token{{first, true}}, idp: first,
		callers: make([]caller, callers), crashes: crashes,
	}
	todo := []situation{start}
	x.seen[start.key()] = true
	for len(todo) > 0 && x.wrong == "" {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		var next []situation
		for i := range s.callers {
			if n, ok := x.step(s, i); ok {
				next = append(next, n)
			}
			next = append(next, s.crash(i)...)
		}
		for i := range s.late {
			next = append(next, s.arrive(i))
		}
		x.check(s, len(next) > 0)
		for _, n := range next {
			if key := n.key(); !x.seen[key] {
				x.seen[key] = true
				todo = append(todo, n)
			}
		}
	}
	return len(x.seen)
}

func newExplorer(t *testing.T) *explorer {
	t.Helper()
	tenant, err := scimtenant.ParseName("locations/global/workforcePools/acme-pool/providers/entra/scimTenants/main")
	if err != nil {
		t.Fatal(err)
	}
	return &explorer{t: t, tenant: tenant, without: -1}
}

// TestExploreRecord: whatever callers do and wherever they die, the token of
// the identity provider lives at rest, and dies for a moment only while a caller
// is overtaken in its cutover. At most one caller reports a rotation.
func TestExploreRecord(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ callers, crashes int }{{1, 2}, {2, 0}, {2, 1}, {2, 2}, {3, 0}} {
		t.Run(fmt.Sprintf("%d callers, %d crashes", tt.callers, tt.crashes), func(t *testing.T) {
			t.Parallel()
			x := newExplorer(t)
			states := x.explore(tt.callers, tt.crashes)
			t.Logf("%d states, %d at rest; in %d the token in use is dead for a moment; ends: %d successes, %d lost, %d failed",
				states, x.rest, x.moments, x.outcome[succeeded], x.outcome[lost], x.outcome[failed])
			if x.wrong != "" {
				t.Error(x.wrong)
			}
			if states < 20 || x.rest == 0 || x.outcome[succeeded] == 0 {
				t.Errorf("the explorer saw %d states and %d ends", states, x.rest)
			}
		})
	}
}

// TestExploreWithout: the explorer finds a fault when a swap goes without its
// version check, or a caller that has lost without reading the record back.
func TestExploreWithout(t *testing.T) {
	t.Parallel()
	for without, name := range map[place]string{
		taking: "the version check of the first swap", keeping: "the version check of the swap that stores the secret",
		marking: "the version check of the swap before the cutover", promoting: "the version check of the swap after the cutover",
		dropping: "the version check of the last swap", disposing: "the read-back before a deletion", looking: "the read-back after the cutover",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExplorer(t)
			x.without = without
			if x.explore(3, 0); x.wrong == "" {
				x.explore(2, 1)
			}
			if x.wrong == "" {
				t.Error("the explorer found no fault")
			}
			t.Log(x.wrong)
		})
	}
}
