// Package oktafake is a small Okta in memory, for tests: one organization with one
// app, whose users and groups are pushed into a tenant. It answers the calls of the
// management API that package provision/okta makes, in the forms of Okta's OpenAPI
// document 5.1. It shares no code with that package. Nothing in it was compared with
// a live organization.
package oktafake

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// The app and its organization.
const (
	App   = "0oa1gjh63g214q0Hq0g4"
	Token = "fake-okta-token"
)

// Person is a user of the organization.
type Person struct {
	ID    string
	Login string
	Email string
	Name  string // displayName of the app's profile

	Status string // of the Okta user; ACTIVE by default

	// Assigned makes the person a user of the app, with these:
	Assigned  bool
	AppStatus string // PROVISIONED by default
	SyncState string // SYNCHRONIZED by default
	SCIMID    string // externalId of the user of the app
	LastSync  string
}

// Group is a group of the organization.
type Group struct {
	ID      string
	Name    string
	Members []string // IDs of people

	Push     string // status of the mapping that pushes it: ACTIVE, INACTIVE, ERROR, or "" for none
	Error    string // errorSummary
	LastPush string

	Count *int // usersCount, if it's wrong
}

// Event is an event of the System Log about a person and the app.
type Event struct {
	Person, App, Type, Result, Reason, Published string
}

// Okta is the organization. Set its fields before it serves; the zero values are
// those of an app that is set up and on.
type Okta struct {
	People []Person
	Groups []Group
	Events []Event // the newest first

	AppStatus    string // ACTIVE by default
	AppFeatures  string // JSON array; [] by default
	AppSettings  string // JSON object of settings.app; {} by default
	Template     string // of user names; ${source.login} by default
	Connection   string // ENABLED by default
	BaseURL      string // of the connection
	Capabilities string // JSON of USER_PROVISIONING; "" if the features can't be read

	// Scopes are those of an OAuth access token, which Token is then. nil makes it
	// an API token. Denied are the scopes that correspond to what the API token's
	// administrator may not do.
	Scopes, Denied []string

	PageSize   int // the most elements of a page; the page's own limit by default
	PerMinute  int // requests of a bucket; 600 by default
	AtATime    int // requests; 75 by default
	ClockAhead time.Duration

	// Intercept sees each request before it's answered. It returns true if it
	// answered itself. n counts from 1.
	Intercept func(n int, w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex
	requests []string
	inFlight int
	used     map[string]int // by bucket and minute
}

// Requests returns method and path of each request, in order.
func (o *Okta) Requests() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.requests...)
}

// Do changes the organization while it serves.
func (o *Okta) Do(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

// ServeHTTP answers a request.
func (o *Okta) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	o.requests = append(o.requests, r.Method+" "+r.URL.Path)
	n := len(o.requests)
	o.inFlight++
	crowded := o.inFlight > orElse(o.AtATime, 75)
	o.mu.Unlock()
	defer func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.inFlight--
	}()
	now := time.Now().Add(o.ClockAhead)
	w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
	w.Header().Set("X-Okta-Request-Id", "reqVy8wsvmBQN27h4soUE3ZEnA")
	if o.Intercept != nil && o.Intercept(n, w, r) {
		return
	}
	if crowded {
		rate(w, 0, 0, now.Unix()+1)
		fail(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
		return
	}
	if o.overLimit(w, r, now) || o.unauthorized(w, r) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.answer(w, r)
}

// overLimit counts the request in its bucket.
func (o *Okta) overLimit(w http.ResponseWriter, r *http.Request, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	minute := now.Truncate(time.Minute)
	key := bucketOf(r) + minute.String()
	if o.used == nil {
		o.used = map[string]int{}
	}
	limit := orElse(o.PerMinute, 600)
	o.used[key]++
	rate(w, limit, max(0, limit-o.used[key]), minute.Add(time.Minute).Unix())
	if o.used[key] <= limit {
		return false
	}
	fail(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
	return true
}

// bucketOf is the path without IDs.
func bucketOf(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i := range parts {
		if len(parts[i]) == 20 {
			parts[i] = "ID"
		}
	}
	return strings.Join(parts, "/")
}

func orElse[T comparable](v, otherwise T) T {
	var none T
	if v == none {
		return otherwise
	}
	return v
}
