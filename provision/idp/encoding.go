package idp

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8Reader drops a byte order mark, and decodes UTF-16, which PowerShell's >
// writes.
func utf8Reader(r io.Reader) io.Reader {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(3)
	switch {
	case len(head) == 3 && string(head) == "\xEF\xBB\xBF":
		b.Discard(3)
	case len(head) >= 2 && head[0] == 0xFF && head[1] == 0xFE:
		b.Discard(2)
		return &utf16Reader{r: b, order: binary.LittleEndian}
	case len(head) >= 2 && head[0] == 0xFE && head[1] == 0xFF:
		b.Discard(2)
		return &utf16Reader{r: b, order: binary.BigEndian}
	}
	return b
}

type utf16Reader struct {
	r     *bufio.Reader
	order binary.ByteOrder
	out   []byte // decoded and not read yet
	buf   [4]byte
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		c, err := u.unit()
		if err != nil {
			return 0, err
		}
		if utf16.IsSurrogate(c) {
			low, err := u.unit()
			if err != nil {
				return 0, err
			}
			c = utf16.DecodeRune(c, low)
		}
		u.out = utf8.AppendRune(u.buf[:0], c)
	}
	n := 0
	for n < len(p) && len(u.out) > 0 {
		k := copy(p[n:], u.out)
		n, u.out = n+k, u.out[k:]
	}
	return n, nil
}

func (u *utf16Reader) unit() (rune, error) {
	var two [2]byte
	if _, err := io.ReadFull(u.r, two[:]); err != nil {
		return 0, err
	}
	return rune(u.order.Uint16(two[:])), nil
}
