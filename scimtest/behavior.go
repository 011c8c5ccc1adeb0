package scimtest

import (
	"fmt"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

//go:generate go test -run ^TestBehaviorsPage$ . -update-behaviors

// A Behavior names a row of BEHAVIORS.md with more than one answer: something that Google's public
// documents leave open, or that users of other services need otherwise.
type Behavior string

// WithBehavior chooses another answer of a row of BEHAVIORS.md, where the answers stand:
//
//	scimtest.WithBehavior(scimtest.ThirdToken, "RESOURCE_EXHAUSTED")
//
// Test code that has to work with the real service with every answer, or with
// [WithShuffledBehaviors].
func WithBehavior(b Behavior, choice string) Option {
	return func(c *config) error {
		if err := behavior.Check(behavior.ID(b), choice); err != nil {
			return fmt.Errorf("scimtest: WithBehavior: %w", err)
		}
		c.Choices[behavior.ID(b)] = choice
		return nil
	}
}

// WithShuffledBehaviors draws an answer for every row of BEHAVIORS.md that is marked U (unknown),
// so that nobody comes to depend on a guess of the fake. A seed always draws the same answers.
// A later [WithBehavior] wins. [Server.Behaviors] lists what was drawn.
func WithShuffledBehaviors(seed uint64) Option {
	return func(c *config) error {
		for id, choice := range behavior.Shuffle(seed) {
			c.Choices[id] = choice
		}
		return nil
	}
}
