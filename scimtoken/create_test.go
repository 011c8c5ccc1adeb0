package scimtoken_test

import (
	"testing"
	"testing/synctest"

	"google.golang.org/api/iam/v1"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// TestLostSecretOfATokenThatWasThere: what looks like a lost reply may be a
// token that was there before, which must not be advised to be deleted.
func TestLostSecretOfATokenThatWasThere(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		there *iam.WorkforcePoolProviderScimToken
		gone  bool
		kind  error
		want  string
	}{
		{"it looks like it", &iam.WorkforcePoolProviderScimToken{DisplayName: "Mine"}, false, scimtoken.ErrSecretLost, "otherwise choose another id"},
		{"another display name", &iam.WorkforcePoolProviderScimToken{DisplayName: "Theirs"}, false, iamscim.ErrAlreadyExists, "choose another id"},
		{"deleted before", &iam.WorkforcePoolProviderScimToken{DisplayName: "Mine"}, true, iamscim.ErrAlreadyExists, "choose another id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New()
				defer srv.Close()
				prepare(t, srv)
				tt.there.Name = name(t, "token-a").String()
				if _, err := srv.AddToken(tt.there); err != nil {
					t.Fatal(err)
				}
				client, err := scimtoken.NewClient(t.Context(), srv.PipeClientOptions()...)
				if err != nil {
					t.Fatal(err)
				}
				if tt.gone {
					if err := client.Delete(t.Context(), name(t, "token-a")); err != nil {
						t.Fatal(err)
					}
				}
				srv.Fail(scimtest.Fault{Method: "POST", Status: 503})
				_, _, err = client.Create(t.Context(), scimtoken.CreateRequest{Name: name(t, "token-a"), DisplayName: "Mine"})
				wantError(t, "Create", err, tt.kind, tt.want)
			})
		})
	}
}
