package retry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
)

func TestToken(t *testing.T) {
	t.Parallel()
	refused := errors.New("invalid_grant")
	gives := func(token *oauth2.Token, err error) func() (*oauth2.Token, error) {
		return func() (*oauth2.Token, error) { return token, err }
	}
	slow := func() (*oauth2.Token, error) {
		time.Sleep(time.Hour)
		return &oauth2.Token{}, nil
	}
	for _, tt := range []struct {
		name   string
		source func() (*oauth2.Token, error)
		ends   time.Duration // of ctx
		text   string        // of the error
		is     error
		after  time.Duration
	}{
		{"a token", gives(&oauth2.Token{AccessToken: "x"}, nil), time.Hour, "", nil, 0},
		{"no token", gives(nil, nil), time.Hour, "the token is empty", nil, 0},
		{"refused", gives(nil, refused), time.Hour, "invalid_grant", refused, 0},
		{"a source that blocks", slow, time.Hour, "the token source gave no token within 1m0s (RetryPolicy.AttemptTimeout)", nil, time.Minute},
		{"the caller's end", slow, time.Second, "context deadline exceeded", context.DeadlineExceeded, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.ends)
				defer cancel()
				begin := time.Now()
				token, err := Token(ctx, time.Minute, tt.source)
				if (err == nil) != (tt.text == "") || err != nil && err.Error() != tt.text || tt.is != nil && !errors.Is(err, tt.is) || (token == nil) != (err != nil) {
					t.Errorf("Token = %v, %v, want the error %q", token, err, tt.text)
				}
				if took := time.Since(begin); took != tt.after {
					t.Errorf("Token returned after %v, want %v", took, tt.after)
				}
				time.Sleep(time.Hour) // until the source has ended
			})
		})
	}
}
