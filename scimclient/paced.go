package scimclient

// BaseURI returns the tenant's base URI, without a trailing slash and without a
// query.
func (c *Client) BaseURI() string {
	if c == nil {
		return ""
	}
	return c.base.String()
}

// Paced returns a client for the same tenant that sends at most perMinute
// requests per minute, and never more than c's own rate. Everything else is
// shared. A long job takes a slower client, so that it leaves the quota to
// others. Nothing is sent.
func (c *Client) Paced(perMinute int) (*Client, error) {
	if perMinute <= 0 {
		return nil, invalid("Paced", "", "%d requests per minute: at least 1", perMinute)
	}
	if c == nil || c.pace == nil {
		return nil, errZeroClient("Paced", "")
	}
	paced := &Client{
		base:         c.base,
		source:       c.source,
		serviceAgent: c.serviceAgent,
		http:         c.http,
		retry:        c.retry,
		pace:         newPacer(min(perMinute, int(c.pace.ceiling*60+0.5))),
		log:          c.log,
		maxRows:      c.maxRows,
	}
	paced.Users = newUsers(paced)
	paced.Groups = newGroups(paced)
	paced.config.Store(c.config.Load())
	return paced, nil
}
