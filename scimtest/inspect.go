package scimtest

import (
	"bytes"

	"github.com/iamscim/iamscim/scimtest/internal/behavior"
)

// Requests are the newest 1000 requests, oldest first.
func (s *Server) Requests() []Request { return s.requests.list() }

// ClearRequests forgets the requests so far.
func (s *Server) ClearRequests() { s.requests.clear() }

// Fail scripts a fault.
func (s *Server) Fail(f Fault) {
	f.Header = f.Header.Clone()
	f.Body = bytes.Clone(f.Body)
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &scripted{Fault: f})
}

// UnusedFaults are the faults that have not happened as often as they were
// scripted, with what is left in Times. A test asks at its end.
func (s *Server) UnusedFaults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	var left []Fault
	for _, f := range s.faults.list {
		if n := f.times() - f.used; n > 0 {
			unused := f.Fault
			unused.Times = n
			unused.Header, unused.Body = f.Header.Clone(), bytes.Clone(f.Body)
			left = append(left, unused)
		}
	}
	return left
}

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
