package cloud

import (
	"time"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
	"google.golang.org/api/iam/v1"
)

// operation is a long-running operation. As on the service its reply holds
// neither the resource nor metadata: the resource is read again.
type operation struct {
	name    string
	started time.Time
	polls   int // GETs so far
	err     *iam.Status
}

// start makes the operation of a write to a resource. Its change is seen from
// the returned time on.
func (c *call) start(resource string) (*operation, time.Time) {
	op := &operation{name: resource + "/operations/" + c.cfg.NewID(), started: c.now}
	c.st.operations[op.name] = op
	return op, c.now.Add(c.cfg.OperationTime + c.cfg.Lag)
}

func (c *call) operationReply(op *operation) *iam.Operation {
	reply := &iam.Operation{Name: op.name}
	if c.cfg.Choices.Is(behavior.OperationMetadata, "PRESENT") {
		reply.Metadata = []byte(`{"@type":"type.googleapis.com/google.iam.admin.v1.WorkforcePoolOperationMetadata"}`)
	}
	if op.polls >= c.cfg.Polls && !c.now.Before(op.started.Add(c.cfg.OperationTime)) {
		reply.Done, reply.Error = true, op.err
	}
	return reply
}

// getOperation serves GET of an operation and counts it.
func getOperation(c *call) (any, error) {
	op, ok := c.st.operations[c.name()]
	if !ok {
		return nil, notFound(behavior.NotFound)
	}
	if c.now.Before(op.started.Add(c.cfg.Lag)) {
		switch choice := c.cfg.Choices.Of(behavior.FreshOperation); choice {
		case "PERMISSION_DENIED":
			return nil, denied(behavior.FreshOperation, c.route.Permission, parentName(op.name))
		case "NOT_FOUND":
			return nil, notFound(behavior.FreshOperation)
		}
		return c.operationReply(&operation{name: op.name, started: c.now, polls: -1 << 30}), nil
	}
	op.polls++
	return c.operationReply(op), nil
}
