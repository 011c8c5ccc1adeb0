package claimmap

import (
	"slices"
	"strings"
	"unicode"
)

// Words people use for what they mean. They are compared without case and
// without _ and -.
var (
	meantSubject = aliases(
		attrExternalID, "externalid newexternalid oid objectid objectidentifier id uid userid sub immutableid",
		attrUserName, "username upn userprincipalname preferredusername login uniquename samaccountname",
		attrEmail, "mail mails email emails emailaddress workemail primaryemail",
	)
	meantGroup = aliases(
		groupExternalID, "externalid oid objectid id groupid uid",
		groupDisplayName, "displayname name cn groupname display",
	)
	meantKey = aliases(
		keySubject, "subject subjects sub", keyGroup, "group groups memberof", keyDisplayName, "displayname name",
		keyProfilePhoto, "profilephoto photo picture", keyEmail, "email mail", keyPOSIXUsername, "posixusername posix",
	)
	lowering = aliases(lowerCall, "lower lowerascii tolower tolowercase lowercase downcase upper upperascii touppercase tolowerascii")
)

// aliases makes a table of pairs of what is meant and the words for it.
func aliases(pairs ...string) map[string]string {
	table := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		for _, word := range strings.Fields(pair[1]) {
			table[word] = pair[0]
		}
	}
	return table
}

// nearestExpression returns the documented expression of the key that the
// text most likely means, or "".
func nearestExpression(key, text string) string {
	if !isClosed(key) {
		return nearestOf(text, expressionsFor(key))
	}
	meant := meantSubject
	if key == keyGroup {
		meant = meantGroup
	}
	base, lower := "", ""
	for _, word := range words(text) {
		if base == "" {
			base = meant[word]
		}
		if lower == "" {
			lower = lowering[word]
		}
	}
	if base == "" {
		return nearestOf(text, expressionsFor(key))
	}
	return base + lower
}

// words returns the identifiers of a text without case, _ and -.
func words(s string) []string {
	list := strings.FieldsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	for i, word := range list {
		list[i] = strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(word))
	}
	return list
}

// nearestKey returns the key that is most likely meant, or "".
func nearestKey(key string) string {
	key = strings.TrimFunc(key, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	if w := words(key[strings.LastIndexAny(key, ".:/")+1:]); len(w) == 1 && meantKey[w[0]] != "" && !strings.HasPrefix(key, attributePrefix) {
		return meantKey[w[0]]
	}
	prefix, rest, found := strings.Cut(key, ".")
	if found && prefix != "google" && nearestOf(prefix, []string{"attribute"}) != "" {
		if custom := customKey(rest); custom != "" {
			return attributePrefix + custom
		}
	}
	return nearestOf(key, googleKeys[:])
}

// customKey writes a name with the characters a custom attribute may have.
func customKey(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_':
			b.WriteRune(r)
		case r >= 'A' && r <= 'Z':
			b.WriteRune(r - 'A' + 'a')
		case r == '-' || r == ' ' || r == '.':
			b.WriteByte('_')
		default:
			return ""
		}
	}
	if b.Len() > maxKey {
		return ""
	}
	return b.String()
}

// nearestOf returns the candidate with the smallest edit distance from s,
// without regard to case, if that is small; the first of equals.
func nearestOf(s string, candidates []string) string {
	if len(s) > 200 {
		return ""
	}
	best, found := 0, ""
	for _, candidate := range candidates {
		d := distance([]rune(strings.ToLower(s)), []rune(strings.ToLower(candidate)))
		if d <= max(1, len(candidate)/4) && (found == "" || d < best) {
			best, found = d, candidate
		}
	}
	return found
}

// distance is the Levenshtein distance of two texts.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
