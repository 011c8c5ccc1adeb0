package retry

import (
	"net/http"

	"github.com/iamscim/iamscim"
)

// Kind returns the sentinel of an HTTP status that isn't a 2xx, for services whose
// statuses mean what RFC 9110 section 15 says.
func Kind(status int) error {
	switch {
	case status == http.StatusBadRequest:
		return iamscim.ErrInvalidArgument
	case status == http.StatusUnauthorized:
		return iamscim.ErrUnauthenticated
	case status == http.StatusForbidden:
		return iamscim.ErrPermissionDenied
	case status == http.StatusNotFound:
		return iamscim.ErrNotFound
	case status == http.StatusTooManyRequests:
		return iamscim.ErrThrottled
	case status >= 300 && status <= 399:
		return iamscim.ErrRedirected
	case status >= 500:
		return iamscim.ErrUnavailable
	}
	return iamscim.ErrBadReply
}
