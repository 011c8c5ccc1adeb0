package storetest

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/iamscim/iamscim/scimtoken"
)

// canonical is JSON without the spaces and the order that a store may change.
func canonical(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("the record %.200q isn't JSON any more: %v", text, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func parse(record scimtoken.Secret) (int, error) {
	var v struct{ N *int }
	if err := json.Unmarshal([]byte(record.Reveal()), &v); err != nil {
		return 0, fmt.Errorf("the record %.200q isn't JSON any more: %w", record.Reveal(), err)
	}
	if v.N == nil {
		return 0, fmt.Errorf("the record %.200q isn't one that was stored", record.Reveal())
	}
	return *v.N, nil
}

func number(t *testing.T, record scimtoken.Secret) int {
	t.Helper()
	n, err := parse(record)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
