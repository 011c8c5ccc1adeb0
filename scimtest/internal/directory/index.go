package directory

import (
	"hash/maphash"
	"maps"
	"slices"
)

// row is the place of a record in its store. 0 is none.
type row = uint32

// index finds the records that may have a key. It holds hashes in place
// of keys, which is a third of the memory, so what it finds has to be
// compared with the key once more.
type index struct {
	seed maphash.Seed
	one  map[uint64]row
	more map[uint64][]row // further rows of a hash that one has, ascending
}

func newIndex(seed maphash.Seed) index {
	return index{seed: seed, one: make(map[uint64]row), more: make(map[uint64][]row)}
}

func (x *index) hash(key string) uint64 { return maphash.String(x.seed, key) }

func (x *index) add(key string, r row) {
	h := x.hash(key)
	if _, ok := x.one[h]; !ok {
		x.one[h] = r
		return
	}
	list := x.more[h]
	i, _ := slices.BinarySearch(list, r)
	x.more[h] = slices.Insert(list, i, r)
}

func (x *index) remove(key string, r row) {
	h := x.hash(key)
	list := x.more[h]
	if x.one[h] != r {
		if i, ok := slices.BinarySearch(list, r); ok {
			x.keep(h, slices.Delete(list, i, i+1))
		}
		return
	}
	if len(list) == 0 {
		delete(x.one, h)
		return
	}
	last := len(list) - 1
	x.one[h] = list[last]
	x.keep(h, list[:last])
}

func (x *index) keep(h uint64, list []row) {
	if len(list) == 0 {
		delete(x.more, h)
		return
	}
	x.more[h] = list
}

// count tells how many rows find would yield.
func (x *index) count(key string) int {
	h := x.hash(key)
	if _, ok := x.one[h]; !ok {
		return 0
	}
	return 1 + len(x.more[h])
}

// find yields the rows that may have the key, in no order.
func (x *index) find(key string) func(yield func(row) bool) {
	return func(yield func(row) bool) {
		h := x.hash(key)
		r, ok := x.one[h]
		if !ok || !yield(r) {
			return
		}
		for _, r := range x.more[h] {
			if !yield(r) {
				return
			}
		}
	}
}

func (x *index) clone() index {
	c := index{seed: x.seed, one: maps.Clone(x.one), more: make(map[uint64][]row, len(x.more))}
	for h, list := range x.more {
		c.more[h] = slices.Clone(list)
	}
	return c
}
