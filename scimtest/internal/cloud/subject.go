package cloud

import "github.com/iamscim/iamscim/scimtest/internal/behavior"

// Subjects come into being at a sign-in, which the fake does not have: every
// subject id of a pool is taken for one that has signed in.

// subjectPool is the pool of the subject in the path.
func (c *call) subjectPool() error {
	_, err := findActive(c, pools, poolOf(c.name()))
	return err
}

func deleteSubject(c *call) (any, error) {
	if err := c.subjectPool(); err != nil {
		return nil, err
	}
	if _, gone := c.st.subjects[c.name()]; gone {
		return nil, refuse(behavior.DeletedSubject, "FAILED_PRECONDITION", "The subject is already deleted.")
	}
	c.st.subjects[c.name()] = c.now
	op, _ := c.start(c.name())
	return c.operationReply(op), nil
}

func undeleteSubject(c *call) (any, error) {
	if err := c.subjectPool(); err != nil {
		return nil, err
	}
	if _, bad := decodeBody[struct{}](c.body, ""); bad != nil {
		return nil, bad
	}
	if _, gone := c.st.subjects[c.name()]; !gone {
		return nil, c.openRefusal(behavior.ActiveSubject, "name", "The subject is not deleted.")
	}
	delete(c.st.subjects, c.name())
	op, _ := c.start(c.name())
	return c.operationReply(op), nil
}

func revokeSessions(c *call) (any, error) {
	if err := c.subjectPool(); err != nil {
		return nil, err
	}
	if _, bad := decodeBody[struct{}](c.body, ""); bad != nil {
		return nil, bad
	}
	if c.cfg.Choices.Of(behavior.RevokeReply) == "EMPTY" {
		return map[string]any{}, nil
	}
	op, _ := c.start(c.name())
	return c.operationReply(op), nil
}
