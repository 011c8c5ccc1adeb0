package scimtoken

import (
	"slices"
	"time"

	"github.com/iamscim/iamscim/scimtenant"
)

// A record is what a [TokenStore] keeps: which tokens of a tenant this package
// is responsible for, and in which role. It is the only thing that decides which
// token is in use and which tokens may be deleted.
//
// Values are never changed in place. Each method below returns the next record,
// and a call that has swapped it in goes on from there:
//
//   - reserve, before a token is created
//   - keep, before anything depends on its secret
//   - markHandedOver, before the identity provider may get it
//   - promote, after the identity provider got it
//   - drop, after the predecessor is gone
//
// Only what is in Retire is deleted. A name gets there by the swap that takes it
// out of Current or Next, and it never returns to one of them.
type record struct {
	Tenant    scimtenant.Name
	TenantUID string

	// Revision counts the swaps, so that no two records are equal.
	Revision int64

	// Current is the token in use. Its secret is zero if somebody else made
	// the token and nobody told this package its secret.
	Current held

	// Next is the token that replaces Current: reserved (a name), kept (a
	// secret too), handed over.
	Next       held
	HandedOver bool

	// Retire are the tokens to delete.
	Retire []retired

	Lease lease
}

// held is a token in a slot of the record.
type held struct {
	Name   Name
	Secret Secret
}

// retired is a token that has left its slot.
type retired struct {
	Name Name

	// Since is when it left the slot, by the service's clock.
	Since time.Time

	// Predecessor: it was the Current token, and the rotation that replaced
	// it isn't complete until it is gone.
	Predecessor bool
}

// lease says who made the last swap. While Until is ahead, others keep away out
// of courtesy. The swaps are what keeps the record consistent.
type lease struct {
	Holder string // host, process and a random text, unique for each call
	Since  time.Time
	Until  time.Time // zero once the holder has returned
}

func (r record) reserve(name Name, now time.Time) record {
	return r.retire(r.Next, false, now).setNext(held{Name: name})
}

func (r record) keep(secret Secret) record {
	r.Next.Secret = secret
	return r
}

func (r record) markHandedOver() record {
	r.HandedOver = true
	return r
}

func (r record) promote(now time.Time) record {
	next := r.Next
	r = r.retire(r.Current, true, now).setNext(held{})
	r.Current = next
	return r
}

// drop removes names from Retire. A predecessor in absent stays there, but no
// longer holds up the next rotation.
func (r record) drop(gone, absent []Name) record {
	kept := make([]retired, 0, len(r.Retire))
	for _, x := range r.Retire {
		if slices.Contains(gone, x.Name) {
			continue
		}
		x.Predecessor = x.Predecessor && !slices.Contains(absent, x.Name)
		kept = append(kept, x)
	}
	r.Retire = kept
	return r
}

func (r record) setNext(next held) record {
	r.Next, r.HandedOver = next, false
	return r
}

func (r record) retire(h held, predecessor bool, now time.Time) record {
	if !h.Name.IsZero() {
		// Clipped, so that the append never writes into another record.
		r.Retire = append(slices.Clip(r.Retire), retired{Name: h.Name, Since: now, Predecessor: predecessor})
	}
	return r
}

// predecessor is the token with a rotation that isn't complete, or the zero Name.
func (r record) predecessor() Name {
	for _, x := range r.Retire {
		if x.Predecessor {
			return x.Name
		}
	}
	return Name{}
}

// live is the token that the identity provider is to have: the one that may
// have been handed over last.
func (r record) live() held {
	if r.HandedOver {
		return r.Next
	}
	return r.Current
}

// inSlot reports whether a name is in use or about to be.
func (r record) inSlot(name Name) bool { return name == r.Current.Name || name == r.Next.Name }

// retiring reports whether a name is to be deleted.
func (r record) retiring(name Name) bool {
	return slices.ContainsFunc(r.Retire, func(x retired) bool { return x.Name == name })
}

// knows reports whether the record has a name in any role.
func (r record) knows(name Name) bool { return r.inSlot(name) || r.retiring(name) }

// slots names the tokens of the record, for messages.
func (r record) slots() string {
	switch {
	case r.Current.Name.IsZero() && r.Next.Name.IsZero():
		return "none"
	case r.Next.Name.IsZero():
		return r.Current.Name.ID()
	case r.Current.Name.IsZero():
		return r.Next.Name.ID()
	}
	return r.Current.Name.ID() + " and " + r.Next.Name.ID()
}
