package agent_test

import (
	"strings"
	"testing"

	"github.com/iamscim/iamscim/internal/agent"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, email       string
		organization, uid string // "" for an error
	}{
		{"documented", "o-123456789012-abc123@gcp-sa-iamscim.iam.gserviceaccount.com", "123456789012", "abc123"},
		{"a UID with hyphens", "o-1-a-b-c@gcp-sa-iamscim.iam.gserviceaccount.com", "1", "a-b-c"},
		{"a UID with upper case", "o-1-AbC_9@gcp-sa-iamscim.iam.gserviceaccount.com", "1", "AbC_9"},
		{"another universe", "o-1-abc@gcp-sa-iamscim.s3ns-system.iam.gserviceaccount.com", "1", "abc"},
		{"another universe's own domain", "o-1-abc@gcp-sa-iamscim.example-universe.goog", "1", "abc"},
		{"empty", "", "", ""},
		{"a policy member", "serviceAccount:o-1-abc@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"no UID", "o-1-@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"no organization", "o--abc@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"an organization's name", "o-acme-abc@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"another service's agent", "service-1@gcp-sa-iam.iam.gserviceaccount.com", "", ""},
		{"another project that begins alike", "o-1-abc@gcp-sa-iamscim-evil.iam.gserviceaccount.com", "", ""},
		{"no domain after the project", "o-1-abc@gcp-sa-iamscim", "", ""},
		{"one label after the project", "o-1-abc@gcp-sa-iamscim.com", "", ""},
		{"a domain that goes on after Google's", "o-1-abc@gcp-sa-iamscim.iam.gserviceaccount.com.example.com", "", ""},
		{"two at signs", "o-1-abc@x@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"blank", "o-1-abc@gcp-sa-iamscim.iam.gserviceaccount.com ", "", ""},
		{"line feed", "o-1-abc@gcp-sa-iamscim.iam.gserviceaccount.com\n", "", ""},
		{"zero-width space", "o-1-abc\u200b@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"an empty label", "o-1-abc@gcp-sa-iamscim..gserviceaccount.com", "", ""},
		{"a long local part", "o-1-" + strings.Repeat("a", 61) + "@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
		{"a hostile length", "o-1-" + strings.Repeat("a", 1<<20) + "@gcp-sa-iamscim.iam.gserviceaccount.com", "", ""},
	}
	for _, tt := range tests {
		organization, uid, err := agent.Parse(tt.email)
		if organization != tt.organization || uid != tt.uid || (err == nil) != (tt.uid != "") {
			t.Errorf("%s: Parse(%.80q) = %q, %q, %v, want %q, %q", tt.name, tt.email, organization, uid, err, tt.organization, tt.uid)
		}
		if err != nil && len(err.Error()) > 240 {
			t.Errorf("%s: Parse: an error of %d bytes", tt.name, len(err.Error()))
		}
	}
}

// TestParseErrors: what is said of an address, and its limits (RFC 5321 section
// 4.5.3.1), on both sides.
func TestParseErrors(t *testing.T) {
	t.Parallel()
	const host = "gcp-sa-iamscim"
	long := func(bytes int) string {
		tail := ".goog"
		return "o-1-a@" + host + strings.Repeat(".a", (bytes-len(host)-len(tail))/2) + strings.Repeat("b", (bytes-len(host)-len(tail))%2) + tail
	}
	tests := []struct{ name, email, want string }{
		{"empty", "", "required, as in Tenant.ServiceAgent"},
		{"a name", "agent", "must look like " + agent.Form + ", is \"agent\""},
		{"shown whole", strings.Repeat("x", 100), "is \"" + strings.Repeat("x", 100) + "\""},
		{"cut", strings.Repeat("x", 101), "is \"" + strings.Repeat("x", 100) + "\"… (101 bytes)"},
		{"64 characters before the sign", "o-1-" + strings.Repeat("a", 60) + "@gcp-sa-iamscim.iam.gserviceaccount.com", ""},
		{"65 characters before the sign", "o-1-" + strings.Repeat("a", 61) + "@gcp-sa-iamscim.iam.gserviceaccount.com", "must look like"},
		{"255 characters after the sign", long(255), ""},
		{"256 characters after the sign", long(256), "must look like"},
	}
	for _, tt := range tests {
		_, _, err := agent.Parse(tt.email)
		if (err == nil) != (tt.want == "") || err != nil && !strings.HasSuffix(err.Error(), tt.want) && !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: Parse(%q) = %v, want %q", tt.name, tt.email, err, tt.want)
		}
	}
}

func TestEmailParses(t *testing.T) {
	t.Parallel()
	if organization, uid, err := agent.Parse(agent.Email("123", "abc-d")); organization != "123" || uid != "abc-d" || err != nil {
		t.Errorf("Parse(Email(123, abc-d)) = %q, %q, %v", organization, uid, err)
	}
	if got := agent.Email("ORGANIZATION", "UID"); got != agent.Form {
		t.Errorf("Email = %q, want the form %q", got, agent.Form)
	}
}
