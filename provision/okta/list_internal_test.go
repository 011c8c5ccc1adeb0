package okta

import (
	"net/http"
	"net/url"
	"testing"
)

// FuzzNextLink: whatever the header says, the token goes to the same list of the
// same organization.
func FuzzNextLink(f *testing.F) {
	const current = "https://example.okta.com/api/v1/apps/0oa1/users?limit=500"
	for _, value := range []string{
		`<https://example.okta.com/api/v1/apps/0oa1/users?after=x>; rel="next"`, `<?after=x>;rel=next`, `<//evil.example/api/v1/apps/0oa1/users>; rel="next"`,
		`<https://example.okta.com@evil.example/api/v1/apps/0oa1/users>; rel=next`, `</api/v1/apps/0oa1/users/../users?x>; rel="next self"`, `<a>,<b>; rel=next, <`, `;<>;rel="next`, "<https://example.okta.com:443/api/v1/apps/0oa1/users>; rel=next",
	} {
		f.Add(value, value)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		next, linked, err := nextLink(http.Header{"Link": {first, second}}, current)
		if next == "" || err != nil {
			return
		}
		u, perr := url.Parse(next)
		if perr != nil || !linked || u.Scheme != "https" || u.Host != "example.okta.com" || u.User != nil || u.EscapedPath() != "/api/v1/apps/0oa1/users" || u.Fragment != "" {
			t.Errorf("nextLink(%q, %q) = %q, %v, %v", first, second, next, linked, err)
		}
	})
}
