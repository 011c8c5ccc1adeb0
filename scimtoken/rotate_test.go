package scimtoken_test

import (
	"strings"
	"testing"
	"testing/synctest"
)

// TestRotate: a rotation without any trouble, and its points.
func TestRotate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, "token-a").adopt()
		r := w.runner("A", nil)
		if r.to(0); r.err != nil {
			t.Fatalf("Rotate = %v", r.err)
		}
		t.Logf("%s\n%s", r.outcome(), strings.Join(r.trace, "\n"))
		if r.result.Resumed || !r.result.Done || r.result.Old != name(t, "token-a") || r.result.New != w.idp.name {
			t.Errorf("Rotate = %+v", r.result)
		}
		w.finished("at the end")
		if w.wrong != "" {
			t.Error(w.wrong)
		}
	})
}
