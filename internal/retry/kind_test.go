package retry_test

import (
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/retry"
)

func TestKind(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{
		302: iamscim.ErrRedirected, 307: iamscim.ErrRedirected, 400: iamscim.ErrInvalidArgument, 401: iamscim.ErrUnauthenticated,
		403: iamscim.ErrPermissionDenied, 404: iamscim.ErrNotFound, 418: iamscim.ErrBadReply, 429: iamscim.ErrThrottled,
		500: iamscim.ErrUnavailable, 503: iamscim.ErrUnavailable, 599: iamscim.ErrUnavailable, 100: iamscim.ErrBadReply,
	} {
		if got := retry.Kind(status); got != want {
			t.Errorf("Kind(%d) = %v, want %v", status, got, want)
		}
	}
}
