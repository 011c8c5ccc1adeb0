package directory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// checkStore verifies what has to hold of a store after every request.
func checkStore(t testing.TB, s *store) {
	t.Helper()
	live := 0
	for _, group := range []bool{false, true} {
		c := s.collection(group)
		entries := make([]int, len(c.keys))
		prev, count := row(0), 0
		for r, rec := range s.all(group) {
			count++
			if rec.prev != prev {
				t.Errorf("row %d: prev is %d, want %d", r, rec.prev, prev)
			}
			prev = r
			if rec.group != group {
				t.Errorf("row %d is among the wrong records", r)
			}
			if s.find(group, rec.id) != r {
				t.Errorf("id %s does not lead to row %d", rec.id, r)
			}
			o := rec.object()
			if rec.extended != (o.get(urnEnterprise) != nil) {
				t.Errorf("row %d: extended is %v", r, rec.extended)
			}
			for i, k := range c.keys {
				for key := range k.of(o) {
					entries[i]++
					if !slices.Contains(slices.Collect(c.indexes[i].find(key)), r) {
						t.Errorf("row %d is not in the index of %s under %q", r, k, key)
					}
				}
			}
			checkMemberships(t, s, r, rec)
		}
		if c.last != prev || c.count != count {
			t.Errorf("list of records ends at %d with %d records, want %d and %d", c.last, c.count, prev, count)
		}
		for i, k := range c.keys {
			indexed := len(c.indexes[i].one)
			for _, more := range c.indexes[i].more {
				indexed += len(more)
				if len(more) == 0 || !slices.IsSorted(more) {
					t.Errorf("index of %s holds a list %v", k, more)
				}
			}
			if indexed != entries[i] {
				t.Errorf("index of %s has %d entries, want %d", k, indexed, entries[i])
			}
		}
		live += count
	}
	if got := len(s.records) - 1 - len(s.free); got != live {
		t.Errorf("%d rows are in use, want %d", got, live)
	}
	if len(s.ids.one)+len(s.ids.more) != live {
		t.Errorf("%d ids are indexed, want %d", len(s.ids.one)+len(s.ids.more), live)
	}
}

func checkMemberships(t testing.TB, s *store, r row, rec *record) {
	t.Helper()
	if !slices.IsSorted(rec.memberOf) || len(slices.Compact(slices.Clone(rec.memberOf))) != len(rec.memberOf) {
		t.Errorf("row %d: groups %v are not in order, each once", r, rec.memberOf)
	}
	for _, g := range rec.memberOf {
		if s.records[g] == nil || !slices.Contains(s.records[g].members, r) {
			t.Errorf("row %d is a member of row %d, which does not know it", r, g)
		}
	}
	seen := map[row]bool{}
	for _, m := range rec.members {
		if seen[m] || s.records[m] == nil || !s.isMember(r, m) {
			t.Errorf("row %d has the member %d, which does not know it or is there twice", r, m)
		}
		seen[m] = true
	}
	if rec.group && s.contains(r, r) {
		t.Errorf("group %s is a member of itself", rec.id)
	}
}

