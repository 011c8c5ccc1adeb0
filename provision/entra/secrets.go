package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim"
)

// flag makes Entra ID send PATCH requests that comply with RFC 7644. It stands in
// the query of the tenant's address:
// https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility.
const flag = "aadOptscim062020"

// The keys of a job's secrets.
const (
	keyAddress       = "BaseAddress"
	keyToken         = "SecretToken"
	keyNotifications = "SyncNotificationSettings"
	keySyncAll       = "SyncAll"
)

// pair is a key with its value. A value that isn't a text stays as it is.
type pair struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

func textPair(key, value string) pair {
	text, _ := json.Marshal(value)
	return pair{key, text}
}

// text is the value as a text, "" if it isn't one.
func (p pair) text() string {
	var s string
	_ = json.Unmarshal(p.Value, &s)
	return s
}

// secrets are the settings of a job's connection, in the order of the reply.
type secrets []pair

func (s secrets) text(key string) string {
	for _, p := range s {
		if p.Key == key {
			return p.text()
		}
	}
	return ""
}

// set returns s with a pair in its place.
func (s secrets) set(p pair) secrets {
	var next secrets
	found := false
	for _, old := range s {
		if old.Key == p.Key {
			old, found = p, true
		}
		next = append(next, old)
	}
	if !found {
		next = append(next, p)
	}
	return next
}

// baseURI is where the job pushes to, without the flag, and whether it has the
// flag. A value that is masked isn't known.
func (s secrets) baseURI() (base string, flagged bool) {
	address := s.text(keyAddress)
	if !strings.Contains(address, "://") {
		return "", true
	}
	base, options, _ := strings.Cut(address, "?")
	for option := range strings.SplitSeq(options, "&") {
		flagged = flagged || strings.EqualFold(option, flag)
	}
	return strings.TrimRight(base, "/"), flagged
}

// readSecrets reads them. Graph doesn't document whether it shows the values.
//
//	GET /servicePrincipals/ID/synchronization/secrets
func (r *run) readSecrets(ctx context.Context, a *app) (secrets, error) {
	var found struct {
		Value secrets `json:"value"`
	}
	err := r.get(ctx, call{path: a.path("synchronization", "secrets"), into: &found, resource: a.resource(), need: needReadJob})
	return found.Value, err
}

// tenantURL is what Entra ID calls the tenant URL of a base URI.
func tenantURL(base string) string { return base + "?" + flag }

// validate makes Entra ID try a token. It's named explicitly: the stored one proves
// nothing while both work.
//
//	POST /servicePrincipals/ID/synchronization/jobs/JOB/validateCredentials
func (r *run) validate(ctx context.Context, a *app, j *job, base string, token iamscim.Secret) error {
	c := call{
		method: http.MethodPost, path: j.path(a, "validateCredentials"), resource: j.resource(a), need: needJob, repeat: true,
		body: map[string]any{"credentials": []pair{textPair(keyAddress, tenantURL(base)), textPair(keyToken, token.Reveal())}},
	}
	_, err := r.do(ctx, c)
	e, ok := errors.AsType[*iamscim.Error](err)
	if ok && (errors.Is(err, iamscim.ErrInvalidArgument) || errors.Is(err, iamscim.ErrFailedPrecondition)) {
		// Which status a token has that doesn't work isn't documented.
		e.Kind, e.Remedy = ErrCredential, "check the token with scimclient.Client.CheckAccess; if it works from here, repeat the call in a minute"
	}
	return err
}

// store writes the address and the token, and every other setting as it is.
//
//	PUT /servicePrincipals/ID/synchronization/secrets
func (r *run) store(ctx context.Context, a *app, now secrets, base string, token iamscim.Secret) error {
	next, err := r.notifications(a, now)
	if err != nil {
		return err
	}
	if next.text(keySyncAll) == "" {
		next = next.set(textPair(keySyncAll, "false"))
	}
	next = next.set(textPair(keyAddress, tenantURL(base))).set(textPair(keyToken, token.Reveal()))
	c := call{method: http.MethodPut, path: a.path("synchronization", "secrets"), body: map[string]any{"value": next}, resource: a.resource(), need: needJob, repeat: true}
	if _, err := r.do(ctx, c); err != nil {
		return err
	}
	seen, err := r.await(ctx, func(ctx context.Context) (bool, error) {
		got, err := r.readSecrets(ctx, a)
		shown, _ := got.baseURI()
		return err == nil && (shown == base || shown == "" && len(got) > 0), err
	})
	if err == nil && !seen {
		err = &iamscim.Error{Op: "entra: " + r.op, Resource: a.resource(), Kind: iamscim.ErrNotVisible, Remedy: "call it again later", Err: errors.New("the address was accepted, and isn't shown")}
	}
	return err
}

// notifications sets what the configuration says about mail and about the deletion
// threshold. The setting is a JSON text in a text. Its other fields stay.
func (r *run) notifications(a *app, now secrets) (secrets, error) {
	text := now.text(keyNotifications)
	settings := map[string]any{}
	switch {
	case text == "":
		settings["Enabled"], settings["DeleteThresholdEnabled"] = false, false
	case r.cfg.NotifyEmail == "" && r.cfg.DeletionThreshold == 0:
		return now, nil
	default:
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&settings); err != nil || settings == nil {
			return nil, r.state(a.resource(), "open Provisioning > Settings in the portal and save them, or leave NotifyEmail and DeletionThreshold out",
				"the setting %s isn't a JSON object: it can't be changed without losing it", keyNotifications)
		}
	}
	if mail := r.cfg.NotifyEmail; mail != "" {
		settings["Enabled"], settings["Recipients"] = true, mail
	}
	if n := r.cfg.DeletionThreshold; n > 0 {
		settings["DeleteThresholdEnabled"], settings["DeleteThresholdValue"] = true, n
	}
	encoded, err := json.Marshal(settings)
	if err != nil {
		return nil, fmt.Errorf("entra: %s: %w", keyNotifications, err)
	}
	return now.set(textPair(keyNotifications, string(encoded))), nil
}
