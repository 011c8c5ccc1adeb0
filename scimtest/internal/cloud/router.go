package cloud

import (
	"net/http"
	"net/url"
	"strings"
)

// Routes lists every control-plane method, in the order of the API's reference.
func Routes() []Route {
	list := make([]Route, len(routes))
	for i, r := range routes {
		list[i] = r.Route
	}
	return list
}

// newRoute takes a line of the table apart once.
func newRoute(method, path, id, permission string, query []string, h handler) *route {
	r := &route{Route: Route{method, path, id, permission}, query: query, handler: h}
	r.segments = strings.Split(path, "/")
	last := len(r.segments) - 1
	r.segments[last], r.verb, _ = strings.Cut(r.segments[last], ":")
	return r
}

// match compares a route with the segments of an escaped path and returns the
// decoded variables. An id with a slash or a dot segment in it, however
// escaped, is kept for the caller to refuse.
func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	vars := make(map[string]string)
	for i, want := range r.segments {
		got := segments[i]
		last := i == len(segments)-1
		if last && r.verb != "" {
			id, ok := strings.CutSuffix(got, ":"+r.verb)
			if !ok {
				return nil, false
			}
			got = id
		}
		if !strings.HasPrefix(want, "{") {
			if got != want {
				return nil, false
			}
			continue
		}
		id, err := url.PathUnescape(got)
		if err != nil || id == "" {
			return nil, false
		}
		vars[want[1:len(want)-1]] = id
	}
	return vars, true
}

// findRoute finds the method for an HTTP verb and an escaped path.
func findRoute(method, escapedPath string) (*route, map[string]string) {
	path, ok := strings.CutPrefix(escapedPath, "/")
	if !ok {
		return nil, nil
	}
	segments := strings.Split(path, "/")
	for _, r := range routes {
		if r.Method != method {
			continue
		}
		if vars, ok := r.match(segments); ok {
			return r, vars
		}
	}
	return nil, nil
}

// StartsOperation reports whether a request is a write that replies with an
// operation.
func StartsOperation(r *http.Request) bool {
	route, _ := findRoute(r.Method, r.URL.EscapedPath())
	return route != nil && route.Method != http.MethodGet && strings.HasPrefix(route.ID, "iam.") &&
		!strings.Contains(route.ID, ".scimTenants.") && !strings.Contains(strings.ToLower(route.verb), "iam")
}

// IsSCIM reports whether a request is for the SCIM service.
func IsSCIM(r *http.Request) bool { return strings.HasPrefix(r.URL.EscapedPath(), "/v1alpha1/") }
