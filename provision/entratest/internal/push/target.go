// Package push speaks SCIM 2.0 as Microsoft Entra ID's provisioning service does: matching queries,
// creates, and the two forms of PATCH that the flag aadOptscim062020 chooses between. It trusts no
// reply: each is bounded in time and size.
package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Flag in the query of the tenant URL asks for the PATCH forms of RFC 7644.
const Flag = "aadOptscim062020"

// maxReply is how much of a reply is read.
const maxReply = 1 << 20

// Target is a SCIM service.
type Target struct {
	base, token string
	flag        bool
	client      *http.Client
	timeout     time.Duration
}

// NewTarget checks a tenant URL. Its query is for the flag and isn't sent.
func NewTarget(address, token string, client *http.Client, timeout time.Duration) (*Target, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, &Error{Code: CodeIncompatible, Reason: "the tenant URL isn't an absolute http or https URL"}
	}
	flag := strings.Contains(u.RawQuery, Flag)
	u.RawQuery, u.Fragment = "", ""
	copied := *client
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Target{strings.TrimRight(u.String(), "/"), token, flag, &copied, timeout}, nil
}

// Legacy is the same service with the PATCH forms from before the flag, as on-demand provisioning
// sends them.
func (t *Target) Legacy() *Target {
	legacy := *t
	legacy.flag = false
	return &legacy
}

// The error codes of provisioning.
// https://learn.microsoft.com/entra/identity/monitoring-health/concept-provisioning-logs
const (
	CodeUnauthorized = "Unauthorized"
	CodeConflict     = "EntryConflict"
	CodeAnchor       = "InvalidAnchor"
	CodeMany         = "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"
	CodeIncompatible = "SystemForCrossDomainIdentityManagementServiceIncompatible"
	CodeProtocol     = "WebExceptionProtocolError"
	CodeThrottled    = "TooManyRequests"
	CodeServer       = "InternalServerError"
	CodeUnreachable  = "WebExceptionConnectFailure"
)

// Error is a request that failed.
type Error struct {
	Status int // 0 without a reply
	Code   string
	Reason string
}

func (e *Error) Error() string { return e.Code + ": " + e.Reason }

// Endpoint reports whether the failure is the whole service's: it can't be reached, it rejects the
// credentials, or a collection isn't there.
func (e *Error) Endpoint() bool {
	return e.Code == CodeUnauthorized || e.Code == CodeUnreachable || e.Status == http.StatusNotFound && e.Code != CodeAnchor
}

// Resource is what a service returns.
type Resource map[string]any

// maxID is how long an id may be.
const maxID = 1000

// ID is the SCIM id, "" if there is none that can be kept.
func (r Resource) ID() string {
	id, _ := r["id"].(string)
	if len(id) > maxID {
		return ""
	}
	return id
}

// Find lists the resources with an attribute of this value: at most two matter.
func (t *Target) Find(ctx context.Context, kind Kind, attribute, value string) ([]Resource, error) {
	query := "filter=" + escape(attribute+" eq "+quote(value))
	if kind == Groups {
		query = "excludedAttributes=members&" + query
	}
	return t.search(ctx, kind, query)
}

// Refers asks whether an attribute of a resource refers to another one: the members of a group, the
// manager of a user.
func (t *Target) Refers(ctx context.Context, kind Kind, id, attribute, other string) (bool, error) {
	query := "filter=" + escape("id eq "+quote(id)+" and "+attribute+" eq "+quote(other))
	if kind == Groups {
		query = "excludedAttributes=members&" + query
	} else {
		query += "&attributes=id"
	}
	found, err := t.search(ctx, kind, query)
	return len(found) > 0, err
}

