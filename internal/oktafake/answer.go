package oktafake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

func rate(w http.ResponseWriter, limit, remaining int, reset int64) {
	w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(remaining))
	w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(reset, 10))
}

func fail(w http.ResponseWriter, status int, code, summary string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errorCode":%q,"errorSummary":%s,"errorLink":%q,"errorId":"oaeqTuhK7lAQYmf1lyCbNxVYQ","errorCauses":[]}`, code, quote(summary), code)
}

func quote(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// scopeOf is the scope that a call needs, by the OpenAPI document.
func scopeOf(r *http.Request) []string {
	path := strings.TrimPrefix(r.URL.Path, "/api/v1/")
	switch {
	case r.Method != http.MethodGet:
		return []string{"okta.apps.manage"}
	case strings.Contains(path, "/group-push/"):
		return []string{"okta.apps.read", "okta.groups.read"}
	case strings.HasPrefix(path, "apps/"):
		return []string{"okta.apps.read"}
	case strings.HasPrefix(path, "groups"):
		return []string{"okta.groups.read"}
	case strings.HasPrefix(path, "logs"):
		return []string{"okta.logs.read"}
	}
	return []string{"okta.users.read"}
}

func (o *Okta) unauthorized(w http.ResponseWriter, r *http.Request) bool {
	scheme := "SSWS "
	if o.Scopes != nil {
		scheme = "Bearer "
	}
	if r.Header.Get("Authorization") != scheme+Token {
		fail(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
		return true
	}
	for _, scope := range scopeOf(r) {
		switch {
		case o.Scopes != nil && !slices.Contains(o.Scopes, scope):
			w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="http://example.okta.com/oauth2/v1/authorize", realm="http://example.okta.com", scope="`+scope+
				`", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", resource="`+r.URL.Path+`"`)
			w.WriteHeader(http.StatusForbidden)
			return true
		case slices.Contains(o.Denied, scope):
			fail(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
			return true
		}
	}
	return false
}

// answer answers a request. The caller holds the lock.
func (o *Okta) answer(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	parts := strings.Split(path, "/")
	if !ok || parts[0] == "apps" && (len(parts) < 2 || parts[1] != App) {
		missing(w, r.URL.Path)
		return
	}
	if parts[0] == "apps" {
		parts = parts[2:]
		o.ofApp(w, r, strings.Join(parts, "/"))
		return
	}
	switch {
	case path == "groups":
		page(o, w, r, 10000, o.Groups, groupsOf(r), func(g Group) string { return g.text(r.URL.Query().Get("expand") == "stats") })
	case parts[0] == "groups" && len(parts) == 3 && parts[2] == "users":
		i := slices.IndexFunc(o.Groups, func(g Group) bool { return g.ID == parts[1] })
		if i < 0 {
			missing(w, parts[1]+" (UserGroup)")
			return
		}
		isMember := map[string]bool{}
		for _, id := range o.Groups[i].Members {
			isMember[id] = true
		}
		page(o, w, r, 1000, o.People, func(p Person) bool { return isMember[p.ID] }, Person.user)
	case path == "users":
		page(o, w, r, 200, o.People, usersOf(r), Person.user)
	case parts[0] == "users" && len(parts) == 2:
		o.one(w, parts[1], "User", func(Person) bool { return true }, Person.user)
	case parts[0] == "users" && len(parts) == 3 && parts[2] == "groups":
		list(w, texts(o.Groups, func(g Group) bool { return slices.Contains(g.Members, parts[1]) }, func(g Group) string { return g.text(false) }))
	case path == "logs":
		filter := r.URL.Query().Get("filter")
		list(w, texts(o.Events, func(e Event) bool { return strings.Contains(filter, fmt.Sprintf("target.id eq %q", e.Person)) }, Event.text))
	default:
		missing(w, r.URL.Path)
	}
}

func missing(w http.ResponseWriter, what string) {
	fail(w, http.StatusNotFound, "E0000007", "Not found: Resource not found: "+what)
}

// ofApp answers a request below the app.
func (o *Okta) ofApp(w http.ResponseWriter, r *http.Request, path string) {
	connection := orElse(o.Connection, "ENABLED")
	switch {
	case path == "":
		object(w, `{"id":%q,"name":"google_workforce","label":"Google Cloud Workforce Identity Federation","status":%q,"features":%s,
			"credentials":{"userNameTemplate":{"template":%s,"type":"BUILT_IN"}},"settings":{"app":%s,"notifications":{"vpn":{"network":{"connection":"DISABLED"}}}},"signOnMode":"SAML_2_0"}`,
			App, orElse(o.AppStatus, "ACTIVE"), orElse(o.AppFeatures, "[]"), quote(orElse(o.Template, "${source.login}")), orElse(o.AppSettings, "{}"))
	case path == "connections/default":
		scheme := "TOKEN"
		if connection == "UNKNOWN" {
			scheme = "UNKNOWN"
		}
		object(w, `{"status":%q,"authScheme":%q,"profile":{"authScheme":%q},"baseUrl":%s}`, connection, scheme, scheme, quote(o.BaseURL))
	case r.Method == http.MethodPost && path == "connections/default/lifecycle/deactivate":
		o.Connection = "DISABLED"
		w.WriteHeader(http.StatusNoContent)
	case path == "features":
		if o.Capabilities == "" {
			fail(w, http.StatusBadRequest, "E0000041", "Feature cannot be read while provisioning is off.")
			return
		}
		list(w, []string{`{"name":"USER_PROVISIONING","status":"ENABLED","description":"d","capabilities":` + o.Capabilities + `}`, `{"name":"INBOUND_PROVISIONING","status":"DISABLED"}`})
	case path == "group-push/mappings":
		q := r.URL.Query()
		page(o, w, r, 100, o.Groups, func(g Group) bool { return g.Push != "" && (!q.Has("sourceGroupId") || q.Get("sourceGroupId") == g.ID) }, Group.mapping)
	case path == "users":
		q := strings.ToLower(r.URL.Query().Get("q"))
		page(o, w, r, 50, o.People, func(p Person) bool { return p.Assigned && strings.HasPrefix(strings.ToLower(p.Login), q) },
			func(p Person) string { return p.appUser(r.URL.Query().Get("expand") == "user") })
	case strings.HasPrefix(path, "users/"):
		o.one(w, strings.TrimPrefix(path, "users/"), "AppUser", func(p Person) bool { return p.Assigned },
			func(p Person) string { return p.appUser(r.URL.Query().Get("expand") == "user") })
	default:
		missing(w, r.URL.Path)
	}
}

func orNull(text string) string {
	if text == "" {
		return "null"
	}
	return quote(text)
}

func object(w http.ResponseWriter, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, format, args...)
}

func list(w http.ResponseWriter, elements []string) {
	object(w, "[%s]", strings.Join(elements, ",\n"))
}

func (o *Okta) one(w http.ResponseWriter, id, kind string, keep func(Person) bool, text func(Person) string) {
	for _, p := range o.People {
		if p.ID == id && keep(p) {
			object(w, "%s", text(p))
			return
		}
	}
	missing(w, id+" ("+kind+")")
}

// texts are those of the elements to keep.
func texts[T any](all []T, keep func(T) bool, text func(T) string) []string {
	var list []string
	for _, v := range all {
		if keep(v) {
			list = append(list, text(v))
		}
	}
	return list
}

// most are the greatest limits of pages; another limit is the greatest by default.
var most = map[int]int{100: 1000, 50: 500}

// page answers with a page of a list, and its links.
func page[T any](o *Okta, w http.ResponseWriter, r *http.Request, byDefault int, all []T, keep func(T) bool, text func(T) string) {
	q := r.URL.Query()
	limit := byDefault
	if q.Has("limit") {
		n, err := strconv.Atoi(q.Get("limit"))
		if err != nil || n < 1 {
			fail(w, http.StatusBadRequest, "E0000001", "Api validation failed: limit")
			return
		}
		limit = min(n, orElse(most[byDefault], byDefault))
	}
	if o.PageSize > 0 {
		limit = min(limit, o.PageSize)
	}
	begin := 0
	if after := q.Get("after"); after != "" {
		text, err := base64.RawURLEncoding.DecodeString(after)
		begin, _ = strconv.Atoi(strings.TrimPrefix(string(text), "cursor"))
		if err != nil {
			fail(w, http.StatusBadRequest, "E0000031", "Invalid search criteria.")
			return
		}
	}
	var here []string
	end, more := begin, false
	for i, v := range all {
		if i < begin || !keep(v) {
			continue
		}
		if more = len(here) == limit; more {
			break
		}
		here, end = append(here, text(v)), i+1
	}
	link := func(rel string, q url.Values) {
		w.Header().Add("Link", fmt.Sprintf("<http://%s%s?%s>; rel=%q", r.Host, r.URL.Path, q.Encode(), rel))
	}
	link("self", q)
	if more {
		q.Set("after", base64.RawURLEncoding.EncodeToString([]byte("cursor"+strconv.Itoa(end))))
		link("next", q)
	}
	list(w, here)
}

func (p Person) user() string {
	return fmt.Sprintf(`{"id":%q,"status":%q,"created":"2026-01-01T00:00:00.000Z","profile":{"login":%s,"email":%s,"firstName":"F","lastName":"L"},"credentials":{"provider":{"type":"OKTA","name":"OKTA"}}}`,
		p.ID, orElse(p.Status, "ACTIVE"), quote(p.Login), quote(p.Email))
}

func (p Person) appUser(embed bool) string {
	embedded := ""
	if embed {
		embedded = `,"_embedded":{"user":` + p.user() + `}`
	}
	return fmt.Sprintf(`{"id":%q,"externalId":%s,"created":"2026-01-01T00:00:00.000Z","statusChanged":"2026-01-02T00:00:00.000Z","status":%q,"syncState":%q,"lastSync":%s,"scope":"GROUP",
		"credentials":{"userName":%s},"profile":{"email":%s,"displayName":%s,"groups":[1,2]}%s,"_links":{"app":{"href":"x"}}}`,
		p.ID, orNull(p.SCIMID), orElse(p.AppStatus, "PROVISIONED"), orElse(p.SyncState, "SYNCHRONIZED"), orNull(p.LastSync), quote(p.Login), quote(p.Email), orNull(p.Name), embedded)
}

func (g Group) text(stats bool) string {
	embedded := ""
	if stats {
		count := len(g.Members)
		if g.Count != nil {
			count = *g.Count
		}
		embedded = fmt.Sprintf(`,"_embedded":{"stats":{"usersCount":%d,"appsCount":1}}`, count)
	}
	return fmt.Sprintf(`{"id":%q,"type":"OKTA_GROUP","profile":{"name":%s,"description":null}%s}`, g.ID, quote(g.Name), embedded)
}

// mapping is the mapping that pushes the group.
func (g Group) mapping() string {
	return fmt.Sprintf(`{"id":"gPm%s","sourceGroupId":%q,"targetGroupId":"00gtarget%s","status":%q,"errorSummary":%s,"lastPush":%s,"created":"2026-01-01T00:00:00.000Z"}`,
		g.ID[3:], g.ID, g.ID[9:], g.Push, orNull(g.Error), orNull(g.LastPush))
}

func (e Event) text() string {
	return fmt.Sprintf(`{"uuid":"u","published":%q,"eventType":%q,"displayMessage":"Push user to external application","severity":"WARN","outcome":{"result":%q,"reason":%s},
		"target":[{"id":%q,"type":"User","displayName":"P"},{"id":%q,"type":"AppInstance"}]}`, e.Published, e.Type, e.Result, orNull(e.Reason), e.Person, orElse(e.App, App))
}

// groupsOf knows the filter for one ID, and the list without a filter.
func groupsOf(r *http.Request) func(Group) bool {
	id, filtered := strings.CutPrefix(r.URL.Query().Get("filter"), `id eq "`)
	return func(g Group) bool { return !filtered || g.ID == strings.TrimSuffix(id, `"`) }
}

// usersOf knows a filter for statuses, and the list without, which leaves out who
// is DEPROVISIONED.
func usersOf(r *http.Request) func(Person) bool {
	filter := r.URL.Query().Get("filter")
	return func(p Person) bool {
		status := orElse(p.Status, "ACTIVE")
		if filter == "" {
			return status != "DEPROVISIONED"
		}
		return strings.Contains(filter, fmt.Sprintf("status eq %q", status))
	}
}
