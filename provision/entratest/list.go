package entratest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/provision/entratest/internal/odata"
)

// maxTop is the largest page.
const maxTop = 999

// object is a resource as it is in JSON.
type object = map[string]any

// listing is a list of resources and what may be asked of it.
type listing struct {
	of       string   // the @odata.context
	items    []object // all of them
	selects  []string // what a reply holds without $select; nil is everything
	every    []string // further properties that $select may name
	advanced bool     // it's a query for which ConsistencyLevel: eventual is needed
	order    bool     // $orderby is served
}

// list answers a GET of a list: $filter, $orderby, $top, $skiptoken, $count and $select.
// https://learn.microsoft.com/graph/paging
func (c *call) list(l listing) *reply {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return c.badRequest(ruleQuery, "The query doesn't decode: %v", err)
	}
	for name := range query {
		if !slices.Contains([]string{"$filter", "$orderby", "$top", "$skiptoken", "$count", "$select"}, name) || name == "$orderby" && !l.order {
			return c.badRequest(ruleQuery, "The query parameter %s isn't supported here.", clip(name))
		}
	}
	eventual := strings.EqualFold(c.r.Header.Get("ConsistencyLevel"), "eventual")
	count := query.Get("$count") == "true"
	if (count || l.advanced) && !(eventual && count) {
		return c.refuse(ruleAdvancedQuery, http.StatusBadRequest, "Request_UnsupportedQuery",
			"The query needs the header ConsistencyLevel: eventual and $count=true.")
	}
	items := l.items
	if text := query.Get("$filter"); text != "" {
		keep, err := odata.Filter(text)
		if err != nil {
			return c.badRequest(ruleFilter, "Invalid filter clause: %v", err)
		}
		items = slices.DeleteFunc(slices.Clone(items), func(o object) bool { return !keep(o) })
	}
	if by := query.Get("$orderby"); by != "" {
		name, direction, _ := strings.Cut(by, " ")
		sign := 1
		if direction == "desc" {
			sign = -1
		}
		items = slices.Clone(items)
		slices.SortStableFunc(items, func(a, b object) int {
			return sign * cmp.Compare(fmt.Sprint(odata.Property(a, name)), fmt.Sprint(odata.Property(b, name)))
		})
	}
	size := c.cfg.pageSize
	if query.Has("$top") {
		if size, err = strconv.Atoi(query.Get("$top")); err != nil || size < 1 || size > maxTop {
			return c.badRequest(rulePaging, "Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", clip(query.Get("$top")), maxTop)
		}
	}
	from := 0
	if token := query.Get("$skiptoken"); token != "" {
		if from, err = readSkip(token, c.r.URL.EscapedPath()); err != nil || from > len(items) {
			return c.badRequest(rulePaging, "Invalid skip token.")
		}
	}
	to := min(from+size, len(items))
	page := make([]object, 0, to-from)
	for _, item := range items[from:to] {
		shown, refused := c.selected(item, l)
		if refused != nil {
			return refused
		}
		page = append(page, shown)
	}
	body := object{"@odata.context": c.context(l.of), "value": page}
	if count && from == 0 {
		body["@odata.count"] = len(items)
	}
	if to < len(items) {
		query.Set("$skiptoken", writeSkip(to, c.r.URL.EscapedPath()))
		body["@odata.nextLink"] = "http://" + c.r.Host + c.r.URL.EscapedPath() + "?" + query.Encode()
	}
	return ok(body)
}

// selected is what $select leaves of a resource.
func (c *call) selected(item object, l listing) (object, *reply) {
	names := l.selects
	if text := c.r.URL.Query().Get("$select"); text != "" {
		names = strings.Split(text, ",")
		for i, name := range names {
			names[i] = strings.TrimSpace(name)
			if _, there := item[names[i]]; !there && !slices.Contains(l.every, names[i]) {
				return nil, c.badRequest(ruleSelect, "Could not find a property named '%s'.", clip(names[i]))
			}
		}
	}
	if names == nil {
		return item, nil
	}
	shown := object{"id": item["id"]}
	for _, name := range slices.Concat(names, []string{"@odata.type"}) {
		if v, there := item[name]; there {
			shown[name] = v
		}
	}
	return shown, nil
}

// one answers a GET of one resource.
func (c *call) one(of string, item object, l listing) *reply {
	shown, refused := c.selected(item, l)
	if refused != nil {
		return refused
	}
	body := object{"@odata.context": c.context(of + "/$entity")}
	for name, v := range shown {
		body[name] = v
	}
	return ok(body)
}

// A skip token is opaque; it belongs to its path.
func writeSkip(from int, path string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", from, path))
}

func readSkip(token, path string) (int, error) {
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return 0, err
	}
	number, of, _ := strings.Cut(string(text), " ")
	if of != path {
		return 0, fmt.Errorf("of another list")
	}
	n, err := strconv.ParseUint(number, 10, 31)
	return int(n), err
}
