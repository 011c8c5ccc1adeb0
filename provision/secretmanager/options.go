package secretmanager

import (
	"google.golang.org/api/option"
	"google.golang.org/api/option/internaloption"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
)

// WithRetry is the option that gives a store its retry policy. Without it a store
// has the default policy. The last one given counts.
func WithRetry(p iamscim.RetryPolicy) option.ClientOption { return gapi.WithRetry(p) }

// WithCreate makes the first swap create the secret if it doesn't exist. Its payload
// is replicated to these locations ("europe-west3"), or automatically if there are
// none. A secret's replication can't be changed later.
func WithCreate(locations ...string) option.ClientOption {
	return &storeOption{apply: func(s *Store) { s.create, s.locations = true, locations }}
}

// WithDestroy makes a swap destroy the versions before its own instead of disabling
// them. What they held can't be restored then.
func WithDestroy() option.ClientOption {
	return &storeOption{apply: func(s *Store) { s.destroy = true }}
}

// storeOption is skipped by the Google client.
type storeOption struct {
	internaloption.EmbeddableAdapter
	apply func(*Store)
}
