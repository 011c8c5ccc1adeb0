package claimmap

import (
	"hash/maphash"
	"math/bits"
	"slices"
	"unicode"
	"unicode/utf8"
)

// hasher makes 64-bit hashes of values, equal for values that are the same. Its
// seed is its own, so that nobody can prepare values that collide.
type hasher struct {
	seed   maphash.Seed
	buffer []byte
}

func newHasher() *hasher {
	return &hasher{seed: maphash.MakeSeed(), buffer: make([]byte, 0, 256)}
}

func (h *hasher) hash(value string, same sameness) uint64 {
	switch same {
	case lowered:
		if hasUpper(value) {
			return maphash.Bytes(h.seed, h.lower(value))
		}
	case folded:
		switch upper, foreign := letters(value); {
		case foreign:
			return maphash.Bytes(h.seed, h.fold(value))
		case upper:
			return maphash.Bytes(h.seed, h.lower(value))
		}
	}
	return maphash.String(h.seed, value)
}

func (h *hasher) lower(value string) []byte {
	h.buffer = appendLower(h.buffer[:0], value)
	return h.buffer
}

// fold writes one character for all that are equal without regard to case, as
// strings.EqualFold understands it: a lower-case letter of ASCII if one is
// among them (k for the Kelvin sign), so that fold and lower agree, else the
// first.
func (h *hasher) fold(value string) []byte {
	h.buffer = h.buffer[:0]
	for _, r := range value {
		first := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			first = min(first, next)
		}
		if 'A' <= first && first <= 'Z' {
			first += 'a' - 'A'
		}
		h.buffer = utf8.AppendRune(h.buffer, first)
	}
	return h.buffer
}

// hashSet collects hashes and then finds those that were added twice. They are
// spread over parts by their highest bits, so that each part is looked through
// within the processor's cache; the parts grow by chunks, so that growing copies
// nothing and at most a chunk a part is unused.
type hashSet struct {
	parts []part
}

type part struct {
	last   []uint64
	chunks [][]uint64 // full ones
}

const (
	partBits  = 8
	chunkSize = 512
)

func (s *hashSet) add(hash uint64) {
	if s.parts == nil {
		s.parts = make([]part, 1<<partBits)
	}
	p := &s.parts[hash>>(64-partBits)]
	if len(p.last) == cap(p.last) {
		p.grow()
	}
	p.last = append(p.last, hash)
}

// grow makes room in p: the first chunks are small, for small directories.
func (p *part) grow() {
	size := 8
	if p.last != nil {
		p.chunks = append(p.chunks, p.last)
		size = min(2*cap(p.last), chunkSize)
	}
	p.last = make([]uint64, 0, size)
}

func (p *part) len() int {
	n := len(p.last)
	for _, chunk := range p.chunks {
		n += len(chunk)
	}
	return n
}

// duplicates returns the hashes that were added more than once, each once, and
// empties the set.
func (s *hashSet) duplicates() []uint64 {
	var found, table []uint64
	for i := range s.parts {
		p := &s.parts[i]
		n := p.len()
		if n < 2 {
			continue
		}
		size := 1 << bits.Len(uint(2*n))
		if cap(table) < size {
			table = make([]uint64, size)
		}
		table = table[:size]
		clear(table)
		begin := len(found)
		for _, chunk := range append(p.chunks, p.last) {
			found = appendSeen(found, chunk, table)
		}
		slices.Sort(found[begin:])
		found = found[:begin+len(slices.Compact(found[begin:]))]
		*p = part{}
	}
	return found
}

// appendSeen enters the hashes of a chunk into an open-addressing table and
// appends those that are there already. A slot that is 0 is free, so a hash of 0
// is taken for 1; both are confirmed by their values later.
func appendSeen(found, chunk, table []uint64) []uint64 {
	mask := uint64(len(table) - 1)
	for _, hash := range chunk {
		hash = max(hash, 1)
		slot := hash & mask
		for table[slot] != 0 && table[slot] != hash {
			slot = (slot + 1) & mask
		}
		if table[slot] == hash {
			found = append(found, hash)
		}
		table[slot] = hash
	}
	return found
}

// suspicion has the hashes that a confirming pass looks for, and the rows it
// found for them.
type suspicion struct {
	filter []uint64 // a bit for each value of some bits of a hash
	rows   map[uint64][]seen
}

type seen struct {
	value  string
	row    int
	repeat bool
}

const filterBits = 20

func newSuspicion(hashes []uint64) suspicion {
	if len(hashes) == 0 {
		return suspicion{}
	}
	s := suspicion{filter: make([]uint64, 1<<filterBits/64), rows: make(map[uint64][]seen, len(hashes))}
	for _, hash := range hashes {
		bit := hash >> (64 - filterBits)
		s.filter[bit/64] |= 1 << (bit % 64)
		s.rows[hash] = nil
	}
	return s
}

func (s *suspicion) empty() bool { return s.rows == nil }

// may reports quickly whether the hash can be one of those looked for.
func (s *suspicion) may(hash uint64) bool {
	bit := hash >> (64 - filterBits)
	return s.filter[bit/64]&(1<<(bit%64)) != 0
}

// meet records a row, or returns the first one that has the same value.
func (s *suspicion) meet(hash uint64, value string, row int, equal func(a, b string) bool) (first int, ok bool) {
	hash = max(hash, 1)
	list, suspect := s.rows[hash]
	if !suspect {
		return 0, false
	}
	for i := range list {
		if equal(list[i].value, value) {
			list[i].repeat = true
			return list[i].row, true
		}
	}
	s.rows[hash] = append(list, seen{value: value, row: row})
	return 0, false
}

// unseen reports whether a hash that occurred twice did not do so again: with
// one value twice, or with two values that collide.
func (s *suspicion) unseen() bool {
	for _, list := range s.rows {
		if len(list) == 0 || len(list) == 1 && !list[0].repeat {
			return true
		}
	}
	return false
}
