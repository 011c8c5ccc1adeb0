package directory

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// Versions of resources (RFC 7644 section 3.14). Whether Google's service has them is not
// documented; they are off unless asked for.

func (d *Service) etags() bool { return d.is(behavior.ETags, "ON") }

// etag is the record's version as a weak entity tag.
func (rec *record) etag() string { return fmt.Sprintf(`W/"%d"`, rec.revision) }

// notModified reports whether the client has the record's version already.
func (c *call) notModified(rec *record) bool {
	return c.etags() && tagListed(c.request.Header.Values("If-None-Match"), rec.etag())
}

// checkVersion refuses a write of a version that is no longer the record's.
func (c *call) checkVersion(rec *record) error {
	tags := c.request.Header.Values("If-Match")
	if !c.etags() || len(tags) == 0 || tagListed(tags, rec.etag()) {
		return nil
	}
	return refuse(behavior.ETags, http.StatusPreconditionFailed, "Failed to update. Resource has changed on the server.")
}

// tagListed reports whether a header lists the tag or is "*". Weak tags are compared, strong or
// not.
func tagListed(values []string, tag string) bool {
	for _, value := range values {
		for listed := range strings.SplitSeq(value, ",") {
			listed = strings.TrimSpace(listed)
			if listed == "*" || strings.TrimPrefix(listed, "W/") == strings.TrimPrefix(tag, "W/") {
				return true
			}
		}
	}
	return false
}