func (t *Target) search(ctx context.Context, kind Kind, query string) ([]Resource, error) {
	doc, err := t.do(ctx, http.MethodGet, "/"+string(kind)+"?"+query, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	list, isList := member(doc, "Resources").([]any)
	if !isList && member(doc, "Resources") != nil || member(doc, "totalResults") == nil {
		return nil, &Error{Status: http.StatusOK, Code: CodeIncompatible, Reason: "the reply to a query isn't a ListResponse"}
	}
	var found []Resource
	for _, x := range list {
		r, _ := x.(map[string]any)
		if Resource(r).ID() == "" {
			return nil, &Error{Status: http.StatusOK, Code: CodeIncompatible, Reason: "a resource without an id, or with one that is too long"}
		}
		found = append(found, r)
	}
	return found, nil
}

// Get reads a resource. It's an [Error] with CodeAnchor if it is gone.
func (t *Target) Get(ctx context.Context, kind Kind, id string) (Resource, error) {
	path := "/" + string(kind) + "/" + url.PathEscape(id)
	if kind == Groups {
		path += "?excludedAttributes=members"
	}
	return t.anchored(t.do(ctx, http.MethodGet, path, nil, http.StatusOK))
}

// anchored makes a 404 for a resource that was known before what it is.
func (t *Target) anchored(r Resource, err error) (Resource, error) {
	var failed *Error
	if errors.As(err, &failed) && failed.Status == http.StatusNotFound {
		failed.Code = CodeAnchor
		failed.Reason = "an object that was created or matched before no longer exists in the target system"
	}
	return r, err
}

// Create makes a resource and returns its id.
func (t *Target) Create(ctx context.Context, kind Kind, body map[string]any) (string, error) {
	made, err := t.do(ctx, http.MethodPost, "/"+string(kind), body, http.StatusCreated, http.StatusOK)
	if err != nil {
		return "", err
	}
	if made.ID() == "" {
		return "", &Error{Status: http.StatusCreated, Code: CodeIncompatible, Reason: "the reply to a create has no id, or one that is too long"}
	}
	return made.ID(), nil
}

// Update sends changes of a resource.
func (t *Target) Update(ctx context.Context, kind Kind, id string, changes []Change) error {
	return t.patch(ctx, kind, id, t.update(changes))
}

// AddMembers adds users to a group.
func (t *Target) AddMembers(ctx context.Context, group string, users []string) error {
	return t.patch(ctx, Groups, group, addMembers(t.flag, users))
}

// RemoveMember takes a user out of a group.
func (t *Target) RemoveMember(ctx context.Context, group, user string) error {
	return t.patch(ctx, Groups, group, removeMember(t.flag, user))
}

func (t *Target) patch(ctx context.Context, kind Kind, id string, body patch) error {
	_, err := t.anchored(t.do(ctx, http.MethodPatch, "/"+string(kind)+"/"+url.PathEscape(id), body, http.StatusOK, http.StatusNoContent))
	return err
}

// Delete removes a resource. One that is gone already is no error.
func (t *Target) Delete(ctx context.Context, kind Kind, id string) error {
	_, err := t.do(ctx, http.MethodDelete, "/"+string(kind)+"/"+url.PathEscape(id), nil, http.StatusNoContent, http.StatusOK, http.StatusNotFound)
	return err
}

// do sends one request. A status that isn't among want is an [Error].
func (t *Target) do(ctx context.Context, method, path string, body any, want ...int) (Resource, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, t.base+path, sent)
	if err != nil {
		return nil, &Error{Code: CodeIncompatible, Reason: t.clean(err.Error())}
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	req.Header.Set("Accept", "application/scim+json")
	if body != nil {
		req.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, &Error{Code: CodeUnreachable, Reason: t.clean(err.Error())}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, &Error{Status: resp.StatusCode, Code: CodeUnreachable, Reason: t.clean(err.Error())}
	}
	for _, status := range want {
		if resp.StatusCode == status {
			return t.decode(status, text, method == http.MethodGet || method == http.MethodPost)
		}
	}
	return nil, &Error{Status: resp.StatusCode, Code: codeOf(resp.StatusCode), Reason: t.clean(reasonOf(resp.StatusCode, text))}
}

// decode reads a reply. Only those to GET and POST need a body.
func (t *Target) decode(status int, text []byte, needed bool) (Resource, error) {
	if len(text) > maxReply {
		return nil, &Error{Status: status, Code: CodeIncompatible, Reason: fmt.Sprintf("a reply has more than %d bytes", maxReply)}
	}
	var doc Resource
	if err := json.Unmarshal(text, &doc); needed && (err != nil || doc == nil) {
		return nil, &Error{Status: status, Code: CodeIncompatible, Reason: "a reply isn't a JSON object"}
	}
	return doc, nil
}

func codeOf(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return CodeUnauthorized
	case status == http.StatusConflict:
		return CodeConflict
	case status == http.StatusTooManyRequests:
		return CodeThrottled
	case status >= 500:
		return CodeServer
	case status < 400:
		return CodeIncompatible
	}
	return CodeProtocol
}

// reasonOf is what a service says of a refusal: the detail of a SCIM error (RFC 7644 section 3.12).
func reasonOf(status int, text []byte) string {
	var body struct {
		Detail   string `json:"detail"`
		ScimType string `json:"scimType"`
	}
	json.Unmarshal(text, &body) // what isn't JSON has no detail
	reason := fmt.Sprintf("StatusCode: %d %s", status, http.StatusText(status))
	if body.ScimType != "" {
		reason += "; scimType: " + body.ScimType
	}
	if body.Detail != "" {
		reason += "; detail: " + body.Detail
	}
	return reason
}

// maxReason is how long a reason gets.
const maxReason = 1000

// clean takes the token out of a reason, and bounds it.
func (t *Target) clean(reason string) string {
	if t.token != "" {
		reason = strings.ReplaceAll(reason, t.token, "REDACTED")
	}
	return reason[:min(len(reason), maxReason)]
}

// quote is a text in a filter: JSON's rules (RFC 7644 section 3.4.2.2).
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSpace(b.String())
}

// escape is for a query: a space is %20.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// nobody is a value that no object has.
const nobody = "e47a7e57-dead-4000-8000-000000000000"

// Test asks for a user and a group that can't exist, as the button "Test connection" does. An empty
// attribute leaves the question out.
func (t *Target) Test(ctx context.Context, user, group string) error {
	for _, q := range []struct {
		kind      Kind
		attribute string
	}{{Users, user}, {Groups, group}} {
		if q.attribute == "" {
			continue
		}
		found, err := t.Find(ctx, q.kind, q.attribute, nobody)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return &Error{Status: http.StatusOK, Code: CodeIncompatible, Reason: "the service finds an object that doesn't exist"}
		}
	}
	return nil
}
