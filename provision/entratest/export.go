package entratest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/iamscim/iamscim/provision/entratest/internal/mapping"
	"github.com/iamscim/iamscim/provision/entratest/internal/push"
)

// attempt is what came of one object.
type attempt struct {
	*subject
	action  string // create, update, disable, delete, stagedDelete, other
	status  string // success, failure, skipped
	skip    string // why it was skipped
	failed  *push.Error
	target  string // SCIM id
	changes []push.Change
	steps   []step
	at      time.Time
}

// step is one of import, matching, scoping, export and referenceResolution.
type step struct{ kind, name, status, text string }

const (
	success = "success"
	failure = "failure"
	skipped = "skipped"

	skipRedundant   = "RedundantExport"
	skipNotEntitled = "NotEffectivelyEntitled"
)

const targetName = "customappsso"

// mappings of a kind of object; nil if it isn't mapped.
func (r *run) mappings(kind push.Kind) *mapping.Objects {
	if kind == push.Groups {
		return r.schema.Group
	}
	return r.schema.Users
}

func noun(kind push.Kind) string { return strings.TrimSuffix(string(kind), "s") }

// export brings one object into the target, as far as references aren't needed. It returns nil if there
// is nothing to do.
func (r *run) export(ctx context.Context, x *subject) *attempt {
	l := r.link(x.id)
	a := &attempt{subject: x, action: "other", at: r.now}
	if l != nil {
		a.target = l.id
	}
	switch {
	case l != nil && x.removed():
		return r.remove(ctx, a, l)
	case l != nil && !x.entitled():
		return r.disable(ctx, a, l)
	case !x.entitled():
		if !x.asked || !r.firstSkip(x.id) {
			return nil
		}
		a.imported()
		return a.notEntitled()
	}
	values, err := r.values(x, l == nil)
	switch {
	case err != nil:
		a.imported()
		return a.fail("export", "EntryExport", err)
	case l == nil:
		return r.introduce(ctx, a, values)
	case !r.initial && !l.disabled && !l.differs(values):
		return nil
	}
	a.imported()
	current, err := r.target.Get(ctx, x.kind, l.id)
	if err != nil {
		return a.fail("matching", "EntryImportByIdentifier", err)
	}
	a.step("matching", "EntryImport", success, "Retrieved %s '%s' from %s", noun(x.kind), x.name, targetName)
	a.scopedIn()
	return r.update(ctx, a, l, current, values)
}

// firstSkip reports whether it's news that an object isn't entitled: a row says it once.
func (r *run) firstSkip(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job.skipped[id] && !r.initial {
		return false
	}
	r.job.skipped[id] = true
	return true
}

// removed reports whether the object leaves the target: a hard-deleted user, and a group that is out of
// scope.
func (x *subject) removed() bool { return x.gone || x.kind == push.Groups && !x.entitled() }

// introduce matches an object that isn't known yet, and creates it if nothing matches.
func (r *run) introduce(ctx context.Context, a *attempt, values []push.Value) *attempt {
	a.imported()
	for _, m := range r.mappings(a.kind).Matching() {
		v, err := m.Value(a.object)
		text, isText := v.(string)
		if err != nil || !isText {
			continue
		}
		found, err := r.target.Find(ctx, a.kind, m.Target, text)
		switch {
		case err != nil:
			return a.fail("matching", "EntryImport", err)
		case len(found) > 1:
			return a.fail("matching", "EntryImport", &push.Error{Code: push.CodeMany, Reason: fmt.Sprintf("%d objects have the %s %s", len(found), m.Target, text)})
		case len(found) == 1:
			a.step("matching", "EntryImport", success, "Retrieved %s '%s' from %s", noun(a.kind), a.name, targetName)
			a.scopedIn()
			a.target = found[0].ID()
			l := &link{kind: a.kind, source: a.id, id: a.target, name: a.name, found: true, members: map[string]bool{}}
			r.keep(l)
			return r.update(ctx, a, l, found[0], values)
		}
	}
	a.step("matching", "EntrySynchronizationAdd", success, "%s '%s' will be created in %s (no matching %[1]s was found)", noun(a.kind), a.name, targetName)
	a.scopedIn()
	a.action = "create"
	if !r.mappings(a.kind).Add {
		return a.skipped("SkippedByFlow")
	}
	body, err := push.CreateBody(a.kind, values)
	if err != nil {
		return a.fail("export", "EntryExportAdd", err)
	}
	id, err := r.target.Create(ctx, a.kind, body)
	if err != nil {
		return a.fail("export", "EntryExportAdd", err)
	}
	a.target = id
	for _, v := range values {
		if v.Value != nil {
			a.changes = append(a.changes, push.Change{Target: v.Target, New: v.Value})
		}
	}
	r.keep(&link{kind: a.kind, source: a.id, id: id, name: a.name, exported: exported(values), members: map[string]bool{}})
	return a.succeed("EntryExportAdd", "%s '%s' was created in %s", noun(a.kind), a.name, targetName)
}

