package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"

	"github.com/iamscim/iamscim/provision/idp"
)

// digest is a sum over the rows of a roster that doesn't depend on their order:
// the sources of a roster don't promise one.
type digest [4]uint64

func (d *digest) add(row [sha256.Size]byte) {
	for i := range d {
		d[i] += binary.LittleEndian.Uint64(row[8*i:])
	}
}

func (d digest) String() string {
	var b []byte
	for _, lane := range d {
		b = binary.LittleEndian.AppendUint64(b, lane)
	}
	return hex.EncodeToString(b)
}

// rowSum hashes the kind of a row and its values. The length of each value makes
// different rows different texts.
func rowSum(kind byte, values ...string) [sha256.Size]byte {
	b := make([]byte, 0, 256)
	b = append(b, kind)
	for _, v := range values {
		b = binary.AppendUvarint(b, uint64(len(v)))
		b = append(b, v...)
	}
	return sha256.Sum256(b)
}

func rowOfUser(u idp.User) [sha256.Size]byte { return rowSum('u', userValues(u)...) }

func userValues(u idp.User) []string {
	state := "active"
	if u.Inactive {
		state = "inactive"
	}
	values := append(make([]string, 0, 8), u.Key, u.UserName, u.ExternalID, u.DisplayName, state)
	values = append(values, u.Emails...)
	for _, name := range slices.Sorted(maps.Keys(u.Attributes)) {
		values = append(values, name, u.Attributes[name])
	}
	return values
}

func rowOfGroup(g idp.Group) [sha256.Size]byte {
	return rowSum('g', g.Key, g.DisplayName, g.ExternalID)
}

func rowOfMembership(m idp.Membership) [sha256.Size]byte { return rowSum('m', m.Group, m.User) }

func rowOfLeaver(l idp.Leaver) [sha256.Size]byte {
	kind := byte('l')
	if l.Gone {
		kind = 'L'
	}
	return rowSum(kind, userValues(l.User)...)
}

// stable is a hash of a key that is the same in every process.
func stable(parts ...string) uint64 {
	sum := rowSum('k', parts...)
	return binary.LittleEndian.Uint64(sum[:])
}
