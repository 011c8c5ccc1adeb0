package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/internal/visible"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision/idp"
)

// maxClaims bounds the claims of an [ExplainRequest], in bytes.
const maxClaims = 64 << 10

// ExplainRequest names a person. Spec.Provider and Person are required.
type ExplainRequest struct {
	// Spec is the set-up. Without a Store the directory can't be read. Of an
	// IdentityProvider it's asked what came of the person.
	Spec Spec

	// Person is the userName of the person, or the SCIM ID.
	Person string

	// Claims are the claims of the person's token, a JSON object of at most
	// 64 KiB: what the page "Debug IdP token" of the console shows as the full
	// token. For SAML it's {"subject": NAME_ID, "attributes": {NAME: [VALUES]}}.
	Claims []byte

	// Roster is what the identity provider should have pushed. Its Confirm reads
	// the row of the person and the person's groups there. Without a Confirm it
	// isn't read.
	Roster idp.Roster
}

// Person is what both sides have of a person. It holds no secret, and values of
// the person.
type Person struct {
	Version  int               `json:"version"`
	Time     time.Time         `json:"time"`
	Provider provider.Name     `json:"provider"`
	Usage    iamscim.SCIMUsage `json:"usage,omitempty"`
	Person   string            `json:"person"`

	// Searched: the directory was asked about the person.
	Searched bool `json:"searched"`

	// User is what the directory has, nil if it has nobody or can't be read.
	// Subject is what the claim mapping makes of the user.
	User             *PersonInDirectory `json:"user,omitempty"`
	Subject          string             `json:"subject,omitempty"`
	SubjectPrincipal string             `json:"subjectPrincipal,omitempty"` // for IAM bindings

	// Groups are those of the directory that the user is in.
	Groups []GroupInDirectory `json:"groups,omitempty"`

	// Token is what the provider's attribute mapping makes of the claims, nil
	// without claims that it can read.
	Token *PersonInToken `json:"token,omitempty"`

	// Roster is the person's row at the identity provider, nil if it isn't read or
	// there is none.
	Roster *PersonInRoster `json:"roster,omitempty"`

	// Attempt is what the identity provider says of the person.
	Attempt *idp.Attempt `json:"attempt,omitempty"`

	// SignIn says whether the person can sign in, and InGroups whether with the
	// groups of the directory.
	SignIn   Answer `json:"signIn"`
	InGroups Answer `json:"inGroups"`

	// Reasons are why not, or why nobody can tell, and Next is what to do.
	Reasons []string `json:"reasons,omitempty"`
	Next    string   `json:"next,omitempty"`

	// NotSearched says what wasn't looked at.
	NotSearched []string `json:"notSearched,omitempty"`
}

// Answer is yes, no or unknown.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// PersonInDirectory is a user as the SCIM service has it.
type PersonInDirectory struct {
	ID         string   `json:"id"`
	UserName   string   `json:"userName"`
	ExternalID string   `json:"externalId,omitempty"`
	Emails     []string `json:"emails,omitempty"`
	Active     bool     `json:"active"`
}

// GroupInDirectory is a group of the directory.
type GroupInDirectory struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Principal   string `json:"principal,omitempty"` // for IAM bindings
}

// PersonInRoster is a user as the identity provider should push it.
type PersonInRoster struct {
	Key        string   `json:"key"`
	UserName   string   `json:"userName,omitempty"`
	ExternalID string   `json:"externalId,omitempty"`
	Emails     []string `json:"emails,omitempty"`
	Active     bool     `json:"active"`
	Groups     []string `json:"groups,omitempty"` // keys of the groups that the user is a direct member of
}

// PersonInToken is what a token says.
type PersonInToken struct {
	Subject string   `json:"subject"`
	Groups  []string `json:"groups,omitempty"`
}

