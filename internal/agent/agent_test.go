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

func TestEmailParses(t *testing.T) {
	t.Parallel()
	if organization, uid, err := agent.Parse(agent.Email("123", "abc-d")); organization != "123" || uid != "abc-d" || err != nil {
		t.Errorf("Parse(Email(123, abc-d)) = %q, %q, %v", organization, uid, err)
	}
	if got := agent.Email("ORGANIZATION", "UID"); got != agent.Form {
		t.Errorf("Email = %q, want the form %q", got, agent.Form)
	}
}
