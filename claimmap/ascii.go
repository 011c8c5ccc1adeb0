package claimmap

import "encoding/binary"

// Eight characters at a time: adding upperFrom sets the highest bit of a byte
// from 'A' on, adding upperTo that of a byte above 'Z', as long as none is above
// 0x7f.
const (
	highBits  = 0x8080808080808080
	upperFrom = 0x3f3f3f3f3f3f3f3f // 0x80 - 'A' in each byte
	upperTo   = 0x2525252525252525 // 0x7f - 'Z' in each byte
)

// upperMask has the highest bit of each byte of word that is an upper-case
// letter. No byte of word may be above 0x7f.
func upperMask(word uint64) uint64 {
	return (word + upperFrom) &^ (word + upperTo) & highBits
}

// load reads the eight bytes of s at i; the compiler makes one load of it.
func load(s string, i int) uint64 {
	_ = s[i+7]
	return uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
		uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
}

// letters reports whether s has upper-case letters of ASCII, and whether it has
// bytes beyond ASCII, in which case it may overlook the letters.
func letters(s string) (upper, foreign bool) {
	var high, mask uint64
	i := 0
	for ; i+8 <= len(s); i += 8 {
		word := load(s, i)
		high |= word
		mask |= upperMask(word)
	}
	if i < len(s) {
		if len(s) >= 8 { // the last eight, some of them again
			word := load(s, len(s)-8)
			high |= word
			mask |= upperMask(word)
		} else {
			for ; i < len(s); i++ {
				c := uint64(s[i])
				high |= c
				mask |= upperMask(c)
			}
		}
	}
	return mask != 0, high&highBits != 0
}

// hasUpper reports whether s has upper-case letters of ASCII, whatever else it has.
func hasUpper(s string) bool {
	upper, foreign := letters(s)
	if !foreign {
		return upper
	}
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' {
			return true
		}
	}
	return false
}

// appendLower appends s with A to Z as a to z, which is CEL's lowerAscii().
func appendLower(b []byte, s string) []byte {
	begin := len(b)
	b = append(b, s...)
	for i := begin; i < len(b); i++ {
		if c := b[i]; 'A' <= c && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
	return b
}

// lowerASCII returns s lowered as appendLower does: s itself if there is nothing
// to lower.
func lowerASCII(s string) string {
	upper, foreign := letters(s)
	switch {
	case foreign:
		if hasUpper(s) {
			return string(appendLower(make([]byte, 0, maxSubject), s))
		}
		return s
	case upper:
		return lowerPlain(s)
	}
	return s
}

// lowerPlain lowers a text of nothing but ASCII.
func lowerPlain(s string) string {
	if len(s) < 8 || len(s) > maxSubject {
		return string(appendLower(make([]byte, 0, maxSubject), s))
	}
	var buffer [maxSubject]byte
	for i := 0; i+8 <= len(s); i += 8 {
		putLower(buffer[i:i+8], load(s, i))
	}
	putLower(buffer[len(s)-8:len(s)], load(s, len(s)-8)) // some of them again
	return string(buffer[:len(s)])
}

// putLower writes eight characters of ASCII lowered.
func putLower(b []byte, word uint64) {
	binary.LittleEndian.PutUint64(b, word|upperMask(word)>>2) // 0x80>>2 is 'a'-'A'
}
