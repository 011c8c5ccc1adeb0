package discoveryengine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/limit"
	"github.com/iamscim/iamscim/internal/retry"
	"github.com/iamscim/iamscim/internal/useragent"
	"github.com/iamscim/iamscim/scimclient/audit"
)

const (
	defaultEndpoint = "https://discoveryengine.googleapis.com"
	maxBody         = 4 << 20
	maxMembers      = 100 // of a check
	maxSuggestions  = 50
)

// Client asks one engine of Gemini Enterprise. Make it with [New].
type Client struct {
	endpoint string
	location string // projects/P/locations/L
	engine   string
	http     *http.Client
	retry    iamscim.RetryPolicy
}

// Option changes a [Client] under construction.
type Option func(*Client) error

// WithEndpoint sets the API's origin, for a location or a universe with one of its
// own. The default is https://discoveryengine.googleapis.com.
func WithEndpoint(origin string) Option {
	return func(c *Client) error {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
			return errors.New("WithEndpoint: expected an origin like " + defaultEndpoint)
		}
		c.endpoint = u.Scheme + "://" + u.Host
		return nil
	}
}

// WithRetry sets the policy for repeating what failed for a passing reason.
func WithRetry(p iamscim.RetryPolicy) Option {
	return func(c *Client) error {
		if err := p.Validate(); err != nil {
			return err
		}
		c.retry = p.WithDefaults()
		return nil
	}
}

var engineName = regexp.MustCompile(`^(projects/[^/?#%]+/locations/[a-z0-9-]+)/collections/[^/?#%]+/engines/[^/?#%]+$`)

// New returns a client for an engine, as
// projects/P/locations/L/collections/C/engines/E. client adds Google credentials
// with the scope https://www.googleapis.com/auth/cloud-platform. Nothing is sent.
func New(engine string, client *http.Client, opts ...Option) (*Client, error) {
	c := &Client{endpoint: defaultEndpoint, engine: engine, http: limit.Client(client, maxBody), retry: iamscim.RetryPolicy{}.WithDefaults()}
	var errs []error
	if m := engineName.FindStringSubmatch(engine); m != nil {
		c.location = m[1]
	} else {
		errs = append(errs, errors.New("the engine must be projects/P/locations/L/collections/C/engines/E"))
	}
	if client == nil {
		errs = append(errs, errors.New("the HTTP client is nil: it has to add Google credentials"))
	}
	for _, opt := range opts {
		if opt == nil {
			errs = append(errs, errors.New("an option is nil"))
			continue
		}
		errs = append(errs, opt(c))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("discoveryengine: %w: %w", iamscim.ErrInvalidArgument, err)
	}
	return c, nil
}

// Groups implements [audit.Witness]. The API's pages don't say whether a group is
// known by its google.group or by its SCIM ID. So Groups asks for the first, and
// then for the second where the first is unknown.
//
//	POST v1alpha/projects/P/locations/L/collections/C/engines/E:checkFeaturePolicyMembers
func (c *Client) Groups(ctx context.Context, groups []audit.WitnessGroup) (source string, known []bool, err error) {
	known = make([]bool, len(groups))
	for _, idOf := range []func(audit.WitnessGroup) string{
		func(g audit.WitnessGroup) string { return g.Value },
		func(g audit.WitnessGroup) string { return g.ID },
	} {
		var members []member
		var places []int
		for i, g := range groups {
			if id := idOf(g); !known[i] && id != "" {
				members, places = append(members, member{Type: "GROUP", ID: id}), append(places, i)
			}
		}
		if len(members) == 0 {
			break
		}
		var checks []bool
		if source, checks, err = c.check(ctx, members); err != nil {
			return "", nil, err
		}
		for n, ok := range checks {
			known[places[n]] = ok
		}
	}
	return source, known, nil
}

type member struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

