package scimtest

import (
	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// Requests are the newest 1000 requests, oldest first.
func (s *Server) Requests() []Request { return s.requests.list() }

// ClearRequests forgets the requests so far.
func (s *Server) ClearRequests() { s.requests.clear() }

// Fail scripts a fault. A fault that can never happen, or can't be played, is an error and is not
// scripted; after [Start] it fails the test too.
func (s *Server) Fail(f Fault) error {
	err := s.faults.add(f)
	if err != nil && s.t != nil {
		s.t.Helper()
		s.t.Error(err)
	}
	return err
}

// UnusedFaults are the faults that have not happened as often as they were scripted, with what is
// left in Times. After [Start] the test fails at its end if one never happened, unless
// [WithOptionalFaults] is given.
func (s *Server) UnusedFaults() []Fault { return s.faults.unused() }

// ClearFaults forgets the faults that are left.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// Behaviors are the answers in force, for every row that has more than one.
func (s *Server) Behaviors() map[Behavior]string {
	answers := map[Behavior]string{}
	for _, section := range behavior.Table() {
		for _, row := range section.Rows {
			if row.Choices != nil {
				answers[Behavior(row.ID)] = s.cfg.Choices.Of(row.ID)
			}
		}
	}
	return answers
}
