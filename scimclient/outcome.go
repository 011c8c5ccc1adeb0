package scimclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

// This file says what the end of an attempt means: for the caller, and for
// whether there is another attempt.

// broken is an attempt without a whole reply.
func (c *Client) broken(ctx context.Context, r *request, err error) (retry.Verdict, *Error) {
	if strings.Contains(err.Error(), "transport connection broken") {
		// net/http has no sentinel for a header that was cut, and its text
		// repeats what came of it.
		err = fmt.Errorf("the header of the reply was cut: %w", io.ErrUnexpectedEOF)
	}
	if err == io.EOF {
		err = fmt.Errorf("the connection ended before a reply: %w", err)
	}
	// The shared classification wants net/http's own wrapping back.
	wrapped := &url.Error{Op: r.method, Err: err}
	class := retry.Transport(ctx, wrapped)
	if !retry.Unsent(wrapped) {
		r.lost = true
	}
	if ctx.Err() != nil {
		// The caller's doing, not the network's.
		return r.verdict(class, 0), r.fail(nil, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("no whole reply within %v", attemptTimeout)
	}
	e := r.fail(ErrUnreachable, err)
	e.Remedy = c.remedy(e.Kind)
	return r.verdict(class, 0), e
}

// unusable is a 2xx reply that does not say what it should. Only one that was
// cut is asked for again.
func (c *Client) unusable(r *request, rep *reply, cut bool, err error) (retry.Verdict, *Error) {
	r.lost = true
	e := r.fail(iamscim.ErrBadReply, inWords(err))
	e.Status = rep.status
	e.Remedy = c.remedy(e.Kind)
	class := retry.Final
	if cut {
		class = retry.Ambiguous
	}
	return r.verdict(class, 0), e
}

// inWords says which attribute has the wrong type, without its value and
// without names of Go.
func inWords(err error) error {
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		is, _, _ := strings.Cut(wrong.Value, " ")
		if wrong.Field == "" {
			return fmt.Errorf("the reply is JSON of another kind: a JSON %s", is)
		}
		return fmt.Errorf("the attribute %s has a JSON %s where a %s belongs", wrong.Field, is, wrong.Type.Kind())
	}
	return err
}

// refused is a reply that is not a 2xx.
func (c *Client) refused(r *request, rep *reply) (retry.Verdict, *Error) {
	class := retry.Status(rep.status)
	// A 3xx does not say either: 303 is the answer to a POST that was done (RFC
	// 9110 section 15.4.4).
	if class == retry.Ambiguous || rep.status < 400 {
		r.lost = true
	}
	e := r.fail(r.kindOf(rep.status), nil)
	e.Status = rep.status
	e.SCIMType, e.Detail = errorBody(rep.body)
	e.Remedy = c.remedy(e.Kind)
	switch {
	case e.SCIMType == "mutability":
		e.Remedy = "a value that google.subject or google.group is mapped from cannot be changed: delete the resource and create it again"
	case e.Kind == iamscim.ErrInvalidArgument && e.Detail != "":
		e.Remedy = "print the error with %+v for what the service said, which may hold names"
	}
	return r.verdict(class, retry.After(rep.header, time.Now())), e
}

// verdict decides about another attempt.
func (r *request) verdict(class retry.Class, least time.Duration) retry.Verdict {
	r.class = class
	return retry.Verdict{Again: class == retry.Refused || class == retry.Ambiguous && r.repeat, Least: least}
}

