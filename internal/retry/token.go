package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/oauth2"
)

// Token returns a token of a source, which may be the caller's and take as long as it
// likes: the wait ends after timeout, or with ctx.
func Token(ctx context.Context, timeout time.Duration, source func() (*oauth2.Token, error)) (*oauth2.Token, error) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	token, err := Within(bounded, source, nil)
	switch {
	case err != nil && bounded.Err() != nil && ctx.Err() == nil:
		return nil, fmt.Errorf("the token source gave no token within %v (RetryPolicy.AttemptTimeout)", timeout)
	case err != nil:
		return nil, err
	case token == nil:
		return nil, errors.New("the token is empty")
	}
	return token, nil
}
