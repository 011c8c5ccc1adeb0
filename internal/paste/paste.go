// Package paste checks texts that people copy into a program: bearer tokens and
// URIs. Terminals, web pages and chat programs add characters that nobody sees,
// and a server answers them with a plain 401 or 404.
package paste

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckToken returns an error unless text can be sent as a bearer token: visible
// ASCII (RFC 6750 section 2.1) without quotation marks. The error has the kind
// of the first bad character and its position, counted in characters from 1. It
// never has the text.
func CheckToken(text string) error {
	return check("token", text, `"'`+"`")
}

// CheckURI returns an error unless text is visible ASCII without quotation marks
// (RFC 3986 section 2). Its error is like that of [CheckToken]. It doesn't
// parse the URI.
func CheckURI(text string) error {
	return check("URI", text, `"`+"`")
}

func check(what, text, quotes string) error {
	if text == "" {
		return fmt.Errorf("the %s is empty", what)
	}
	place := 0
	for i, r := range text {
		place++
		if r > ' ' && r < 0x7f && !strings.ContainsRune(quotes, r) {
			continue
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		return fmt.Errorf("the %s has %s at character %d: copy it again without that", what, kind(r, size), place)
	}
	return nil
}

// invisible names the characters that nobody sees and that have a name of
// their own in users' questions.
var invisible = map[rune]string{
	'\t':     "a tab",
	'\n':     "a line feed",
	'\r':     "a carriage return",
	' ':      "a space",
	'\u00a0': "a no-break space",
	'\u00ad': "a soft hyphen",
	'\u200b': "a zero-width space",
	'\u200c': "a zero-width non-joiner",
	'\u200d': "a zero-width joiner",
	'\u200e': "a left-to-right mark",
	'\u200f': "a right-to-left mark",
	'\u2060': "a word joiner",
	'\ufeff': "a byte order mark",
}

// kind says what sort of character r is.
func kind(r rune, size int) string {
	if name, ok := invisible[r]; ok {
		return fmt.Sprintf("%s (%U)", name, r)
	}
	switch {
	case r == utf8.RuneError && size == 1:
		return "a byte that isn't UTF-8"
	case unicode.IsSpace(r):
		return fmt.Sprintf("white space (%U)", r)
	case unicode.IsControl(r):
		return fmt.Sprintf("a control character (%U)", r)
	case unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return fmt.Sprintf("an invisible character (%U)", r)
	case unicode.In(r, unicode.Quotation_Mark) || r == '`':
		return fmt.Sprintf("a quotation mark (%U)", r)
	case unicode.In(r, unicode.Dash):
		return fmt.Sprintf("a typographic dash (%U)", r)
	}
	return "a character outside ASCII"
}
