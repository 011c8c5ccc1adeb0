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
	for _, typ := range []*resourceType{userType, groupType} {
		c := s.collection(typ)
		entries := make([]int, len(c.keys))
		live += len(c.records)
		if !slices.IsSortedFunc(c.records, byOrder) {
			t.Errorf("%ss are not in the order of creation", typ.name)
		}
		for _, rec := range c.records {
			if s.find(typ, rec.id) != rec {
				t.Errorf("id %s does not lead to its record", rec.id)
			}
			for i, k := range c.keys {
				for key := range k.of(rec.attributes) {
					entries[i]++
					if !slices.Contains(c.indexes[i][key], rec) {
						t.Errorf("%s is not in the index of %s under %q", rec.id, k, key)
					}
				}
			}
			checkMemberships(t, s, rec)
		}
		for i, k := range c.keys {
			indexed := 0
			for key, list := range c.indexes[i] {
				indexed += len(list)
				if len(list) == 0 {
					t.Errorf("index of %s holds nothing under %q", k, key)
				}
			}
			if indexed != entries[i] {
				t.Errorf("index of %s has %d entries, want %d", k, indexed, entries[i])
			}
		}
	}
	if len(s.records) != live {
		t.Errorf("%d ids are known, want %d", len(s.records), live)
	}
}

func checkMemberships(t testing.TB, s *store, rec *record) {
	t.Helper()
	for group := range rec.memberOf {
		if s.records[group.id] != group || !slices.Contains(group.members, rec) {
			t.Errorf("%s is a member of %s, which does not know it", rec.id, group.id)
		}
	}
	seen := map[*record]bool{}
	for _, m := range rec.members {
		if seen[m] || s.records[m.id] != m || !m.memberOf[rec] {
			t.Errorf("%s has the member %s, which does not know it or is there twice", rec.id, m.id)
		}
		seen[m] = true
	}
	if rec.contains(rec) {
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
	if got := len(f.dir.store.find(groupType, g).members); got != 20 {
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
		{"id is taken", d.AddUser, `{"id":"U-2","userName":"eve","emails":[{"value":"e@x","type":"work"}]}`, "", "409: id U-2 is taken"},
		{"rules hold", d.AddUser, `{"userName":"eve"}`, "", "invalidValue: a user must have exactly one email"},
		{"unique", d.AddUser, user("ADA"), "", "uniqueness: "},
		{"JSON", d.AddUser, `{`, "", "invalidSyntax: "},
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
