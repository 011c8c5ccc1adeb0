package audit

import (
	"fmt"
	"strings"
	"testing"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	k := newKeys()
	texts := []string{"", "a", strings.Repeat("b", maxKey), strings.Repeat("c", 40_000), "ä", "a\x00"}
	for i := range 60_000 {
		texts = append(texts, fmt.Sprintf("key-%036d", i))
	}
	for i, text := range texts {
		if got, ok := k.add(text); !ok || got != uint32(i) {
			t.Fatalf("add(%.40q) = %d, %v", text, got, ok)
		}
	}
	for i, text := range texts {
		got, ok := k.find(text)
		if !ok || got != uint32(i) || k.key(got) != text {
			t.Fatalf("find(%.40q) = %d, %v, want %d", text, got, ok, i)
		}
	}
	for _, text := range []string{"b", "key-", "a\x00\x00"} {
		if i, ok := k.find(text); ok {
			t.Errorf("find(%q) = %d", text, i)
		}
	}
	if _, ok := k.add(strings.Repeat("x", maxKey+1)); ok {
		t.Error("a key of more than 64 KiB is accepted")
	}
}

// Two keys may have the same hash.
func TestKeysCollide(t *testing.T) {
	t.Parallel()
	k := newKeys()
	first, _ := k.add("first")
	for hash := range k.byHash {
		delete(k.byHash, hash)
	}
	// As if "second" had the hash that "first" is found by.
	other := newKeys()
	other.seed = k.seed
	other.add("second")
	for hash := range other.byHash {
		k.byHash[hash] = first
	}
	second, ok := k.add("second")
	if !ok || second == first {
		t.Fatalf("add = %d, %v", second, ok)
	}
	if got, ok := k.find("second"); !ok || got != second || k.key(got) != "second" {
		t.Errorf("find = %d, %v, want %d", got, ok, second)
	}
}
