package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// provePatch reads whether the resource is as the patch should have made it.
// Members are not part of what the service returns, and are asked for one by
// one.
func (s *endpoint[T]) provePatch(ctx context.Context, op, id string, patch *Patch, maxAttempts int) (proof, error) {
	if !patch.provable() {
		return unknowable, nil
	}
	var have map[string]any
	// A member that was added shows that the server's "no" about the removed
	// ones is an answer.
	ops := slices.Clone(patch.ops)
	slices.SortStableFunc(ops, func(a, b operation) int { return strings.Compare(a.Op, b.Op) })
	for _, o := range ops {
		if o.Path != "" && o.parts.isMembers() {
			p, err := s.proveMembers(ctx, op, id, o, maxAttempts)
			if p != proven || err != nil {
				return p, err
			}
			continue
		}
		if have == nil {
			now, err := s.get(ctx, op, id, maxAttempts, nil)
			if err != nil {
				return unknowable, err
			}
			if err := json.Unmarshal(s.head(now).doc.text, &have); err != nil {
				return unknowable, err
			}
		}
		done, err := o.done(have)
		if err != nil {
			return unknowable, err
		}
		if !done {
			return refuted, nil
		}
	}
	return proven, nil
}

// proveMembers asks for each member an operation adds or removes.
func (s *endpoint[T]) proveMembers(ctx context.Context, op, id string, o operation, maxAttempts int) (proof, error) {
	ids, _ := o.memberIDs()
	for _, user := range ids {
		is, err := s.c.Groups.isMember(ctx, op, id, user, maxAttempts)
		if errors.Is(err, ErrUnproven) && o.Op == "add" {
			return refuted, err // it may be there later, and then that's proof
		}
		if err != nil {
			return unknowable, err
		}
		if is != (o.Op == "add") {
			return refuted, nil
		}
	}
	return proven, nil
}

// memberIDs returns the ids an operation on members adds or removes, and
// whether that is all it does.
func (o operation) memberIDs() ([]string, bool) {
	switch {
	case o.Op == "add" && !o.parts.filtered && o.parts.sub == "":
		var members []Member
		if json.Unmarshal(o.Value, &members) != nil {
			return nil, false
		}
		ids := make([]string, len(members))
		for i, m := range members {
			ids[i] = m.Value
		}
		return ids, true
	case o.Op == "remove" && o.parts.filtered && o.parts.sub == "":
		terms, ok := parseTerms(o.parts.filter)
		if !ok || len(terms) != 1 || !strings.EqualFold(terms[0].attr, "value") {
			return nil, false
		}
		id, ok := terms[0].value.(string)
		return []string{id}, ok
	}
	return nil, false
}

// provable reports that reading can tell whether the patch was applied.
func (p *Patch) provable() bool {
	for i, o := range p.ops {
		switch {
		case o.Path == "":
			var value map[string]any
			if json.Unmarshal(o.Value, &value) != nil || lookup(value, "members") != nil {
				return false
			}
		case o.parts.isMembers():
			if _, ok := o.memberIDs(); !ok {
				return false
			}
		case o.parts.filtered:
			terms, ok := parseTerms(o.parts.filter)
			if !ok {
				return false
			}
			for _, t := range terms {
				// Afterwards the filter selects something else.
				if o.Op != "remove" && strings.EqualFold(t.attr, o.parts.sub) {
					return false
				}
			}
		}
		// What a later operation changes again cannot be read.
		for _, later := range p.ops[i+1:] {
			if overlap(o, later) {
				return false
			}
		}
	}
	return true
}

// overlap reports that two operations may concern the same attribute.
func overlap(a, b operation) bool {
	if a.Path == "" || b.Path == "" {
		return true
	}
	if !strings.EqualFold(a.parts.urn, b.parts.urn) || !strings.EqualFold(a.parts.attr, b.parts.attr) {
		return false
	}
	if a.parts.isMembers() && b.parts.isMembers() {
		of, _ := a.memberIDs()
		ids, _ := b.memberIDs()
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(of, id) })
	}
	return a.parts.sub == "" || b.parts.sub == "" || strings.EqualFold(a.parts.sub, b.parts.sub)
}

