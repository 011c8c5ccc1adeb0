// Package resname is the grammar of the IAM API's resource names in this
// module: which segments a name has and what an id may look like. It knows no
// resource, so that the clients' typed names and the in-memory server can
// share it without sharing anything else.
//
// A name is its segments joined by "/":
//
//	locations/L/workforcePools/P
//	locations/L/workforcePools/P/providers/PR
//	locations/L/workforcePools/P/providers/PR/scimTenants/T
//	locations/L/workforcePools/P/providers/PR/scimTenants/T/tokens/K
//
// The rules for ids are those of the API's discovery document
// (iam/v1, revision 20261023) and, where it is silent, of the gcloud reference.
package resname

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is one level of a name: its collection and the rule for its ids.
type Kind struct {
	collection string // "workforcePools"
	noun       string // "workforce pool"
	min, max   int    // length of an id in characters, which are all ASCII
	letter     bool   // begins with a letter
	noHyphen   bool   // does not end with a hyphen
	opaque     bool   // chosen by the service: any visible ASCII but "/"
}

// The kinds, from the outermost in.
var (
	// Location is "global" in every documented call; the API has a variable
	// there, and so has this.
	Location = Kind{collection: "locations", noun: "location", min: 1, max: 63, letter: true, noHyphen: true}
	// Pool ids: 6 to 63 characters, a letter first, no hyphen last.
	Pool = Kind{collection: "workforcePools", noun: "workforce pool", min: 6, max: 63, letter: true, noHyphen: true}
	// Provider ids: 4 to 32 characters.
	Provider = Kind{collection: "providers", noun: "provider", min: 4, max: 32}
	// Tenant ids: 4 to 32 characters.
	Tenant = Kind{collection: "scimTenants", noun: "SCIM tenant", min: 4, max: 32}
	// Token ids: 4 to 32 characters, a letter first, no hyphen last.
	Token = Kind{collection: "tokens", noun: "SCIM token", min: 4, max: 32, letter: true, noHyphen: true}
	// Key ids: 4 to 32 characters.
	Key = Kind{collection: "keys", noun: "provider key", min: 4, max: 32}
	// Operation ids are the service's own: 1 to 128 characters.
	Operation = Kind{collection: "operations", noun: "operation", min: 1, max: 128, opaque: true}
)

// Collection is the segment in front of an id of this kind.
func (k Kind) Collection() string { return k.collection }

// String is the noun for a resource of this kind, as in "SCIM tenant".
func (k Kind) String() string { return k.noun }

// Check returns nil for an id of this kind and otherwise an error with every
// rule it breaks. The reserved prefix is no part of it: see [Reserved].
func (k Kind) Check(id string) error {
	if id == "" {
		return fmt.Errorf("%s ID is empty", k.noun)
	}
	var broken []string
	for i := 0; i < len(id); i++ {
		c := id[i]
		if k.opaque && (c <= ' ' || c > '~' || c == '/') {
			broken = append(broken, "only visible ASCII characters but / are allowed")
			break
		}
		if !k.opaque && !lower(c) && !digit(c) && c != '-' {
			broken = append(broken, "only a-z, 0-9 and - are allowed")
			break
		}
	}
	if k.opaque && (id == "." || id == "..") {
		broken = append(broken, "must not be a dot segment, which leads to another resource")
	}
	if n := len(id); n < k.min || n > k.max {
		broken = append(broken, fmt.Sprintf("must be %d to %d characters", k.min, k.max))
	}
	if k.letter && !lower(id[0]) {
		broken = append(broken, "must begin with a letter a-z")
	}
	if k.noHyphen && id[len(id)-1] == '-' {
		broken = append(broken, "must not end with -")
	}
	if broken == nil {
		return nil
	}
	return fmt.Errorf("%s ID %s: %s", k.noun, clip(id), strings.Join(broken, "; "))
}

// CheckChild is Check for the id of a resource in parent, which is its name or "":
// every resource but the outermost has one.
func (k Kind) CheckChild(parent, id string) error {
	if parent == "" {
		return fmt.Errorf("%s %s: its parent's name is missing", k.noun, clip(id))
	}
	return k.Check(id)
}

// Reserved reports whether Google keeps the id to itself: ids that begin with
// "gcp-" name resources that exist but cannot be created by a caller.
func Reserved(id string) bool { return strings.HasPrefix(id, "gcp-") }

// Parse takes a name apart into its ids, one for each kind, outermost first.
// It accepts no other collections, no missing or extra segments, and no
// leading or trailing slash. The error names the place of every fault.
func Parse(name string, kinds ...Kind) ([]string, error) {
	segments := strings.Split(name, "/")
	if len(segments) != 2*len(kinds) {
		return nil, fmt.Errorf("%s has %d segments, want %d: %s", clip(name), len(segments), 2*len(kinds), Pattern(kinds...))
	}
	ids := make([]string, len(kinds))
	var faults []error
	form := ""
	for i, k := range kinds {
		if got := segments[2*i]; got != k.collection {
			faults = append(faults, fmt.Errorf("segment %d is %s, want %q", 2*i+1, clip(got), k.collection))
			form = " is not of the form " + Pattern(kinds...)
		}
		ids[i] = segments[2*i+1]
		if err := k.Check(ids[i]); err != nil {
			faults = append(faults, err)
		}
	}
	if faults != nil {
		return nil, fmt.Errorf("%s%s: %w", clip(name), form, join(faults))
	}
	return ids, nil
}

// Pattern is the form of a name of these kinds, for messages:
// "locations/LOCATION/workforcePools/WORKFORCE_POOL".
func Pattern(kinds ...Kind) string {
	var b strings.Builder
	for i, k := range kinds {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(k.collection)
		b.WriteByte('/')
		b.WriteString(strings.ToUpper(strings.ReplaceAll(k.noun, " ", "_")))
	}
	return b.String()
}

// Join makes the name of a child: parent, the kind's collection, the id. An
// empty parent makes an outermost name.
func Join(parent string, k Kind, id string) string {
	if parent == "" {
		return k.collection + "/" + id
	}
	return parent + "/" + k.collection + "/" + id
}

func lower(c byte) bool { return 'a' <= c && c <= 'z' }
func digit(c byte) bool { return '0' <= c && c <= '9' }

// clip quotes a value for a message and cuts it, so that a hostile name does
// not become a hostile log line.
func clip(s string) string {
	const maxShown = 160
	if len(s) > maxShown {
		return fmt.Sprintf("%q… (%d bytes)", s[:maxShown], len(s))
	}
	return fmt.Sprintf("%q", s)
}

// join is errors.Join on one line.
func join(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return errors.New(strings.Join(texts, "; "))
}
