package idp

import (
	"errors"
	"fmt"
)

// What a file may have at most. Google's quota lets an audit of ten million users
// take four days, so more than this is a mistake.
const (
	maxProblems  = 100
	maxRows      = 20_000_000
	maxLine      = 1 << 20  // bytes of a line of CSV or JSON Lines
	maxElement   = 64 << 20 // bytes of an element of a JSON array: a group with its members
	maxColumns   = 100
	maxCell      = 8 << 10 // bytes
	maxFileNames = 100_000
)

// Problem is what is wrong at one place of a file. The text doesn't repeat
// values of the file.
type Problem struct {
	File string
	Line int // 1 is the first line; 0 if the problem is the file's
	Text string
	Err  error // the cause, or nil
}

// Error returns "file:line: text".
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }

// errStop ends reading: the caller needs no more, or there are too many problems.
var errStop = errors.New("stop")
