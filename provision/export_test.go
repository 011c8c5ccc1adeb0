package provision

import "net/http"

// HTTPClientForTest is the client for the SCIM service.
func (c *Clients) HTTPClientForTest() *http.Client { return c.cfg.http }
