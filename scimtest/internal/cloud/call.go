package cloud

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"github.com/iamscim/iamscim/scimtest/internal/wire"
)

// A call is one control-plane request on its way through a handler. Handlers
// run under the server's lock.
type call struct {
	*Cloud
	r     *http.Request
	route *route
	vars  map[string]string
	query url.Values
	body  []byte
	now   time.Time
	// seeding makes writes visible at once and answer without an operation.
	seeding bool
}

// A Route is one method of the control plane that the fake answers.
type Route struct {
	Method     string // the HTTP verb
	Path       string // "v1/locations/{location}/workforcePools/{pool}:undelete"
	ID         string // in the discovery document: "iam.locations.workforcePools.undelete"
	Permission string // what the caller needs, "" for none
}

type handler func(*call) (any, error)

// route is a Route with what serves it.
type route struct {
	Route
	// query names the parameters of the method beyond the API's common ones.
	query    []string
	handler  handler
	segments []string
	verb     string
}

// commonQuery are the parameters every method of the API takes.
// See https://cloud.google.com/apis/docs/system-parameters.
var commonQuery = []string{
	"$.xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser",
	"uploadType", "upload_protocol",
	"$alt", "$fields", "$key", "$prettyPrint", "$userProject", "$callback", "$outputDefaults",
}

// checkQuery refuses parameters that the method does not have.
func (c *call) checkQuery() *wire.Refusal {
	var violations []violation
	given := make([]string, 0, len(c.query))
	for name := range c.query {
		given = append(given, name)
	}
	slices.Sort(given)
	for _, name := range given {
		if slices.Contains(commonQuery, name) || slices.Contains(c.route.query, camelCase(name)) {
			continue
		}
		violations = append(violations, violation{"", "Invalid JSON payload received. Unknown name \"" + wire.Clip(name) +
			"\": Cannot bind query parameter. Field '" + wire.Clip(name) + "' could not be found in request message.", behavior.Query})
	}
	if violations != nil {
		return invalid(violations)
	}
	switch alt := c.common("alt"); alt {
	case "", "json":
	default:
		return invalidField(behavior.Alt, "alt", "Unsupported output format %q: only json is served.", wire.Clip(alt))
	}
	return nil
}

// common is a system parameter, with or without its "$".
func (c *call) common(name string) string {
	if v := c.query.Get(name); v != "" {
		return v
	}
	return c.query.Get("$" + name)
}

// param is a parameter of the method in lowerCamelCase or snake_case.
func (c *call) param(name string) string {
	if c.query.Has(name) {
		return c.query.Get(name)
	}
	return c.query.Get(snakeCase(name))
}

// flag is a boolean parameter.
func (c *call) flag(name string) (bool, *wire.Refusal) {
	v := c.param(name)
	switch {
	case v == "":
		return false, nil
	case strings.EqualFold(v, "true"), v == "1":
		return true, nil
	case strings.EqualFold(v, "false"), v == "0":
		return false, nil
	}
	return false, invalidField(behavior.Query, snakeCase(name), "Invalid value at '%s' (TYPE_BOOL), %q", snakeCase(name), wire.Clip(v))
}

// pageSize is the page_size parameter: zero is the default, more than the
// maximum is the maximum.
func (c *call) pageSize(usual, most int) (int, *wire.Refusal) {
	v := c.param("pageSize")
	if v == "" {
		return usual, nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil {
		return 0, invalidField(behavior.PageSize, "page_size", "Invalid value at 'page_size' (TYPE_INT32), %q", wire.Clip(v))
	}
	switch {
	case n < 0:
		return 0, invalidField(behavior.PageSize, "page_size", "page_size must not be negative, is %d", n)
	case n == 0:
		return usual, nil
	}
	return min(int(n), most), nil
}

// name is the resource's name from the path.
func (c *call) name() string {
	var parts []string
	for i, segment := range c.route.segments {
		if i == 0 { // the API version
			continue
		}
		if strings.HasPrefix(segment, "{") {
			segment = c.vars[segment[1:len(segment)-1]]
		}
		parts = append(parts, segment)
	}
	return strings.Join(parts, "/")
}

// parent is the name with its last segment (of a collection's path, as in
// create and list) or its last two (of a resource's path) taken off.
func parentName(name string) string {
	segments := strings.Split(name, "/")
	if len(segments)%2 == 1 {
		return strings.Join(segments[:len(segments)-1], "/")
	}
	return strings.Join(segments[:len(segments)-2], "/")
}

// poolOf is the name of the pool a resource is in, its first four segments.
func poolOf(name string) string {
	segments := strings.SplitN(name, "/", 5)
	return strings.Join(segments[:min(len(segments), 4)], "/")
}

// resourceID is the last segment of a name.
func resourceID(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// openRefusal is a refusal with the status that a row chooses.
func (c *call) openRefusal(rule behavior.ID, field, text string) *wire.Refusal {
	if status := c.cfg.Choices.Of(rule); status != "INVALID_ARGUMENT" {
		return refuse(rule, status, "%s", text)
	}
	return invalidField(rule, field, "%s", text)
}
