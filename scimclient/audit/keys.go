package audit

import (
	"encoding/binary"
	"hash/maphash"
)

const (
	chunkSize = 1 << 20 // bytes
	maxKey    = 1 << 16 // bytes
	maxChunks = 1 << 12 // 4 GiB of keys
)

// keys numbers texts. It holds a million keys of 36 bytes in 66 MB, without a
// pointer for each; a map of strings and a slice of them take 98 MB.
type keys struct {
	seed   maphash.Seed
	chunks [][]byte
	at     []uint32          // where key i is: the chunk and the place in it
	byHash map[uint64]uint32 // number of the first key with a hash
	other  map[string]uint32 // number of each further key with the same hash
}

func newKeys() keys {
	return keys{seed: maphash.MakeSeed(), byHash: map[uint64]uint32{}, other: map[string]uint32{}}
}

func (k *keys) len() int { return len(k.at) }

// add numbers a key that isn't there yet. It reports false if the key is too long
// or there are too many.
func (k *keys) add(key string) (uint32, bool) {
	if len(key) > maxKey || len(k.chunks) == maxChunks {
		return 0, false
	}
	last := len(k.chunks) - 1
	if last < 0 || len(k.chunks[last])+len(key)+binary.MaxVarintLen32 > chunkSize {
		k.chunks = append(k.chunks, make([]byte, 0, chunkSize))
		last++
	}
	i := uint32(len(k.at))
	k.at = append(k.at, uint32(last)<<20|uint32(len(k.chunks[last])))
	k.chunks[last] = append(binary.AppendUvarint(k.chunks[last], uint64(len(key))), key...)
	if hash := maphash.String(k.seed, key); !k.taken(hash) {
		k.byHash[hash] = i
	} else {
		k.other[key] = i
	}
	return i, true
}

func (k *keys) taken(hash uint64) bool {
	_, taken := k.byHash[hash]
	return taken
}

// find returns the number of a key.
func (k *keys) find(key string) (uint32, bool) {
	i, ok := k.byHash[maphash.String(k.seed, key)]
	if ok && string(k.bytes(i)) == key {
		return i, true
	}
	i, ok = k.other[key]
	return i, ok
}

// key returns key i.
func (k *keys) key(i uint32) string { return string(k.bytes(i)) }

func (k *keys) bytes(i uint32) []byte {
	text := k.chunks[k.at[i]>>20][k.at[i]&(chunkSize-1):]
	n, width := binary.Uvarint(text)
	return text[width : width+int(n)]
}
