package iamscim

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim/internal/paste"
)

// redacted is what every printer gets to see of a Secret.
const redacted = "[redacted]"

// ErrNoSecret is returned by the token source of a zero [Secret].
var ErrNoSecret = errors.New("iamscim: the secret is empty")

// Secret is a text that must not be printed: a SCIM token or the OAuth client
// secret of a provider. The only way to the text is [Secret.Reveal].
//
// The text is held in a closure, because package fmt does not call the methods
// of a value in an unexported field of a printed struct, and would show a
// string there. All verbs of fmt, and log/slog, show "[redacted]".
//
// Encoding a Secret (encoding/json, encoding.TextMarshaler) is an error rather
// than a placeholder: a program that stores a struct with a one-time secret in
// it should hear at once that the secret is not there. The zero Secret encodes as
// "", so that a resource that was read can be stored.
//
// The zero Secret reveals "". A Secret is immutable and safe for concurrent
// use; it is not comparable with ==.
type Secret struct {
	reveal func() string
}

// NewSecret wraps text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return text }}
}

// Reveal returns the text, in clear: hand it to where it is kept and to
// nothing that prints.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no text.
func (s Secret) IsZero() bool { return s.reveal == nil }

// String returns "[redacted]", or "" for the zero Secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format writes String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue is String, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText fails unless s is zero: see [Secret].
func (s Secret) MarshalText() ([]byte, error) {
	if s.IsZero() {
		return []byte{}, nil
	}
	return nil, errors.New("iamscim: a Secret is not encoded; store what Reveal returns")
}

// UnmarshalText takes the text for the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}

// TokenSource returns the secret as a bearer token for SCIM requests (RFC 6750
// section 2.1). The source fails with [ErrNoSecret] for the zero Secret. It also
// fails for a text that isn't visible ASCII, such as one with white space, a
// zero-width character or a typographic dash: a documented cause of 401 that is
// easily pasted along. The error names the character and its position.
//
// An [oauth2.Token] prints in clear: pass the source on, not its tokens.
func (s Secret) TokenSource() oauth2.TokenSource { return tokenSource{s} }

type tokenSource struct{ secret Secret }

func (ts tokenSource) Token() (*oauth2.Token, error) {
	text := ts.secret.Reveal()
	if text == "" {
		return nil, ErrNoSecret
	}
	if err := paste.CheckToken(text); err != nil {
		return nil, fmt.Errorf("iamscim: %w", err)
	}
	return &oauth2.Token{AccessToken: text, TokenType: "Bearer"}, nil
}