// update sends what differs between the target and the mappings.
func (r *run) update(ctx context.Context, a *attempt, l *link, current push.Resource, values []push.Value) *attempt {
	a.action = "update"
	plain := slices.DeleteFunc(slices.Clone(values), func(v push.Value) bool { return v.Target == managerTarget })
	changes, err := push.Compare(current, plain)
	if err != nil {
		return a.fail("export", "EntryExportUpdate", err)
	}
	done := func() {
		manager, had := l.exported[managerTarget]
		l.exported, l.disabled, l.name = exported(values), false, a.name
		if had {
			l.exported[managerTarget] = manager // the references' business
		}
		r.keep(l)
	}
	if len(changes) == 0 || !r.mappings(a.kind).Update {
		done()
		return a.skipped(skipRedundant)
	}
	a.changes = changes
	if err := r.target.Update(ctx, a.kind, l.id, changes); err != nil {
		return a.fail("export", "EntryExportUpdate", err)
	}
	done()
	return a.succeed("EntryExportUpdate", "%s '%s' was updated in %s", noun(a.kind), a.name, targetName)
}

// disables reports whether a known user is to be made inactive.
func (r *run) disables(x *subject, l *link) bool {
	outOfScopeOnly := !x.scoped && x.active
	return x.kind == push.Users && !x.gone && !x.entitled() && !l.disabled && r.mappings(x.kind).Update && !(outOfScopeOnly && r.skipOutOfScope)
}

// disable makes a user inactive: the mapping of active decides how.
func (r *run) disable(ctx context.Context, a *attempt, l *link) *attempt {
	if !r.disables(a.subject, l) {
		return nil
	}
	a.imported()
	a.action = "disable"
	values, err := r.values(a.subject, false)
	if err != nil {
		return a.fail("export", "EntryExportDisable", err)
	}
	i := slices.IndexFunc(values, func(v push.Value) bool { return v.Target == "active" })
	if i < 0 {
		return a.skipped("ActiveIsNotMapped")
	}
	a.changes = []push.Change{{Target: "active", Old: true, New: values[i].Value}}
	if err := r.target.Update(ctx, a.kind, l.id, a.changes); err != nil {
		return a.fail("export", "EntryExportDisable", err)
	}
	l.disabled = true
	r.keep(l)
	return a.succeed("EntryExportDisable", "User '%s' was disabled in %s", a.name, targetName)
}

// remove deletes an object in the target.
func (r *run) remove(ctx context.Context, a *attempt, l *link) *attempt {
	m := r.mappings(a.kind)
	if m == nil || !m.Delete {
		return nil
	}
	a.imported()
	a.action = "delete"
	if err := r.target.Delete(ctx, a.kind, l.id); err != nil {
		return a.fail("export", "EntryExportDelete", err)
	}
	r.forget(a.id)
	return a.succeed("EntryExportDelete", "%s '%s' was deleted in %s", noun(a.kind), a.name, targetName)
}

// managerTarget is the attribute that refers to another user.
const managerTarget = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"

// values is what the mappings make of an object. References are empty here.
func (r *run) values(x *subject, add bool) ([]push.Value, error) {
	var list []push.Value
	for _, m := range r.mappings(x.kind).Attributes {
		if m.OnAdd && !add || m.Target == "members" {
			continue
		}
		if m.Type == "Reference" {
			if add {
				list = append(list, push.Value{Target: m.Target})
			}
			continue
		}
		v, err := m.Value(x.object)
		if err != nil {
			return nil, &push.Error{Code: "AttributeMappingFailed", Reason: err.Error()}
		}
		switch text := v.(type) {
		case []string:
			v = strings.Join(text, ";")
		case string:
			if m.Type == "Boolean" {
				v = strings.EqualFold(text, "true")
			}
		}
		list = append(list, push.Value{Target: m.Target, Value: v})
	}
	return list, nil
}

// exported are values by their attributes.
func exported(values []push.Value) map[string]any {
	sent := map[string]any{}
	for _, v := range values {
		sent[v.Target] = v.Value
	}
	return sent
}

// differs reports whether the mappings make something else of the object than was sent.
func (l *link) differs(values []push.Value) bool {
	return slices.ContainsFunc(values, func(v push.Value) bool { return v.Target != managerTarget && l.exported[v.Target] != v.Value })
}

func (a *attempt) step(kind, name, status, format string, args ...any) {
	a.steps = append(a.steps, step{kind, name, status, fmt.Sprintf(format, args...)})
}

func (a *attempt) imported() {
	a.step("import", "EntryImport", success, "Received %s '%s' from Microsoft Entra ID", noun(a.kind), a.name)
}

func (a *attempt) scopedIn() {
	a.step("scoping", "EntrySynchronizationScoping", success, "Determine if %s in scope by evaluating against each scoping filter", noun(a.kind))
}

func (a *attempt) notEntitled() *attempt {
	a.step("scoping", "EntrySynchronizationSkip", skipped, "%s '%s' isn't entitled: it is disabled, deleted or out of scope", noun(a.kind), a.name)
	a.status, a.skip = skipped, skipNotEntitled
	return a
}

func (a *attempt) skipped(reason string) *attempt {
	a.step("export", "EntrySynchronizationSkip", skipped, "No change to the %s '%s' currently needs to be made (%s)", noun(a.kind), a.name, reason)
	a.status, a.skip = skipped, reason
	return a
}

func (a *attempt) succeed(name, format string, args ...any) *attempt {
	a.step("export", name, success, format, args...)
	a.status = success
	return a
}

func (a *attempt) fail(kind, name string, err error) *attempt {
	failed := &push.Error{Code: push.CodeIncompatible, Reason: err.Error()}
	errors.As(err, &failed)
	a.step(kind, name, failure, "%s '%s' failed: %s", noun(a.kind), a.name, failed.Reason)
	a.status, a.failed = failure, failed
	return a
}
