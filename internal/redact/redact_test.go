package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
)

const secret = "fake-s3cr3t-tok3n"

type valuer struct{ v any }

func (v valuer) LogValue() slog.Value { return slog.AnyValue(v.v) }

func secretObject() map[string]any { return map[string]any{"securityToken": secret} }

func TestHandler(t *testing.T) {
	t.Parallel()
	object := func(s string) map[string]any {
		var m map[string]any
		if err := json.Unmarshal([]byte(s), &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	tests := []struct {
		name string
		log  func(*slog.Logger)
		keep string // must stay visible
	}{
		{"key of an attribute", func(l *slog.Logger) { l.Debug("m", "securityToken", secret, "name", "kept") }, "kept"},
		{"header key", func(l *slog.Logger) {
			l.Debug("m", "headers", []slog.Attr{slog.String("Authorization", "Bearer "+secret), slog.String("X-Request-Id", "kept")})
		}, "kept"},
		{"group", func(l *slog.Logger) {
			l.Debug("m", slog.Group("request", slog.Group("payload", "plainText", secret), "url", "kept"))
		}, "kept"},
		{"decoded payload", func(l *slog.Logger) {
			l.Debug("m", "payload", object(`{"oidc":{"clientSecret":{"value":{"plainText":"`+secret+`","thumbprint":"kept"}}}}`))
		}, "kept"},
		{"array in a payload", func(l *slog.Logger) {
			l.Debug("m", "payload", []any{object(`{"securityToken":"` + secret + `","name":"kept"}`)})
		}, "kept"},
		{"payload of a version", func(l *slog.Logger) {
			l.Debug("m", "payload", object(`{"name":"kept","payload":{"data":"`+secret+`","dataCrc32c":"1"}}`))
		}, "kept"},
		{"cut payload of a version", func(l *slog.Logger) {
			l.Debug("m", "payload", `{"name":"kept","payload":{"data" : "`+secret)
		}, "kept"},
		{"escaped payload of a version", func(l *slog.Logger) {
			l.Debug("m", "payload", `"{\"payload\":{\"data\":\"`+secret+`\"}}"`)
		}, "payload"},
		{"data in prose", func(l *slog.Logger) {
			l.Debug("m", "text", "invalid data: kept, metadata: "+`{"metadata":"fine"}`)
		}, `kept, metadata: {\"metadata\":\"fine\"}`},
		{"LogValuer", func(l *slog.Logger) { l.Debug("m", "r", valuer{valuer{object(`{"access_token":"` + secret + `"}`)}}) }, "r"},
		{"string with something in front of the JSON", func(l *slog.Logger) {
			l.Debug("m", "payload", "\n{\"securityToken\": \""+secret+"\", \"name\": \"kept\"}")
		}, "kept"},
		{"cut JSON text", func(l *slog.Logger) { l.Debug("m", "payload", `{"name":"kept","securityToken":"`+secret) }, "kept"},
		{"escaped JSON text", func(l *slog.Logger) { l.Debug("m", "payload", `"{\"securityToken\":\"`+secret+`\"} kept"`) }, "payload"},
		{"query string", func(l *slog.Logger) { l.Debug("m", "url", "https://h/p?access_token="+secret+"&fields=kept") }, "kept"},
		{"error", func(l *slog.Logger) { l.Debug("kept", "err", errors.New("sent Bearer "+secret)) }, "kept"},
		{"message", func(l *slog.Logger) { l.Debug("Authorization: Bearer "+secret, "k", "kept") }, "kept"},
		{"struct", func(l *slog.Logger) {
			l.Debug("m", "r", struct {
				SecurityToken string
				Name          string
			}{secret, "kept"})
		}, "kept"},
		{"bytes", func(l *slog.Logger) { l.Debug("kept", "body", []byte(`{"securityToken":"`+secret+`"}`)) }, "kept"},
		{"logger's own attributes", func(l *slog.Logger) {
			l.With("securityToken", secret).WithGroup("g").Debug("kept", "plainText", secret)
		}, "kept"},
		{"a group around a secret", func(l *slog.Logger) {
			l.Debug("m", slog.Group("clientSecret", "plainText", secret, "thumbprint", "kept"))
		}, "kept"},
		{"a text instead of the group", func(l *slog.Logger) { l.Debug("kept", "clientSecret", secret) }, "kept"},
		{"a text instead of the object", func(l *slog.Logger) {
			l.Debug("m", "payload", object(`{"clientSecret":"`+secret+`","name":"kept"}`))
		}, "kept"},
		{"a number", func(l *slog.Logger) { l.Debug("m", "status", 418, "securityToken", secret) }, "418"},
		{"what isn't JSON", func(l *slog.Logger) {
			l.Debug("m", "r", struct {
				Password string
				Name     string
				Odd      chan int
			}{secret, "kept", nil})
		}, "kept"},
		{"raw JSON", func(l *slog.Logger) {
			l.Debug("m", "body", json.RawMessage(`{"securityToken":"`+secret+`","name":"kept"}`))
		}, "kept"},
		{"an attribute as a value", func(l *slog.Logger) {
			l.Debug("m", "one", valuer{slog.String("securityToken", secret)}, "list", []any{"kept", slog.String("password", secret), slog.AnyValue(secretObject()), valuer{secretObject()}, nil, true, 7})
		}, "kept"},
		{"a mask is no secret", func(l *slog.Logger) { l.Debug("m", "url", "https://h/p?updateMask=oidc.clientSecret.value.plainText") }, "oidc.clientSecret.value.plainText"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, format := range []string{"json", "text"} {
				var buf bytes.Buffer
				opts := &slog.HandlerOptions{Level: slog.LevelDebug}
				var base slog.Handler = slog.NewJSONHandler(&buf, opts)
				if format == "text" {
					base = slog.NewTextHandler(&buf, opts)
				}
				tt.log(slog.New(Handler(base)))
				got := buf.String()
				if strings.Contains(got, secret) {
					t.Errorf("%s: the secret is in %s", format, got)
				}
				if !strings.Contains(got, tt.keep) {
					t.Errorf("%s: %q is missing from %s", format, tt.keep, got)
				}
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	odd := `a"b\c` + "\n"
	encoded, err := json.Marshal(map[string]string{"x": odd})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, in, known, want string }{
		{"known secret", "value s3 refused", "s3", "value [redacted] refused"},
		{"known secret as JSON writes it", string(encoded), odd, `{"x":"[redacted]"}`},
		{"known secret as JSON for no browser writes it", `s<\u0001x`, "s<\x01x", "[redacted]"},
		{"unknown text is left alone", "scimTenants/t1 not found", "", "scimTenants/t1 not found"},
		{"the words alone are no secret", "plainText is required", "", "plainText is required"},
		{"bearer", "got Bearer abcdefgh12345", "", "got Bearer [redacted]"},
	}
	for _, tt := range tests {
		if got := Text(tt.in, tt.known); got != tt.want {
			t.Errorf("%s: Text(%q, %q) = %q, want %q", tt.name, tt.in, tt.known, got, tt.want)
		}
	}
}

// TestSpellings: a secret that was sent comes back in other spellings.
func TestSpellings(t *testing.T) {
	t.Parallel()
	const known = `s3"\<&>é/+ x`
	tests := []struct{ name, in, want string }{
		{"as it is", "a " + known + " b", "a [redacted] b"},
		{"JSON", `{"m":"s3\"\\\u003c\u0026\u003eé/+ x"}`, `{"m":"[redacted]"}`},
		{"JSON without escapes for HTML", `{"m":"s3\"\\<&>é/+ x"}`, `{"m":"[redacted]"}`},
		{"query", "q=s3%22%5C%3C%26%3E%C3%A9%2F%2B+x&z=1", "q=[redacted]&z=1"},
		{"path", "/s3%22%5C%3C&%3E%C3%A9%2F+%20x/z", "/[redacted]/z"},
		{"HTML", "<b>s3&#34;\\&lt;&amp;&gt;é/+ x</b>", "<b>[redacted]</b>"},
	}
	for _, tt := range tests {
		if got := Text(tt.in, known); got != tt.want {
			t.Errorf("%s: Text(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
	if got := Text("nothing is known", ""); got != "nothing is known" {
		t.Errorf("Text with an empty secret = %q", got)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	const known = `s3"/é`
	tests := []struct{ name, in, want string }{
		{"nothing to hide, byte for byte", "{ \"n\" : 1.50, \"m\":\"\\u00e9\" }\n", "{ \"n\" : 1.50, \"m\":\"\\u00e9\" }\n"},
		{"escapes that mean the secret", `{"m":"got \u0073\u0033\"\/\u00e9","n":12345678901234567890}`, "{\"m\":\"got [redacted]\",\"n\":12345678901234567890}\n"},
		{"in an array", `["a","s3\"/é"]`, "[\"a\",\"[redacted]\"]\n"},
		{"as a key", `{"s3\"/é":1}`, "{\"[redacted]\":1}\n"},
		{"secret key", `{"error":{"details":[{"plainText":"unknown to us"}]}}`, "{\"error\":{\"details\":[{\"plainText\":\"[redacted]\"}]}}\n"},
		{"object behind a secret key", `{"clientSecret":{"value":{"thumbprint":"t"}}}`, `{"clientSecret":{"value":{"thumbprint":"t"}}}`},
		{"no JSON", `<p>s3&#34;/é</p>`, `<p>[redacted]</p>`},
		{"JSON and more", `{"a":1} s3"/é`, `{"a":1} [redacted]`},
		{"empty", "", ""},
	}
	for _, tt := range tests {
		if got := Body(tt.in, known); got != tt.want {
			t.Errorf("%s: Body(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// TestOneTableOfKeys: a key whose value is a secret is one everywhere: in a
// decoded object, in text, in a header, in a query and in a log record.
func TestOneTableOfKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"securityToken", "security_token", "plainText", "clientSecret", "clientsecret", "subject_token", "api_key", "client_secret", "client-secret", "SecretToken",
		"Authorization", "Proxy-Authorization", "accessToken", "access_token", "refresh_token", "id_token", "subjectToken",
		"assertion", "client_assertion", "private_key", "privateKey", "password", "apiKey", "X-Goog-Api-Key", "x-goog-api-key",
	} {
		texts := map[string]string{
			"JSON":         `{"` + key + `":"` + secret + `","kept":1}`,
			"spaced JSON":  `{ "` + key + `" : "` + secret + `" , "kept": 1}`,
			"cut JSON":     `"kept",{"` + key + `":"` + secret,
			"escaped JSON": `kept {\"` + key + `\":\"` + secret + `\"}`,
			"header":       "kept\r\n" + key + ": " + secret + "\r\n",
			"form":         "kept=1&" + key + "=" + secret + "&x=y",
		}
		for how, text := range texts {
			if got := Text(text); strings.Contains(got, secret) || !strings.Contains(got, "kept") {
				t.Errorf("Text of %s as %s = %s", key, how, got)
			}
		}
		if got, changed := Value(map[string]any{key: secret, "kept": "kept"}); !changed || got.(map[string]any)[key] != Mark || got.(map[string]any)["kept"] != "kept" {
			t.Errorf("Value of %s = %v", key, got)
		}
		var log bytes.Buffer
		slog.New(Handler(slog.NewTextHandler(&log, nil))).Info("m", key, secret, "kept", 1)
		if got := log.String(); strings.Contains(got, secret) || !strings.Contains(got, "kept") {
			t.Errorf("a record with %s: %s", key, got)
		}
	}
}

// TestTextTwice: what was redacted once stays as it is, however it is quoted.
func TestTextTwice(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"plainText":"` + secret + `"}`, `{\"plainText\":\"` + secret + `\"}`, "Authorization: Bearer " + secret, "password=" + secret + "&x=1",
		"map[plainText:" + secret + " x:1]", "https://h/?key=" + secret,
	} {
		once := Text(text)
		if twice := Text(once); twice != once || strings.Contains(once, secret) {
			t.Errorf("Text(Text(%q)) = %q, want %q", text, twice, once)
		}
	}
}

// TestTextLeavesTheRest: what only looks like a key stays readable.
func TestTextLeavesTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"google.subject=assertion.sub,google.groups=assertion.groups",
		"undeclared reference to 'assertion' (in container '')",
		"PATCH https://h/v1/x?updateMask=oidc.clientSecret.value.plainText&alt=json",
		"the key of the map: displayName", "token limit reached (HTTP 429)", "?tokens=2&monkey=3",
		"https://h/v1/scimTenants/t/tokens?pageToken=abc",
	} {
		if got := Text(text); got != text {
			t.Errorf("Text(%q) = %q", text, got)
		}
	}
	if got, want := Text("https://iam.googleapis.com/v1/x?alt=json&key=AIza"+secret+"&prettyPrint=false"), "https://iam.googleapis.com/v1/x?alt=json&key="+Mark+"&prettyPrint=false"; got != want {
		t.Errorf("Text of a URL with an API key = %q, want %q", got, want)
	}
}