// TestStoreRandomly does what comes, with few distinct values so that keys
// clash and rows are reused, and checks the store after each step.
func TestStoreRandomly(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 11))
	f := newFixture(t, Config{Mapping: looseMapping, Choices: behavior.Choices{behavior.EmailRule: "ANY"}})
	var users, groups []string
	pick := func(list []string) string {
		if len(list) == 0 || rnd.IntN(10) == 0 {
			return "nobody"
		}
		return list[rnd.IntN(len(list))]
	}
	statuses := map[int]int{}
	for range 3000 {
		n := rnd.IntN(12)
		var a answer
		switch rnd.IntN(9) {
		case 0:
			a = f.do("POST", "/Users", fmt.Sprintf(`{"userName":"user%d","displayName":"same","externalId":"x%d","emails":[{"value":"m%d"},{"value":"m%d"}]}`, n, n%3, n, rnd.IntN(12)))
			if a.status == 201 {
				users = append(users, a.body["id"].(string))
			}
		case 1:
			a = f.do("POST", "/Groups", group(fmt.Sprintf("group%d", n), pick(users), pick(groups)))
			if a.status == 201 {
				groups = append(groups, a.body["id"].(string))
			}
		case 2:
			a = f.do("DELETE", "/Users/"+pick(users), "")
		case 3:
			a = f.do("DELETE", "/Groups/"+pick(groups), "")
		case 4:
			a = f.do("PUT", "/Users/"+pick(users), fmt.Sprintf(`{"userName":"user%d","displayName":"other%d"}`, n, n%2))
		case 5:
			a = f.do("PATCH", "/Groups/"+pick(groups), patchOps(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q},{"value":%q}]}`, pick(users), pick(groups))))
		case 6:
			a = f.do("PATCH", "/Groups/"+pick(groups), patchOps(fmt.Sprintf(`{"op":"remove","path":"members[value eq %q]"}`, pick(users))))
		case 7:
			a = f.do("PATCH", "/Groups/"+pick(groups), patchOps(fmt.Sprintf(`{"op":"replace","path":"members","value":[{"value":%q}]}`, pick(users))))
		case 8:
			a = f.do("PATCH", "/Users/"+pick(users), patchOps(fmt.Sprintf(`{"op":"add","path":"emails","value":[{"value":"m%d"}]}`, n), `{"op":"replace","path":"displayName","value":"same"}`))
		}
		statuses[a.status]++
		if a.status >= 500 {
			t.Fatalf("status %d: %s", a.status, a.raw)
		}
		checkStore(t, f.dir.store)
		if t.Failed() {
			t.FailNow()
		}
	}
	for _, status := range []int{200, 201, 204, 400, 404, 409} {
		if statuses[status] < 20 {
			t.Errorf("only %d requests were answered with %d: the test does not do what it is for", statuses[status], status)
		}
	}
}

// TestConcurrentUse is for the race detector, and checks that of many equal
// creates one succeeds.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	g := f.create("/Groups", group("eng"))
	var wg sync.WaitGroup
	var mu sync.Mutex
	created := map[string]int{}
	for range 8 {
		wg.Go(func() {
			for i := range 20 {
				name := fmt.Sprintf("u%d", i)
				if a := f.do("POST", "/Users", user(name)); a.status == 201 {
					mu.Lock()
					created[name]++
					mu.Unlock()
					id := a.body["id"].(string)
					f.must(200, "PATCH", "/Groups/"+g, patchOps(fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, id)))
				} else if a.status != 409 {
					t.Errorf("POST /Users = %d %s, want 201 or 409", a.status, a.raw)
				}
				f.must(200, "GET", "/Users?filter="+escape(fmt.Sprintf("userName eq %q", name)), "")
				f.must(200, "GET", "/Groups", "")
			}
		})
		wg.Go(func() {
			for range 10 {
				s := f.dir.Clone()
				checkStore(t, s.store)
				f.dir.Content("")
			}
		})
	}
	wg.Wait()
	for name, n := range created {
		if n != 1 {
			t.Errorf("%s was created %d times", name, n)
		}
	}
	checkStore(t, f.dir.store)
	if got := len(f.dir.store.records[f.dir.store.find(true, g)].members); got != 20 {
		t.Errorf("the group has %d members, want 20", got)
	}
}

// TestSnapshot takes a copy, changes everything, and puts the copy back.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	f := newFixture(t, Config{})
	ada := f.create("/Users", user("ada"))
	bob := f.create("/Users", user("bob"))
	eng := f.create("/Groups", group("eng", ada, bob))
	users, groups := f.dir.Content("B").Users, f.dir.Content("B").Groups
	wantGroup := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"id":"id-3","displayName":"eng","externalId":"x-eng","members":[{"value":"id-1","type":"User","$ref":"B/Users/id-1"},{"value":"id-2","type":"User","$ref":"B/Users/id-2"}],"meta":{"resourceType":"Group","created":"2026-11-23T12:00:00.000Z","lastModified":"2026-11-23T12:00:00.000Z","location":"B/Groups/id-3"}}`
	if len(groups) != 1 || string(groups[0]) != wantGroup {
		t.Errorf("listGroups = %s, want %s", groups, wantGroup)
	}
	s := f.dir.Clone()
	for range 2 { // a snapshot is good for more than one restore
		f.must(204, "DELETE", "/Users/"+ada, "")
		f.must(200, "PATCH", "/Users/"+bob, patchOps(`{"op":"add","path":"title","value":"x"}`))
		f.must(200, "PATCH", "/Groups/"+eng, patchOps(`{"op":"remove","path":"members"}`))
		f.create("/Users", user("eve"))
		checkStore(t, f.dir.store)
		f.dir.Restore(s)
		checkStore(t, f.dir.store)
		if diff := cmp.Diff(users, f.dir.Content("B").Users); diff != "" {
			t.Errorf("users after restore (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(groups, f.dir.Content("B").Groups); diff != "" {
			t.Errorf("groups after restore (-want +got):\n%s", diff)
		}
		f.wantFound("/Groups", `members eq "`+ada+`"`, eng)
		f.refused(409, uniqueness, "POST", "/Users", user("ada"))
	}
}

func TestAddDirectly(t *testing.T) {
	t.Parallel()
	d := newFixture(t, Config{}).dir
	for _, row := range []struct {
		name    string
		add     func([]byte) (string, error)
		doc     string
		id      string
		wantErr string
	}{
		{"id is made", d.AddUser, user("ada"), "id-1", ""},
		{"id is kept", d.AddUser, `{"id":"U-2","userName":"bob","emails":[{"value":"b@x","type":"work"}]}`, "U-2", ""},
		{"id is taken", d.AddUser, `{"id":"U-2","userName":"eve","emails":[{"value":"e@x","type":"work"}]}`, "", "409 : id U-2 is taken"},
		{"rules hold", d.AddUser, `{"userName":"eve"}`, "", "400 invalidValue: a user must have exactly one email"},
		{"unique", d.AddUser, user("ADA"), "", "409 uniqueness"},
		{"JSON", d.AddUser, `{`, "", "400 invalidSyntax"},
		{"group with members", d.AddGroup, group("eng", "id-1", "U-2"), "id-2", ""},
		{"unknown member", d.AddGroup, group("ops", "U-9"), "", `member "U-9" does not exist`},
	} {
		id, err := row.add([]byte(row.doc))
		if id != row.id || (err == nil) != (row.wantErr == "") || err != nil && !containsText(err, row.wantErr) {
			t.Errorf("%s: add(%s) = %q, %v, want %q and an error with %q", row.name, row.doc, id, err, row.id, row.wantErr)
		}
	}
	checkStore(t, d.store)
}
