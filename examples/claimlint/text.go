package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	bomUTF8  = []byte{0xef, 0xbb, 0xbf}
	bomLE    = []byte{0xff, 0xfe}
	bomBE    = []byte{0xfe, 0xff}
	errUTF16 = errors.New("UTF-16 with half a character at its end")
)

// decodeText returns UTF-8 without a byte order mark. PowerShell's > writes
// UTF-16, with or without a mark. What claimlint reads begins with a character of
// ASCII, so a zero byte tells the order.
func decodeText(text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, bomUTF8)
	switch {
	case bytes.HasPrefix(text, bomLE), len(text) > 1 && text[0] != 0 && text[1] == 0:
		return decodeUTF16(bytes.TrimPrefix(text, bomLE), binary.LittleEndian)
	case bytes.HasPrefix(text, bomBE), len(text) > 1 && text[0] == 0 && text[1] != 0:
		return decodeUTF16(bytes.TrimPrefix(text, bomBE), binary.BigEndian)
	case !utf8.Valid(text):
		return nil, errors.New("neither UTF-8 nor UTF-16")
	}
	return text, nil
}

func decodeUTF16(text []byte, order binary.ByteOrder) ([]byte, error) {
	if len(text)%2 != 0 {
		return nil, errUTF16
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return []byte(string(utf16.Decode(units))), nil
}

// printable replaces what a terminal or a log would take for a command: control
// characters, characters nobody sees, and ##[. Line breaks stay.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ReplacementChar
	}, strings.ReplaceAll(s, "##[", "## ["))
}

// oneLine is printable without line breaks.
func oneLine(s string) string { return strings.ReplaceAll(printable(s), "\n", " ") }

// indented puts a mark before each line but the first. GitHub takes a line for a
// command if it begins with ::, whatever the indentation.
func indented(s string) string { return strings.ReplaceAll(printable(s), "\n", "\n  | ") }