// done reports whether the resource is as the operation should have left it.
func (o operation) done(have map[string]any) (bool, error) {
	var want any
	if o.Op != "remove" {
		if err := json.Unmarshal(o.Value, &want); err != nil {
			return false, err
		}
	}
	if o.Path == "" {
		return carries(have, want, ""), nil
	}
	p := o.parts
	scope, attr := have, p.attr
	if p.urn != "" {
		if whole := lookup(have, p.urn+":"+p.attr); whole != nil {
			// The path names the extension itself.
			attr = p.urn + ":" + p.attr
		} else {
			scope, _ = lookup(have, p.urn).(map[string]any)
		}
	}
	now := lookup(scope, attr)
	if p.filtered {
		return o.doneElements(now, want), nil
	}
	name := p.attr
	if p.sub != "" {
		inner, _ := now.(map[string]any)
		now, name = lookup(inner, p.sub), name+"."+p.sub
	}
	if o.Op == "remove" {
		return isUnassigned(now), nil
	}
	list, isList := now.([]any)
	wanted, isWantedList := want.([]any)
	if isList && !isWantedList {
		want = []any{want}
	}
	if o.Op == "replace" && isList && isWantedList && len(list) != len(wanted) {
		return false, nil
	}
	return carries(now, want, name), nil
}

// doneElements is done for the elements a value filter selects.
func (o operation) doneElements(now, want any) bool {
	list, _ := now.([]any)
	terms, _ := parseTerms(o.parts.filter)
	matched, carrying := 0, false
	for _, e := range list {
		element, _ := e.(map[string]any)
		if o.parts.sub == "" && o.Op != "remove" {
			// The element may have taken values that the filter does not
			// select.
			carrying = carrying || carries(element, want, o.parts.attr)
			continue
		}
		if !selects(terms, element) {
			continue
		}
		matched++
		value := lookup(element, o.parts.sub)
		switch {
		case o.Op == "remove" && o.parts.sub == "":
			return false
		case o.Op == "remove" && !isUnassigned(value):
			return false
		case o.Op != "remove" && !carries(value, want, o.parts.attr+"."+o.parts.sub):
			return false
		}
	}
	if o.Op == "remove" {
		return true
	}
	return carrying || matched > 0
}

// isUnassigned: absent, null and the empty list are one (RFC 7643 section 2.5).
func isUnassigned(v any) bool {
	list, isList := v.([]any)
	return v == nil || isList && len(list) == 0
}

// term is one comparison of a value filter.
type term struct {
	attr  string
	value any
}

// parseTerms takes apart a filter of "eq" and "and"; it reports false for any
// other.
func parseTerms(filter string) ([]term, bool) {
	var terms []term
	rest := filter
	for {
		i := strings.IndexByte(rest, ' ')
		if i < 0 || !isAttribute(rest[:i]) {
			return nil, false
		}
		t := term{attr: rest[:i]}
		rest = strings.TrimLeft(rest[i:], " ")
		if len(rest) < 2 || !strings.EqualFold(rest[:2], "eq") {
			return nil, false
		}
		rest = strings.TrimLeft(rest[2:], " ")
		dec := json.NewDecoder(strings.NewReader(rest))
		if dec.Decode(&t.value) != nil {
			return nil, false
		}
		terms = append(terms, t)
		rest = rest[dec.InputOffset():]
		if strings.TrimSpace(rest) == "" {
			return terms, true
		}
		trimmed := strings.TrimLeft(rest, " ")
		if trimmed == rest || len(trimmed) < 4 || !strings.EqualFold(trimmed[:4], "and ") {
			return nil, false
		}
		rest = strings.TrimLeft(trimmed[4:], " ")
	}
}

// selects reports whether all terms hold for an element.
func selects(terms []term, element map[string]any) bool {
	for _, t := range terms {
		have := lookup(element, t.attr)
		if h, ok := have.(string); ok {
			if want, ok := t.value.(string); ok && strings.EqualFold(h, want) {
				continue
			}
		}
		if have != t.value {
			return false
		}
	}
	return true
}
