package visible_test

import (
	"testing"

	"github.com/iamscim/iamscim/internal/visible"
)

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Åsa O'Neil 名前": "Åsa O'Neil 名前", "a\x1b[31mb": `a\u{1B}[31mb`, "a\u202eb": `a\u{202E}b`, "a\nb\r": `a\u{A}b\u{D}`, "\u200b": `\u{200B}`, "a\xffb": `a\u{FFFD}b`,
	} {
		if got := visible.Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}
