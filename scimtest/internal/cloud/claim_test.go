package cloud

import (
	"testing"

	"github.com/iamscim/iamscim/scimtest/internal/directory"
)

// TestMapped: what the control plane accepts for google.subject and google.group is what the
// directory evaluates.
func TestMapped(t *testing.T) {
	t.Parallel()
	accepted := map[string]bool{}
	for _, e := range SupportedExpressions() {
		accepted[e.Key+"="+e.Expression] = true
	}
	evaluated := map[string]bool{}
	for _, e := range directory.MappedExpressions() {
		evaluated[e] = true
		if !accepted[e] {
			t.Errorf("%s is evaluated and not accepted for a tenant", e)
		}
	}
	for e := range accepted {
		if !evaluated[e] {
			t.Errorf("%s is accepted for a tenant and not evaluated", e)
		}
	}
}
