package iamscim_test

import (
	"bytes"
	"encoding"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/iamscim/iamscim"
)

func TestSecret(t *testing.T) {
	t.Parallel()
	s := iamscim.NewSecret("s3cret-t0ken")
	if s.Reveal() != "s3cret-t0ken" || s.IsZero() {
		t.Errorf("NewSecret: Reveal %q, IsZero %v", s.Reveal(), s.IsZero())
	}
	if s.String() != "[redacted]" || s.GoString() != "[redacted]" || s.LogValue().String() != "[redacted]" {
		t.Errorf("String %q, GoString %q, LogValue %q, want [redacted]", s.String(), s.GoString(), s.LogValue())
	}
	for _, zero := range []iamscim.Secret{{}, iamscim.NewSecret("")} {
		if zero.Reveal() != "" || !zero.IsZero() || zero.String() != "" || fmt.Sprintf("%#v", zero) != "" {
			t.Errorf("the zero Secret: Reveal %q, IsZero %v, String %q", zero.Reveal(), zero.IsZero(), zero)
		}
	}
}

// TestSecretIsNotPrinted covers every way of printing one, wherever it is kept.
func TestSecretIsNotPrinted(t *testing.T) {
	t.Parallel()
	const text = "s3cret-t0ken"
	s := iamscim.NewSecret(text)
	type holder struct {
		Exported   iamscim.Secret
		unexported iamscim.Secret
		pointer    *iamscim.Secret
	}
	h := holder{s, s, &s}
	values := map[string]any{
		"value": s, "pointer": &s, "struct": h, "pointer to struct": &h,
		"slice": []iamscim.Secret{s}, "array": [1]iamscim.Secret{s}, "map": map[string]iamscim.Secret{"k": s},
		"interface": []any{s, &s}, "error": fmt.Errorf("wrapped %v", s), "joined": errors.Join(fmt.Errorf("%+v", h)),
	}
	spelled := []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprintf("% x", text), fmt.Sprint([]byte(text))}
	check := func(how, out string) {
		t.Helper()
		for _, bad := range spelled {
			if strings.Contains(out, bad) {
				t.Errorf("%s prints the secret: %s", how, out)
			}
		}
	}
	for name, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%p", "%T", "%U", "%c", "%o", "%b", "%e", "%!", "%10.3s"} {
			check(fmt.Sprintf("%s of a %s", verb, name), fmt.Sprintf(verb, v))
		}
		check("Sprint of a "+name, fmt.Sprint(v))
		encoded, err := json.Marshal(v)
		check("json of a "+name, string(encoded)+fmt.Sprint(err))
		var b bytes.Buffer
		check("gob of a "+name, fmt.Sprint(gob.NewEncoder(&b).Encode(v), b.String()))
		x, err := xml.Marshal(v)
		check("xml of a "+name, string(x)+fmt.Sprint(err))
		for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
			b.Reset()
			slog.New(h).With("with", v).WithGroup("g").Info("m", "k", v, slog.Group("group", "k", v))
			check("slog of a "+name, b.String())
		}
		func() {
			defer func() { check("panic with a "+name, fmt.Sprint(recover())) }()
			panic(v)
		}()
	}
	if got := fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s); got != "[redacted] [redacted] [redacted] [redacted] [redacted] [redacted] [redacted]" {
		t.Errorf("the verbs print %s", got)
	}
}

// TestSecretIsNotEncoded: a placeholder in a store would be noticed too late.
func TestSecretIsNotEncoded(t *testing.T) {
	t.Parallel()
	s := iamscim.NewSecret("x")
	if out, err := json.Marshal(struct{ S iamscim.Secret }{s}); err == nil {
		t.Errorf("json.Marshal = %s, want an error", out)
	}
	if out, err := json.Marshal(map[string]any{"s": &s}); err == nil {
		t.Errorf("json.Marshal of a pointer = %s, want an error", out)
	}
	if _, err := encoding.TextMarshaler(s).MarshalText(); err == nil || !strings.Contains(err.Error(), "store what Reveal returns") {
		t.Errorf("MarshalText = %v, want an error with a remedy", err)
	}
}

// TestZeroSecretIsEncoded: what was read and holds no secret can be stored and
// read back.
func TestZeroSecretIsEncoded(t *testing.T) {
	t.Parallel()
	type holder struct {
		S iamscim.Secret
		P *iamscim.Secret
		O iamscim.Secret `json:",omitzero"`
	}
	out, err := json.Marshal(holder{P: &iamscim.Secret{}})
	if err != nil || string(out) != `{"S":"","P":""}` {
		t.Fatalf("json.Marshal of zero secrets = %s, %v", out, err)
	}
	got := holder{S: iamscim.NewSecret("old")}
	if err := json.Unmarshal(out, &got); err != nil || !got.S.IsZero() || !got.P.IsZero() {
		t.Errorf("json.Unmarshal(%s) = %v, %v, want zero secrets", out, got, err)
	}
	if err := json.Unmarshal([]byte(`{"S":"s3cret"}`), &got); err != nil || got.S.Reveal() != "s3cret" {
		t.Errorf("json.Unmarshal of a secret = %v, it reveals %d characters", err, len(got.S.Reveal()))
	}
	if err := json.Unmarshal([]byte(`{"S":7}`), &got); err == nil || got.S.Reveal() != "s3cret" {
		t.Errorf("json.Unmarshal of a number = %v, want an error and the secret as it was", err)
	}
}

func TestTokenSource(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       string // of the error; "" for a token
	}{
		{"token", "fake-abc._~+/=", ""},
		{"empty", "", "the secret is empty"},
		{"newline pasted along", "fake-abc\n", "a line feed (U+000A) at character 9"},
		{"blank in front", " fake-abc", "a space (U+0020) at character 1"},
		{"no-break space", "fake-abc\u00a0", "a no-break space (U+00A0) at character 9"},
		{"control character", "fake\x00abc", "a control character (U+0000) at character 5"},
	}
	for _, tt := range tests {
		token, err := iamscim.NewSecret(tt.text).TokenSource().Token()
		if tt.want != "" {
			if err == nil || token != nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "fake") {
				t.Errorf("%s: Token() = %v, want an error with %q and without the text", tt.name, err, tt.want)
			}
			continue
		}
		if err != nil || token.AccessToken != tt.text || token.Type() != "Bearer" || !token.Expiry.IsZero() {
			t.Errorf("%s: Token() = %v, want a bearer token", tt.name, err)
		}
	}
	if _, err := (iamscim.Secret{}).TokenSource().Token(); !errors.Is(err, iamscim.ErrNoSecret) {
		t.Errorf("Token() of the zero Secret = %v, want ErrNoSecret", err)
	}
	if got := fmt.Sprintf("%v %+v %#v", iamscim.NewSecret("s3cret").TokenSource(), iamscim.NewSecret("s3cret").TokenSource(), iamscim.NewSecret("s3cret").TokenSource()); strings.Contains(got, "s3cret") {
		t.Errorf("the token source prints the secret: %s", got)
	}
}
