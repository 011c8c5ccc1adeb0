package claimmap

import (
	"strings"
	"unicode"
)

// meant names, for words people use, the expression they mean. Words are
// compared without case and without _ and -.
var (
	meantSubject = map[string]string{
		"externalid": "user.externalId", "oid": "user.externalId", "objectid": "user.externalId", "objectidentifier": "user.externalId",
		"id": "user.externalId", "uid": "user.externalId", "userid": "user.externalId", "sub": "user.externalId", "immutableid": "user.externalId",
		"newexternalid": "user.externalId",
		"username":      "user.userName", "upn": "user.userName", "userprincipalname": "user.userName", "preferredusername": "user.userName",
		"login": "user.userName", "uniquename": "user.userName", "samaccountname": "user.userName",
		"mail": "user.emails[0].value", "mails": "user.emails[0].value", "email": "user.emails[0].value", "emails": "user.emails[0].value",
		"emailaddress": "user.emails[0].value", "workemail": "user.emails[0].value", "primaryemail": "user.emails[0].value",
	}
	meantGroup = map[string]string{
		"externalid": "group.externalId", "oid": "group.externalId", "objectid": "group.externalId", "id": "group.externalId", "groupid": "group.externalId",
		"uid":         "group.externalId",
		"displayname": "group.displayName", "name": "group.displayName", "cn": "group.displayName", "groupname": "group.displayName", "display": "group.displayName",
	}
	lowering = map[string]bool{
		"lower": true, "lowerascii": true, "tolower": true, "tolowercase": true, "lowercase": true, "downcase": true,
		"upper": true, "upperascii": true, "touppercase": true, "tolowerascii": true,
	}
)

// nearestExpression returns the documented expression of the key that the
// text most likely means, or "".
func nearestExpression(key, text string) string {
	text = plain(text)
	meant := meantSubject
	if key == keyGroup {
		meant = meantGroup
	}
	if !isClosed(key) {
		return nearestOf(text, expressionsFor(key))
	}
	base, lower := "", false
	for _, word := range words(text) {
		lower = lower || lowering[word]
		if base == "" {
			base = meant[word]
		}
	}
	if base == "" {
		return nearestOf(text, expressionsFor(key))
	}
	if lower {
		return base + ".lowerAscii()"
	}
	return base
}

// plain replaces characters that only look right by those they look like.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if like, ok := lookalikes[r]; ok {
			return like
		}
		if r == '\u200b' || r == '\u200c' || r == '\u200d' || r == '\u2060' || r == '\ufeff' || r == '\u00ad' {
			return -1
		}
		return r
	}, s)
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
	key = strings.TrimSpace(plain(key))
	for _, known := range googleKeys {
		if strings.EqualFold(key, known) {
			return known
		}
	}
	last := key
	if i := strings.LastIndexAny(key, ".:/"); i >= 0 {
		last = key[i+1:]
	}
	switch w := words(last); {
	case len(w) != 1:
	case w[0] == "groups" || w[0] == "group" || w[0] == "memberof":
		return keyGroup
	case w[0] == "subject" || w[0] == "sub" || w[0] == "subjects":
		return keySubject
	case w[0] == "displayname" || w[0] == "name":
		return keyDisplayName
	case w[0] == "profilephoto" || w[0] == "photo" || w[0] == "picture":
		return keyProfilePhoto
	case w[0] == "email" || w[0] == "mail":
		return keyEmail
	case w[0] == "posixusername" || w[0] == "posix":
		return keyPOSIXUsername
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
		d := distance(strings.ToLower(s), strings.ToLower(candidate))
		if d <= max(1, len(candidate)/4) && (found == "" || d < best) {
			best, found = d, candidate
		}
	}
	return found
}

// distance is the Levenshtein distance of two texts, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
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
