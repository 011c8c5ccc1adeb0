package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
)

// people are what the identity provider pushes.
var people = []struct{ given, family, mail, objectID string }{
	{"Ada", "Lovelace", "Ada.Lovelace@example.com", "3f0a7a7e-0000-4000-8000-000000000001"},
	{"Alan", "Turing", "alan.turing@example.com", "3f0a7a7e-0000-4000-8000-000000000002"},
	{"Grace", "Hopper", "grace.hopper@example.com", "3f0a7a7e-0000-4000-8000-000000000003"},
}

const (
	groupName     = "engineering"
	groupObjectID = "8c1d2c5e-0000-4000-8000-00000000000a"
)

// pusher stands for the identity provider. It pushes as soon as it's set up.
type pusher struct {
	http *http.Client

	mu     sync.Mutex
	status idp.Status
}

// Status implements [idp.Provider].
func (p *pusher) Status(context.Context) (*idp.Status, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	status := p.status
	return &status, nil
}

// SetUp implements [idp.Provider].
func (p *pusher) SetUp(ctx context.Context, c idp.Connection) error {
	client, err := scimclient.New(c.BaseURI, c.Token.TokenSource(), scimclient.WithHTTPClient(p.http))
	if err != nil {
		return err
	}
	var ids []string
	for _, person := range people {
		mail := strings.ToLower(person.mail)
		user, err := client.Users.Find(ctx, mail)
		if errors.Is(err, scimclient.ErrNotFound) {
			user, err = client.Users.Create(ctx, &scimclient.User{
				UserName: mail, ExternalID: person.objectID, Active: new(true),
				Name:   &scimclient.Name{GivenName: person.given, FamilyName: person.family},
				Emails: []scimclient.MultiValue{{Value: person.mail, Type: scimclient.TypeWork}},
			})
		}
		if err != nil {
			return err
		}
		ids = append(ids, user.ID)
	}
	group, err := client.Groups.Find(ctx, groupName)
	if errors.Is(err, scimclient.ErrNotFound) {
		group, err = client.Groups.Create(ctx, &scimclient.Group{ExternalID: groupObjectID, DisplayName: groupName})
	}
	if err != nil {
		return err
	}
	if err := client.Groups.AddMembers(ctx, group.ID, ids[:2]); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = idp.Status{BaseURI: c.BaseURI, Running: true, FirstCycle: time.Now(), LastSuccess: time.Now()}
	return nil
}

// CutOver implements [idp.Provider].
func (p *pusher) CutOver(ctx context.Context, c idp.Connection) error { return p.SetUp(ctx, c) }

// Stop implements [idp.Provider].
func (p *pusher) Stop(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.Running = false
	return nil
}

// Push implements [idp.Provider]. Everybody was pushed when it was set up.
func (p *pusher) Push(context.Context, string) (*idp.Attempt, error) { return nil, idp.ErrByHand }

// Why implements [idp.Provider].
func (p *pusher) Why(context.Context, string) (*idp.Attempt, error) { return &idp.Attempt{}, nil }
