package provision_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/idp"
)

// live counts the tokens that aren't deleted.
func (s *setup) live() int {
	n := 0
	for _, token := range s.State().Tokens {
		if token.State != string(iamscim.StateDeleted) {
			n++
		}
	}
	return n
}

// TestRotate: the identity provider's program gets the new token with the address
// and the settings, and where a person does it both tokens stay valid.
func TestRotate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		state func(*setup)
		done  bool
		live  int
		given []string
	}{
		{"by a program", func(*setup) {}, true, 1, []string{"cut over"}},
		{"by hand", func(s *setup) { s.idp.state.ByHand = true }, false, 2, nil},
		{"by a person", func(s *setup) { s.spec.IdentityProvider = nil }, false, 2, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				s.automate()
				s.provisioned(t, s.spec)
				before := s.idp.token
				s.idp.given = nil
				tt.state(s)
				got, err := s.clients.Rotate(t.Context(), s.spec)
				if err != nil || got.Done != tt.done || s.live() != tt.live {
					t.Fatalf("Rotate = %+v, %v with %d tokens alive; want done %v and %d", got, err, s.live(), tt.done, tt.live)
				}
				if diff := cmp.Diff(tt.given, s.idp.given); diff != "" {
					t.Errorf("calls of the identity provider (-want +got):\n%s", diff)
				}
				if changed := s.idp.token.Reveal() != before.Reveal(); changed != tt.done || tt.done && len(s.idp.state.Settings) == 0 {
					t.Errorf("the identity provider has a new token: %v, and the settings %v", changed, s.idp.state.Settings)
				}
			})
		})
	}
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(*testing.T, *setup)
		want error
		text string
	}{
		{"no tenant", func(*testing.T, *setup) {}, iamscim.ErrNotFound, "the provider has no SCIM tenant"},
		{"no store", func(_ *testing.T, s *setup) { s.spec.Store = nil }, iamscim.ErrInvalidArgument, "Spec.Store"},
		{"an invalid spec", func(_ *testing.T, s *setup) { s.spec.TenantID = "X" }, iamscim.ErrInvalidArgument, "TenantID"},
		{"another provider's tenant", func(t *testing.T, s *setup) {
			s.seedTenant(t, s.otherProvider(t, iamscim.SCIMUsageNone), nil)
		}, iamscim.ErrNotFound, "the provider has no SCIM tenant"},
		{"a soft-deleted tenant", func(t *testing.T, s *setup) {
			s.seedTenant(t, s.Provider, nil)
			if _, err := s.clients.Tenants.Delete(t.Context(), s.tenantName(t)); err != nil {
				t.Fatal(err)
			}
		}, iamscim.ErrFailedPrecondition, "DELETED"},
		{"the identity provider can't", func(t *testing.T, s *setup) {
			s.automate()
			s.provisioned(t, s.spec)
			s.idp.refused = idp.ErrByHand
		}, idp.ErrByHand, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSetup(t)
				tt.make(t, s)
				before := s.live()
				_, err := s.clients.Rotate(t.Context(), s.spec)
				if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("Rotate = %v, want %v and %q", err, tt.want, tt.text)
				}
				if tt.want != idp.ErrByHand && s.live() != before {
					t.Errorf("Rotate made a token")
				}
			})
		})
	}
}
