package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"

	"github.com/iamscim/iamscim/provision/entratest"
)

// cycle is how often an identity provider begins a cycle, by its own clock.
const cycle = 40 * time.Minute

// entra serves Entra ID beside Google Cloud: its paths are no paths of Google's. It returns the next
// handler if no identity provider is asked for.
func (o *options) entra(next http.Handler, stderr io.Writer) (*entratest.Server, http.Handler, error) {
	if o.idp == "" {
		return nil, next, nil
	}
	tenant := entratest.New(entratest.WithLogger(o.logger(stderr)))
	if o.people != "" {
		f, err := os.Open(o.people)
		if err != nil {
			return nil, nil, err
		}
		defer f.Close()
		if err := tenant.Load(f); err != nil {
			return nil, nil, err
		}
	}
	return tenant, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if microsoft.MatchString(r.URL.Path) {
			tenant.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

// microsoft are the paths of Microsoft Graph and of the token endpoint.
var microsoft = regexp.MustCompile(`^/(v1\.0|beta)/|/oauth2/v2\.0/token$`)

// cycles lets 40 minutes pass in the tenant, again and again, until ctx ends.
func (o *options) cycles(ctx context.Context, tenant *entratest.Server) {
	every := o.cycle
	if every == 0 {
		every = 10 * time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if tenant.Advance(ctx, cycle) != nil {
				return // ctx has ended
			}
		}
	}
}

// announce says how to reach Entra ID.
func (o *options) announce(stdout io.Writer, url string) {
	fmt.Fprintf(stdout, "Microsoft Graph: %s/v1.0\ntoken endpoint: %s/%s/oauth2/v2.0/token\nclient: %s, secret: %s\n",
		url, url, entratest.DefaultTenant, entratest.DefaultClientID, entratest.DefaultClientSecret)
}
