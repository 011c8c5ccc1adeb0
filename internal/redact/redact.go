// Package redact keeps secrets out of what is logged and out of the texts of
// errors. It knows the names under which the services carry secrets; a secret
// a program holds itself is an iamscim.Secret, which needs none of this.
package redact

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// Mark stands where a secret was.
const Mark = "[redacted]"

// secretKeys are the names, lower-cased and without "-" and "_", whose values
// are secrets: the one-time token of tokens.create, the client secrets of
// providers, and what OAuth libraries log.
var secretKeys = []string{
	"securitytoken", "plaintext", "clientsecret",
	"authorization", "accesstoken", "refreshtoken", "idtoken", "subjecttoken",
	"assertion", "privatekey", "password",
}

func isSecretKey(key string) bool {
	key = strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(key))
	return slices.Contains(secretKeys, key)
}

// inText finds a secret key with its value in JSON text that was not decoded
// (cut, or with something in front), in headers and in query strings. An
// unquoted value goes to the end of the line for a header, whose value may
// have blanks in it.
var inText = regexp.MustCompile(`(?i)(\\?["']?(?:security_?-?token|plain_?-?text|client_?-?secret|access_?-?token|refresh_?-?token|id_?-?token|subject_?-?token|private_?-?key|password|authorization)\\?["']?\s*[:=]\s*)` +
	`(?:\\?"(?:[^"\\]|\\.)*"?|(?:Bearer|Basic)\s+[^\s"',}]+|[^\s"'&,{}\[\]]+)`)

// bearer finds a bearer token wherever it stands.
var bearer = regexp.MustCompile(`(?i)\b(Bearer)\s+[A-Za-z0-9\-._~+/]{8,}=*`)

// Text returns s with the values of secret keys, bearer tokens and each of the
// known secrets replaced by [Mark].
func Text(s string, known ...string) string {
	for _, k := range known {
		if k != "" {
			s = strings.ReplaceAll(s, k, Mark)
			if quoted, err := json.Marshal(k); err == nil {
				s = strings.ReplaceAll(s, strings.Trim(string(quoted), `"`), Mark)
			}
		}
	}
	s = inText.ReplaceAllString(s, `${1}"`+Mark+`"`)
	return bearer.ReplaceAllString(s, `$1 `+Mark)
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

// isObject: "clientSecret" is also the name of the object around a secret,
// whose thumbprint is worth logging.
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