func (c *Client) check(ctx context.Context, members []member) (source string, known []bool, err error) {
	if len(members) > maxMembers {
		return "", nil, fmt.Errorf("discoveryengine: %w: %d groups: at most %d in one call", iamscim.ErrInvalidArgument, len(members), maxMembers)
	}
	var reply struct {
		DirectorySource string `json:"directorySource"`
		MemberChecks    []struct {
			Status struct {
				Code int `json:"code"` // google.rpc.Code; 0 is OK
			} `json:"status"`
		} `json:"memberChecks"`
	}
	body, err := json.Marshal(map[string]any{"members": members})
	if err == nil {
		err = c.call(ctx, http.MethodPost, c.engine+":checkFeaturePolicyMembers", nil, body, &reply)
	}
	if err != nil {
		return "", nil, err
	}
	if len(reply.MemberChecks) != len(members) {
		return "", nil, fmt.Errorf("discoveryengine: %w: %d answers about %d groups", iamscim.ErrBadReply, len(reply.MemberChecks), len(members))
	}
	for _, check := range reply.MemberChecks {
		known = append(known, check.Status.Code == 0)
	}
	return reply.DirectorySource, known, nil
}

// Subjects implements [audit.Witness].
//
//	GET v1alpha/projects/P/locations/L:completeExternalIdentities?prefixQuery=...&useScimIdentities=true
func (c *Client) Subjects(ctx context.Context, email string) ([]string, error) {
	if email == "" {
		return nil, fmt.Errorf("discoveryengine: %w: the mail address is empty", iamscim.ErrInvalidArgument)
	}
	var reply struct {
		ExternalIdentities []struct {
			Subject      string `json:"subject"`
			UserMetadata struct {
				PrimaryEmail string `json:"primaryEmail"`
			} `json:"userMetadata"`
		} `json:"externalIdentities"`
	}
	// Without useScimIdentities the service asks Microsoft Graph.
	query := url.Values{"prefixQuery": {email}, "useScimIdentities": {"true"}, "entityTypeFilter": {"USERS"}, "maxSuggestions": {strconv.Itoa(maxSuggestions)}}
	if err := c.call(ctx, http.MethodGet, c.location+":completeExternalIdentities", query, nil, &reply); err != nil {
		return nil, err
	}
	var subjects []string
	for _, identity := range reply.ExternalIdentities {
		if strings.EqualFold(identity.UserMetadata.PrimaryEmail, email) {
			subjects = append(subjects, identity.Subject)
		}
	}
	return subjects, nil
}

// call sends one request under the retry policy and decodes the reply.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body []byte, reply any) error {
	target := c.endpoint + "/v1alpha/" + path
	if query != nil {
		target += "?" + query.Encode()
	}
	_, name, _ := strings.Cut(path, ":")
	attempts, err := retry.Do(ctx, c.retry, func() (retry.Verdict, error) {
		a := retry.Begin(ctx, c.retry)
		defer a.End()
		r, err := http.NewRequestWithContext(a.Context(), method, target, bytes.NewReader(body))
		if err != nil {
			return retry.Verdict{}, err
		}
		r.Header.Set("User-Agent", useragent.String())
		if body != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		resp, err := c.http.Do(r)
		if err != nil {
			return retry.Verdict{Again: a.Class(err) != retry.Final}, fmt.Errorf("%w: %w", iamscim.ErrUnavailable, withoutURL(a.Explain(err)))
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusOK {
			return retry.Verdict{Again: retry.Status(resp.StatusCode) != retry.Final, Least: retry.After(resp.Header, time.Now())}, fmt.Errorf("%w (HTTP %d)", retry.Kind(resp.StatusCode), resp.StatusCode)
		}
		if errors.Is(err, limit.ErrTooLarge) {
			return retry.Verdict{}, fmt.Errorf("%w: %w", iamscim.ErrBadReply, err)
		}
		if err != nil {
			return retry.Verdict{Again: a.Class(err) != retry.Final}, fmt.Errorf("%w: %w", iamscim.ErrUnavailable, a.Explain(err))
		}
		if json.Unmarshal(text, reply) != nil {
			return retry.Verdict{}, fmt.Errorf("%w: it isn't JSON of the expected form", iamscim.ErrBadReply)
		}
		return retry.Verdict{}, nil
	})
	if err != nil {
		return fmt.Errorf("discoveryengine: %s: %w (%d attempts)", name, err, attempts)
	}
	return nil
}

// withoutURL takes off the URL, which has a mail address in it.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
