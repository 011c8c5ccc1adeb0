package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"regexp"
	"strings"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/provision/okta"
)

// The environment variables for credentials of an identity provider. A credential is
// never on the command line: other users of the machine see that.
const (
	envOktaAPIToken    = "OKTA_API_TOKEN"    // sent as SSWS
	envOktaAccessToken = "OKTA_ACCESS_TOKEN" // OAuth 2.0
	envEntraTenant     = "AZURE_TENANT_ID"
	envEntraClient     = "AZURE_CLIENT_ID"
	envEntraSecret     = "AZURE_CLIENT_SECRET"
)

// identityFile names the identity provider in a spec.
type identityFile struct {
	Okta  *oktaFile  `yaml:"okta,omitempty"`
	Entra *entraFile `yaml:"entra,omitempty"`
}

type oktaFile struct {
	Org       string `yaml:"org"`                 // https://example.okta.com
	App       string `yaml:"app"`                 // the app's ID
	TokenFile string `yaml:"tokenFile,omitempty"` // an API token; OKTA_API_TOKEN or OKTA_ACCESS_TOKEN without it

	AppOnly      bool `yaml:"appOnly,omitempty"`      // see okta.RosterOptions
	IgnoreCounts bool `yaml:"ignoreCounts,omitempty"` // see okta.RosterOptions
}

type entraFile struct {
	Tenant            string   `yaml:"tenant,omitempty"`     // AZURE_TENANT_ID without it
	Client            string   `yaml:"client,omitempty"`     // AZURE_CLIENT_ID without it
	SecretFile        string   `yaml:"secretFile,omitempty"` // AZURE_CLIENT_SECRET without it
	App               string   `yaml:"app"`                  // the enterprise application's name or object ID
	Assign            []string `yaml:"assign,omitempty"`     // object IDs
	DeletionThreshold int      `yaml:"deletionThreshold,omitempty"`
	NotifyEmail       string   `yaml:"notifyEmail,omitempty"`
	Endpoint          string   `yaml:"endpoint,omitempty"`      // of Microsoft Graph; for tests
	LoginEndpoint     string   `yaml:"loginEndpoint,omitempty"` // for tests
}

// identity is an identity provider whose roster can be read.
type identity struct {
	idp.Provider
	name   string
	roster func(context.Context) (idp.Roster, error)

	// nested lists memberships through another group, which aren't pushed. It's nil
	// if the identity provider pushes them, or has none.
	nested func(context.Context) (iter.Seq2[idp.Membership, error], error)
}

// fault is what is wrong at a path of an identityFile.
type fault struct{ path, text string }

// open makes the client of the identity provider that the file names.
func (f identityFile) open() (*identity, []fault) {
	switch {
	case f.Okta != nil && f.Entra != nil:
		return nil, []fault{{"", "okta and entra are both named: a provider has one identity provider"}}
	case f.Okta != nil:
		return f.Okta.open()
	case f.Entra != nil:
		return f.Entra.open()
	}
	return nil, []fault{{"", "names neither okta nor entra"}}
}

func (f oktaFile) open() (*identity, []fault) {
	cfg := okta.Config{Org: f.Org, App: f.App}
	var err error
	if cfg.Token, err = credential(f.TokenFile, envOktaAPIToken); err != nil {
		return nil, []fault{{"okta.tokenFile", err.Error()}}
	}
	if access := os.Getenv(envOktaAccessToken); cfg.Token.IsZero() && access != "" {
		cfg.TokenSource = iamscim.NewSecret(access).TokenSource()
	}
	if cfg.Token.IsZero() && cfg.TokenSource == nil {
		return nil, []fault{{"okta.tokenFile", fmt.Sprintf("there is no token: name a file, or set %s or %s", envOktaAPIToken, envOktaAccessToken)}}
	}
	c, err := okta.New(cfg)
	if err != nil {
		return nil, faultsOf(err, "okta", map[string]string{"Org": "org", "App": "app", "Token": "tokenFile"})
	}
	return ofOkta(c, okta.RosterOptions{AppOnly: f.AppOnly, IgnoreCounts: f.IgnoreCounts}), nil
}

var objectID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func (f entraFile) open() (*identity, []fault) {
	cfg := entra.Config{
		TenantID: orElse(f.Tenant, os.Getenv(envEntraTenant)), ClientID: orElse(f.Client, os.Getenv(envEntraClient)), Assign: f.Assign,
		DeletionThreshold: f.DeletionThreshold, NotifyEmail: f.NotifyEmail, Endpoint: f.Endpoint, LoginEndpoint: f.LoginEndpoint,
	}
	if objectID.MatchString(f.App) {
		cfg.ServicePrincipalID = f.App
	} else {
		cfg.AppName = f.App
	}
	var err error
	if cfg.ClientSecret, err = credential(f.SecretFile, envEntraSecret); err != nil {
		return nil, []fault{{"entra.secretFile", err.Error()}}
	}
	if cfg.ClientSecret.IsZero() {
		return nil, []fault{{"entra.secretFile", "there is no client secret: name a file, or set " + envEntraSecret}}
	}
	c, err := entra.New(cfg)
	if err != nil {
		return nil, faultsOf(err, "entra", map[string]string{"TenantID": "tenant", "ClientID": "client", "ClientSecret": "secretFile", "AppName": "app", "ServicePrincipalID": "app"})
	}
	return ofEntra(c), nil
}

func ofOkta(c *okta.Client, opts okta.RosterOptions) *identity {
	return &identity{Provider: c, name: "Okta", roster: func(ctx context.Context) (idp.Roster, error) { return c.Roster(ctx, opts) }}
}

func ofEntra(c *entra.Client) *identity {
	return &identity{
		Provider: c, name: "Microsoft Entra ID",
		roster: func(ctx context.Context) (idp.Roster, error) { return c.Roster(ctx, entra.RosterOptions{}) },
		nested: func(ctx context.Context) (iter.Seq2[idp.Membership, error], error) {
			return c.Nested(ctx, entra.RosterOptions{})
		},
	}
}

// credential reads a secret from a file, or from an environment variable if no file
// is named. It's zero if there is neither.
func credential(file, variable string) (iamscim.Secret, error) {
	text := os.Getenv(variable)
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return iamscim.Secret{}, err
		}
		if text = strings.TrimSpace(string(b)); text == "" {
			return iamscim.Secret{}, fmt.Errorf("%s is empty", file)
		}
	}
	return iamscim.NewSecret(strings.TrimSpace(text)), nil
}

// faultsOf are the faults that a client found in its configuration, by the names of
// the file.
func faultsOf(err error, kind string, names map[string]string) []fault {
	e, ok := errors.AsType[*iamscim.Error](err)
	if !ok || len(e.Violations) == 0 {
		return []fault{{kind, err.Error()}}
	}
	var all []fault
	for _, v := range e.Violations {
		name := names[v.Field]
		if name == "" {
			name = strings.ToLower(v.Field[:1]) + v.Field[1:]
		}
		all = append(all, fault{kind + "." + name, v.Rule})
	}
	return all
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
