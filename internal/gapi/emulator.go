package gapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"google.golang.org/api/option"
	"google.golang.org/api/option/internaloption"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/emulator"
	"github.com/iamscim/iamscim/internal/limit"
)

// emulated prepares a connection to the emulator that the environment names. It
// takes no credentials from the caller's options: none must reach the emulator.
func emulated(ctx context.Context, svc Service, host *url.URL, policy iamscim.RetryPolicy, opts []option.ClientOption, logger *slog.Logger) *Conn {
	// Nobody must take an emulator for Google Cloud, so the line appears even
	// if the caller logs nothing.
	shown := internaloption.GetLogger(opts)
	if !shown.Enabled(ctx, slog.LevelWarn) {
		shown = slog.Default()
	}
	shown.WarnContext(ctx, "iamscim: using an emulator instead of Google Cloud, without Google credentials",
		"service", svc.Name, "emulator", host.String(), "variable", emulator.Variable)
	client := limit.Client(&http.Client{}, maxBody)
	client.Transport = &guard{client.Transport}
	return &Conn{
		policy: policy.WithDefaults(),
		logger: logger,
		options: []option.ClientOption{
			option.WithHTTPClient(client),
			option.WithEndpoint(host.String() + "/"),
			option.WithLogger(logger),
		},
	}
}
