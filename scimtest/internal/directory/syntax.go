package directory

import "fmt"

type filterKind int

const (
	filterCompare filterKind = iota // path op value
	filterPresent                   // path pr
	filterElement                   // path[...]: an element that matches exists
	filterAnd
	filterOr
	filterNot
)

// filter is a node of a filter's syntax tree.
type filter struct {
	kind        filterKind
	offset      int // of the operator, for messages
	path        patchPath
	op          string // eq, ne, co, sw, ew, gt, ge, lt or le
	value       any    // nil, bool, string or json.Number
	left, right *filter

	// target is what path stands for: set by bind.
	target attrTarget
}

// patchPath is the target of a PATCH operation: PATH of RFC 7644 figure 7.
// attr[filter].sub has its sub-attribute in sub, attr.sub in attr.sub.
type patchPath struct {
	attr   attrPath
	filter *filter // nil without brackets
	sub    string
}

// syntaxError says what is malformed in a filter or a path, and at which byte, counted from 0.
type syntaxError struct {
	offset int
	msg    string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("%s at byte %d", e.msg, e.offset+1) }
