package paste_test

import (
	"strings"
	"testing"

	"github.com/iamscim/iamscim/internal/paste"
)

func TestCheckToken(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       string // of the error; "" for a token
	}{
		{"every character of RFC 6750", "ABCxyz0189-._~+/==", ""},
		{"other visible ASCII, which servers hand out too", "a:b|c$d%e", ""},
		{"empty", "", "the token is empty"},
		{"space in front", " SECRET", "a space (U+0020) at character 1"},
		{"line feed behind", "SECRET\n", "a line feed (U+000A) at character 7"},
		{"carriage return", "SECRET\r\n", "a carriage return (U+000D) at character 7"},
		{"tab", "SEC\tRET", "a tab (U+0009) at character 4"},
		{"NUL", "SEC\x00RET", "a control character (U+0000) at character 4"},
		{"DEL", "SECRET\x7f", "a control character (U+007F) at character 7"},
		{"next line", "SECRET\u0085", "white space (U+0085) at character 7"},
		{"no-break space", "SECRET\u00a0", "a no-break space (U+00A0) at character 7"},
		{"narrow no-break space", "SECRET\u202f", "white space (U+202F) at character 7"},
		{"line separator", "SECRET\u2028", "white space (U+2028) at character 7"},
		{"byte order mark", "\ufeffSECRET", "a byte order mark (U+FEFF) at character 1"},
		{"zero-width space", "SEC\u200bRET", "a zero-width space (U+200B) at character 4"},
		{"zero-width joiner", "SEC\u200dRET", "a zero-width joiner (U+200D) at character 4"},
		{"soft hyphen", "SEC\u00adRET", "a soft hyphen (U+00AD) at character 4"},
		{"right-to-left mark", "SECRET\u200f", "a right-to-left mark (U+200F) at character 7"},
		{"directional isolate", "\u2066SECRET", "an invisible character (U+2066) at character 1"},
		{"variation selector", "SECRET\ufe0f", "an invisible character (U+FE0F) at character 7"},
		{"tag character", "SECRET\U000e0041", "an invisible character (U+E0041) at character 7"},
		{"curly quotes", "\u201cSECRET\u201d", "a quotation mark (U+201C) at character 1"},
		{"straight quotes", `"SECRET"`, "a quotation mark (U+0022) at character 1"},
		{"apostrophes", `'SECRET'`, "a quotation mark (U+0027) at character 1"},
		{"guillemets", "\u00abSECRET\u00bb", "a quotation mark (U+00AB) at character 1"},
		{"en dash for a hyphen", "SEC\u2013RET", "a typographic dash (U+2013) at character 4"},
		{"minus for a hyphen", "SEC\u2212RET", "a typographic dash (U+2212) at character 4"},
		{"letter outside ASCII", "SÉCRET", "a character outside ASCII at character 2"},
		{"Cyrillic look-alike", "SEСRET", "a character outside ASCII at character 3"},
		{"full-width letter", "\uff33ECRET", "a character outside ASCII at character 1"},
		{"not UTF-8", "SECRET\xff", "a byte that isn't UTF-8 at character 7"},
		{"UTF-16 read as bytes", "S\x00E\x00", "a control character (U+0000) at character 2"},
		{"the first of several, counted in characters", "\u00e9\u200b", "a character outside ASCII at character 1"},
	}
	for _, tt := range tests {
		err := paste.CheckToken(tt.text)
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: CheckToken(%q) = %v, want nil", tt.name, tt.text, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: CheckToken(%q) = %v, want %q", tt.name, tt.text, err, tt.want)
		} else if strings.Contains(err.Error(), "SEC") || strings.Contains(err.Error(), "CRET") {
			t.Errorf("%s: CheckToken: the error repeats the text: %v", tt.name, err)
		}
	}
}

func TestCheckURI(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"https://iamscim.googleapis.com/v1alpha1/tenants/abc?aadOptscim062020", ""},
		{"https://h/it's", ""}, // an apostrophe is a sub-delimiter
		{"", "the URI is empty"},
		{"https://h/v1\u200b", "the URI has a zero-width space (U+200B) at character 13"},
		{"\ufeffhttps://h/v1", "a byte order mark (U+FEFF) at character 1"},
		{"https://h/v1\u2014alpha", "a typographic dash (U+2014) at character 13"},
		{"https://h/v1 ", "a space (U+0020) at character 13"},
		{"https://bücher.example/v1", "a character outside ASCII at character 10"},
	}
	for _, tt := range tests {
		err := paste.CheckURI(tt.text)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("CheckURI(%q) = %v, want %q", tt.text, err, tt.want)
		}
	}
}
