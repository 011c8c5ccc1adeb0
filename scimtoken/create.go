package scimtoken

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/scimtenant"
)

// create makes the token of a valid request and returns as soon as the service
// has said its secret, which the caller may have to store before anything
// else.
func (c *Client) create(ctx context.Context, op string, req CreateRequest) (*Token, Secret, error) {
	if !req.Name.IsZero() {
		return c.createNamed(ctx, op, req.Name, req.DisplayName, remedyTaken)
	}
	// An ID can be lost with a secret more than once while the network is
	// bad, but not for ever.
	const maxTries = 3
	for n := 1; ; n++ {
		name, err := c.unused(ctx, op, req.Tenant)
		if err != nil {
			return nil, Secret{}, err
		}
		token, secret, err := c.createNamed(ctx, op, name, req.DisplayName, remedyLost)
		if !errors.Is(err, ErrSecretLost) || !req.RecreateLost || n == maxTries {
			return token, secret, err
		}
		if derr := c.Delete(ctx, name); derr != nil {
			return nil, Secret{}, errors.Join(err, derr)
		}
	}
}

// unused chooses an ID and sees that it is not taken, by a deleted token
// either.
func (c *Client) unused(ctx context.Context, op string, tenant scimtenant.Name) (Name, error) {
	const maxTries = 3
	for n := 1; ; n++ {
		name, err := NewName(tenant, c.newID(c.now()))
		if err != nil {
			return Name{}, err
		}
		_, err = c.get(ctx, op, name)
		switch {
		case errors.Is(err, iamscim.ErrNotFound):
			return name, nil
		case err != nil:
			return Name{}, err
		case n == maxTries:
			return Name{}, &iamscim.Error{Op: op, Resource: name.String(), Kind: iamscim.ErrAlreadyExists, Remedy: "repeat the call: the ids were chosen at random"}
		}
	}
}

// createNamed makes one token. After a lost reply a token of that name is taken
// for the one that was made if it looks like it; lost is then the remedy.
func (c *Client) createNamed(ctx context.Context, op string, name Name, displayName, lost string) (*Token, Secret, error) {
	call := c.tokens.Create(name.Tenant().String(), &iam.WorkforcePoolProviderScimToken{DisplayName: displayName}).
		WorkforcePoolProviderScimTokenId(name.ID())
	got, err := c.token.Raw(ctx, op, name, change{
		Do: gapi.Do(call),
		Accept: func(t *iam.WorkforcePoolProviderScimToken) error {
			if t.SecurityToken == "" {
				return errors.New("the reply has no securityToken")
			}
			return nil
		},
		Made: func(got *Token) (bool, error) {
			e := &iamscim.Error{Op: op, Resource: name.String(), Kind: ErrSecretLost, Remedy: lost}
			if got.State != iamscim.StateActive || got.DisplayName != displayName {
				e.Kind, e.Remedy = iamscim.ErrAlreadyExists, "choose another id: this one belongs to a token that was there before"
			}
			return true, e
		},
		Explain: c.explainCreate(name),
	})
	if err != nil {
		return nil, Secret{}, err
	}
	token, err := fromAPI(got)
	if err != nil {
		return nil, Secret{}, err
	}
	return token, iamscim.NewSecret(got.SecurityToken), nil
}

// The ids this client chooses: idPrefix, the UTC time, "-", idRandom
// characters.
const (
	idPrefix = "r"
	idTime   = "20060102t1504"
	idRandom = 8
)

func (c *Client) newID(at time.Time) string {
	return idPrefix + at.UTC().Format(idTime) + "-" + strings.ToLower(c.random()[:idRandom])
}

// generatedAt tells an ID this client chose from one a person chose, and when.
func generatedAt(id string) (time.Time, bool) {
	rest, ok := strings.CutPrefix(id, idPrefix)
	if !ok || len(rest) != len(idTime)+1+idRandom || rest[len(idTime)] != '-' {
		return time.Time{}, false
	}
	at, err := time.Parse(idTime, rest[:len(idTime)])
	return at, err == nil
}