// kindOf returns the sentinel of a status that is not a 2xx.
func (r *request) kindOf(status int) error {
	switch {
	case status >= 300 && status <= 399:
		return iamscim.ErrRedirected
	case status == http.StatusUnauthorized:
		return ErrTokenRejected
	case status == http.StatusForbidden:
		return ErrNotSyncer
	case status == http.StatusNotFound && r.optional:
		return ErrUnsupported
	case status == http.StatusNotFound && r.one:
		return ErrNotFound
	case status == http.StatusNotFound:
		return ErrTenantUnknown
	case status == http.StatusConflict:
		return ErrConflict
	case status == http.StatusPreconditionFailed:
		return ErrPreconditionFailed
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented:
		return ErrUnsupported
	case status == http.StatusRequestTimeout || status >= 500:
		return iamscim.ErrUnavailable
	case status >= 400:
		return iamscim.ErrInvalidArgument
	}
	return iamscim.ErrBadReply
}

// errorBody reads the body of an error reply: a SCIM error (RFC 7644 section
// 3.12), a Google API error, or any text. Nothing in it is relied on: 401s are
// known not to be JSON.
func errorBody(body []byte) (scimType, detail string) {
	var scim struct {
		SCIMType string `json:"scimType"`
		Detail   string `json:"detail"`
		Error    struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	// An attribute of another type than RFC 7644 gives it (status as
	// a number is common) must not cost the others.
	err := json.Unmarshal(body, &scim)
	if wrong := (*json.UnmarshalTypeError)(nil); err == nil || errors.As(err, &wrong) {
		if scim.Detail == "" {
			scim.Detail = scim.Error.Message
		}
		if scim.Detail != "" || scim.SCIMType != "" {
			return word(scim.SCIMType), scim.Detail
		}
	}
	const most = 300
	text := strings.ToValidUTF8(string(body[:min(len(body), most)]), "")
	return "", strings.Join(strings.Fields(text), " ")
}

// word returns s if it could be a scimType; it is printed, so it must not be
// a place for anything else.
func word(s string) string {
	if len(s) > 32 {
		return ""
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return ""
		}
	}
	return s
}

const remedyThrottled = "the tenant's quota is 3,000 requests per minute for everybody who uses it: try later, or give this client less of it with WithRate"

// remedy is what to do about a failure that says nothing more by itself.
func (c *Client) remedy(kind error) string {
	switch kind {
	case ErrTokenRejected:
		return "check that the token is whole, belongs to this tenant and is not deleted; a token just created may need a minute (WaitAccess waits for it)"
	case ErrNotSyncer:
		return c.remedyNotSyncer()
	case ErrTenantUnknown:
		return "check the base URI against the baseUri of the SCIM tenant, and that the tenant is not deleted"
	case ErrThrottled:
		return remedyThrottled
	case ErrUnreachable:
		return fmt.Sprintf("check that %s can be reached from here, also through the proxy if there is one", c.base.Host)
	case iamscim.ErrUnavailable:
		return "the service failed, which may pass: try later"
	case ErrUnsupported:
		return "if the server should have this, check the base URI: CheckAccess tells whether there is a tenant"
	case iamscim.ErrRedirected:
		return "redirects are not followed, as they would carry the token elsewhere: check the base URI and the proxy"
	case iamscim.ErrBadReply:
		return "check that the base URI is that of a SCIM service and that no proxy answers in its place"
	}
	return ""
}

// remedyNotSyncer names the member and the role to bind, as exactly as is
// known.
func (c *Client) remedyNotSyncer() string {
	organization, agent := "ORGANIZATION_ID", c.serviceAgent
	if m := serviceAgentForm.FindStringSubmatch(agent); m != nil {
		organization = m[1]
	} else {
		agent = "o-" + organization + "-" + c.base.Path[strings.LastIndexByte(c.base.Path, '/')+1:] + "@gcp-sa-iamscim.iam.gserviceaccount.com"
	}
	return fmt.Sprintf("bind it on the organization: gcloud organizations add-iam-policy-binding %s --member='serviceAccount:%s' --role='roles/iam.scimSyncer'"+
		" (in Go: scimtenant.OrganizationClient.GrantSyncer(ctx, %q, %q)), and allow some minutes for it to take effect; if it is bound, make sure that the token is not expired", organization, agent, organization, agent)
}