// Explain says about one person what the directory has, which google.subject the
// claim mapping makes of it, and in which groups the person is. With claims of the
// person's token it says whether the token's subject meets it, and why not. Of an
// identity provider it asks what came of the person. It only reads.
//
// It reads what [Clients.Plan] reads, and then
//
//	GET /Users?filter=userName eq "..."
//	GET /Groups?filter=id eq "GROUP" and members eq "USER"
//
// for each group, up to 100 of them.
//
// Errors: those of [Spec.Validate], [iamscim.ErrInvalidArgument] for the rest of the
// request, and that of ctx. Somebody who isn't there is no error.
func (c *Clients) Explain(ctx context.Context, req ExplainRequest) (*Person, error) {
	const op = "provision: explain"
	if err := gapi.Ready(ctx, op, req.Spec.Provider.String()); err != nil {
		return nil, err
	}
	spec := req.Spec.withDefaults()
	spec.Ready = Ready{}
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	var l check.List
	if strings.TrimSpace(req.Person) == "" || len(req.Person) > 1000 {
		l.Add("Person", "must be a user name, of at most 1000 bytes")
	}
	claims, err := readClaims(req.Claims)
	if err != nil {
		l.Add("Claims", "%v", err)
	}
	if err := l.Err(op, spec.Provider.String()); err != nil {
		return nil, err
	}
	x := &explainer{
		spec: spec, w: c.once.observe(ctx, spec), claims: claims, confirm: req.Roster.Confirm,
		out: &Person{Version: 1, Provider: spec.Provider, Person: req.Person, SignIn: Unknown, InGroups: Unknown},
	}
	x.out.Time = x.w.now.UTC().Truncate(time.Second)
	x.look(ctx, c)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", op, spec.Provider, err)
	}
	x.judge()
	return x.out, nil
}

// readClaims reads a JSON object. Its errors don't repeat it.
func readClaims(text []byte) (map[string]any, error) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		return nil, nil
	case len(text) > maxClaims:
		return nil, fmt.Errorf("must have at most %d bytes, has %d", maxClaims, len(text))
	case bytes.HasPrefix(text, []byte("eyJ")):
		return nil, errors.New("is an encoded token, and not its claims, as the console's page Debug IdP token shows them")
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("must be one JSON object: byte %d isn't JSON", syntax.Offset)
		}
		return nil, errors.New("must be one JSON object")
	}
	if len(claims) == 0 {
		return nil, errors.New("has no claims")
	}
	return claims, nil
}

// OK reports that the person can sign in with the groups of the directory.
func (e *Person) OK() bool { return e.SignIn == Yes && e.InGroups == Yes }

// String returns the explanation for people. It holds values of the person.
func (e *Person) String() string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-16s %s\n", name, visible.Text(value))
		}
	}
	fmt.Fprintf(&b, "%s at %s\n", visible.Text(e.Person), e.Provider)
	b.WriteString("\nThe directory:\n")
	if u := e.User; u != nil {
		line("id", u.ID)
		line("userName", u.UserName)
		line("externalId", u.ExternalID)
		line("emails", strings.Join(u.Emails, ", "))
		line("active", fmt.Sprint(u.Active))
		line("google.subject", e.Subject)
		line("", e.SubjectPrincipal)
		for _, g := range e.Groups {
			line("group", g.DisplayName)
			line("", g.Principal)
		}
	} else {
		b.WriteString("  " + map[bool]string{true: "no such user", false: "not read"}[e.Searched] + "\n")
	}
	if t := e.Token; t != nil {
		b.WriteString("\nThe token:\n")
		line("google.subject", t.Subject)
		line("google.groups", strings.Join(t.Groups, ", "))
	}
	if r := e.Roster; r != nil {
		b.WriteString("\nThe identity provider:\n")
		line("key", r.Key)
		line("userName", r.UserName)
		line("externalId", r.ExternalID)
		line("emails", strings.Join(r.Emails, ", "))
		line("active", fmt.Sprint(r.Active))
		line("groups", strings.Join(r.Groups, ", "))
	}
	if a := e.Attempt; a != nil {
		b.WriteString("\nThe identity provider's last attempt:\n")
		if !a.Time.IsZero() {
			line("time", date(a.Time))
		}
		line("result", strings.TrimSpace(fmt.Sprintf("%s %s", a.Result, a.Step)))
		line("code", a.Code)
		line("reason", a.Reason)
		line("recommended", a.Action)
		line("mended by", a.Mend)
	}
	if len(e.NotSearched) > 0 {
		b.WriteString("\nNot searched:\n")
		for _, text := range e.NotSearched {
			fmt.Fprintf(&b, "  %s\n", visible.Text(text))
		}
	}
	fmt.Fprintf(&b, "\nCan sign in: %s. With the groups of the directory: %s.\n", e.SignIn, e.InGroups)
	for _, reason := range e.Reasons {
		fmt.Fprintf(&b, "  %s\n", visible.Text(reason))
	}
	if e.Next != "" {
		fmt.Fprintf(&b, "  → %s\n", visible.Text(e.Next))
	}
	return b.String()
}
