// Package redact keeps secrets out of what is logged and out of the texts of
// errors. It knows the names under which the services carry secrets; a secret
// a program holds itself is an iamscim.Secret, which needs none of this.
package redact

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// secretKeys are the names under which secrets stand, in parts: between two
// parts there may be a hyphen, an underscore or nothing, and case doesn't matter.
// They are the one-time token of tokens.create, the client secrets of providers,
// and what OAuth libraries and proxies log.
var secretKeys = []string{
	"security-token", "plain-text", "client-secret", "secret-token",
	"authorization", "proxy-authorization", "access-token", "refresh-token", "id-token", "subject-token",
	"client-assertion", "assertion", "private-key", "password", "api-key", "x-goog-api-key",
}

func isSecretKey(key string) bool { return secretKey.MatchString(key) }

var (
	keys      = strings.ReplaceAll(strings.Join(secretKeys, "|"), "-", "[-_]?")
	secretKey = regexp.MustCompile(`(?i)^(?:` + keys + `|data)$`)

	// inText finds a secret key with its value in JSON text that was not decoded
	// (cut, or with something in front), in headers and in query strings.
	// "data" holds the payload of a version in Secret Manager. In prose it is a
	// word like others, so it counts as the quoted name of a JSON field alone.
	inText = regexp.MustCompile(`(?i)(\\?["']?(?:` + keys + `)\\?["']?\s*[:=]\s*|\\?"data\\?"\s*:\s*)` +
		`(?:\\?"(?:[^"\\]|\\.)*"?|(?:Bearer|Basic)\s+[^\s"',}]+|[^\s"'&,{}\[\]]+)`)

	// inQuery finds an API key or a token in a URL.
	inQuery = regexp.MustCompile(`(?i)([?&](?:key|token)=)[^&\s"'<>]+`)
)

// bearer finds a bearer token wherever it stands.
var bearer = regexp.MustCompile(`(?i)\b(Bearer)\s+[A-Za-z0-9\-._~+/]{8,}=*`)

// Text returns s with the values of secret keys, bearer tokens and each of the
// known secrets, however they are written, replaced by [Mark].
func Text(s string, known ...string) string {
	for _, k := range known {
		for _, spelled := range spellings(k) {
			s = strings.ReplaceAll(s, spelled, Mark)
		}
	}
	s = keyed(s)
	s = inQuery.ReplaceAllString(s, `${1}`+Mark)
	return bearer.ReplaceAllString(s, `$1 `+Mark)
}

// keyed replaces the values of secret keys. A value that was replaced before stays
// as it is, however it is quoted, so that a clean text is one that doesn't change.
func keyed(s string) string {
	var b strings.Builder
	for {
		at := inText.FindStringSubmatchIndex(s)
		if at == nil {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:at[3]])
		value := s[at[3]:at[1]]
		if opened := strings.TrimLeft(value, `\"'`); strings.HasPrefix(opened, Mark) && strings.Trim(opened[len(Mark):min(len(opened), len(Mark)+1)], `\"'`) == "" {
			done := len(value) - len(opened) + len(Mark)
			b.WriteString(value[:done])
			s = s[at[3]+done:]
			continue
		}
		b.WriteString(`"` + Mark + `"`)
		s = s[at[1]:]
	}
}

// spellings are the ways in which a secret may come back in a text: as it is,
// in JSON with and without escapes for HTML, in a URL, in HTML and quoted as Go
// does. The longest go first, since one may be a part of another.
func spellings(secret string) []string {
	if secret == "" {
		return nil
	}
	all := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), inside(strconv.Quote(secret))}
	var b bytes.Buffer
	for _, escapeHTML := range []bool{true, false} {
		b.Reset()
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if e.Encode(secret) == nil {
			all = append(all, inside(strings.TrimSpace(b.String())))
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(all)
}

// inside is a quoted text without its quotes.
func inside(quoted string) string { return quoted[1 : len(quoted)-1] }

// Body is Text for the body of a reply. In JSON every string is looked at as
// what it means, so that no way of escaping hides a secret; a body without one
// stays as it is.
func Body(s string, known ...string) string {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return Text(s, known...)
	}
	clean, changed := Value(v, known...)
	if !changed {
		return s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(clean) != nil {
		return Mark
	}
	return b.String()
}

// Value is Text for every string of a decoded JSON value, and reports whether
// there was something to take out.
func Value(v any, known ...string) (clean any, changed bool) {
	switch v := v.(type) {
	case string:
		text := Text(v, known...)
		return text, text != v
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			var c bool
			list[i], c = Value(item, known...)
			changed = changed || c
		}
		return list, changed
	case map[string]any:
		object := make(map[string]any, len(v))
		for key, item := range v {
			name := Text(key, known...)
			c := name != key
			if text, ok := item.(string); ok && isSecretKey(key) && text != "" && text != Mark {
				object[name], c = Mark, true
			} else {
				var ic bool
				object[name], ic = Value(item, known...)
				c = c || ic
			}
			changed = changed || c
		}
		return object, changed
	}
	return v, false
}

// Handler passes records on to base without the secrets in them: attributes
// with a secret key, in groups, maps, slices and what LogValuers resolve to.
func Handler(base slog.Handler) slog.Handler { return handler{base} }

type handler struct{ base slog.Handler }

func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.base.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(attr(a))
		return true
	})
	return h.base.Handle(ctx, clean)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.base.WithAttrs(scrub(attrs))}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.base.WithGroup(name)} }

func scrub(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = attr(a)
	}
	return clean
}

func attr(a slog.Attr) slog.Attr {
	value := a.Value.Resolve()
	if isSecretKey(a.Key) && !isObject(value) {
		return slog.String(a.Key, Mark)
	}
	switch value.Kind() {
	case slog.KindGroup:
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(scrub(value.Group())...)}
	case slog.KindString:
		return slog.String(a.Key, Text(value.String()))
	case slog.KindAny:
		return slog.Any(a.Key, anything(value.Any()))
	}
	return slog.Attr{Key: a.Key, Value: value}
}

// isObject: "clientSecret" is also the name of the object around a secret. The
// thumbprint in it is worth logging.
func isObject(v slog.Value) bool {
	if v.Kind() == slog.KindGroup {
		return true
	}
	_, ok := v.Any().(map[string]any)
	return ok
}

// anything scrubs a value of any type. What is not made of maps, slices and
// strings is looked at as its JSON, or as its text where it has none.
func anything(v any) any {
	switch v := v.(type) {
	case nil, bool, float64, int, int64, uint64:
		return v
	case string:
		return Text(v)
	case []byte:
		return Text(string(v))
	case json.RawMessage:
		return Text(string(v))
	case error:
		return Text(v.Error())
	case slog.Attr:
		return attr(v)
	case []slog.Attr:
		// slog prints a slice of attributes as an array of {Key, Value};
		// as a group it reads as what it is.
		return slog.GroupValue(scrub(v)...)
	case slog.Value:
		return attr(slog.Attr{Value: v}).Value
	case slog.LogValuer:
		return attr(slog.Attr{Value: v.LogValue()}).Value
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, value := range v {
			if _, object := value.(map[string]any); isSecretKey(key) && !object {
				clean[key] = Mark
				continue
			}
			clean[key] = anything(value)
		}
		return clean
	case []any:
		clean := make([]any, len(v))
		for i := range v {
			clean[i] = anything(v[i])
		}
		return clean
	}
	text, err := json.Marshal(v)
	if err != nil {
		return Text(fmt.Sprintf("%+v", v))
	}
	var decoded any
	if err := json.Unmarshal(text, &decoded); err != nil {
		return Mark
	}
	return anything(decoded)
}
