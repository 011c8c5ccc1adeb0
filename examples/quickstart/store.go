package main

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtoken"
)

// tokenFile stands for the secret store of a real program: it keeps the token
// the identity provider uses, readable by the owner alone.
type tokenFile struct {
	path string
}

type storedToken struct {
	Name  scimtoken.Name `json:"name"`
	Token string         `json:"token"`
}

// save has the signature of RotateRequest.Persist. The file is replaced as a
// whole: at no moment does it hold half a token.
func (f *tokenFile) save(_ context.Context, name scimtoken.Name, secret scimtoken.Secret) error {
	text, err := json.Marshal(storedToken{Name: name, Token: secret.Reveal()})
	if err != nil {
		return err
	}
	next := f.path + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, f.path)
}

// load has the signature of RotateRequest.Persisted.
func (f *tokenFile) load(context.Context) (scimtoken.Name, scimtoken.Secret, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return scimtoken.Name{}, scimtoken.Secret{}, nil
	}
	if err != nil {
		return scimtoken.Name{}, scimtoken.Secret{}, err
	}
	var stored storedToken
	if err := json.Unmarshal(text, &stored); err != nil {
		return scimtoken.Name{}, scimtoken.Secret{}, err
	}
	return stored.Name, iamscim.NewSecret(stored.Token), nil
}
