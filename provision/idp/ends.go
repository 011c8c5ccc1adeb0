package idp

import (
	"fmt"
	"slices"
)

// ends collects what files say about the end of a list.
type ends struct {
	open  []string       // files of CSV, JSON Lines without an end mark
	rows  int            // resources in SCIM ListResponses
	total int            // their greatest totalResults
	scim  string         // the first file with a ListResponse
	graph map[string]int // pages of Microsoft Graph without a next link, by group
}

// begin notes that a file is read; it's open until it says otherwise.
func (e *ends) begin(name string) { e.open = append(e.open, name) }

// marked notes that the file read last says where it ends.
func (e *ends) marked() { e.open = e.open[:len(e.open)-1] }

// response notes a SCIM ListResponse.
func (e *ends) response(name string, rows, total int) {
	if e.scim == "" {
		e.scim = name
	}
	e.rows += rows
	e.total = max(e.total, total)
	e.marked()
}

// page notes a page of Microsoft Graph.
func (e *ends) page(group string, last bool) {
	if last {
		e.graph[group]++
	} else {
		e.graph[group] += 0
	}
	e.marked()
}

// missing says what speaks against the end of a list; nil if nothing does.
func (e *ends) missing(names []string, rows, count int) *Problem {
	cut := func(file, format string, args ...any) *Problem {
		return &Problem{File: file, Text: fmt.Sprintf(format, args...), Err: ErrCut}
	}
	if count > 0 {
		if rows != count {
			return cut(names[0], "the list has %d rows, and %d are announced", rows, count)
		}
		return nil
	}
	if len(e.open) > 0 {
		return cut(e.open[0], "there is no end mark; append the line #end,ROWS in CSV or {\"end\":ROWS} in JSON Lines, or give the number of rows")
	}
	if e.scim != "" && e.rows != e.total {
		return cut(e.scim, "the ListResponses have %d resources, and totalResults is %d", e.rows, e.total)
	}
	for group, last := range e.graph {
		if last == 1 {
			continue
		}
		at := slices.IndexFunc(names, func(name string) bool { return groupOf(name) == group })
		return cut(names[max(at, 0)], "%d pages have no @odata.nextLink, and exactly the last one must lack it", last)
	}
	return nil
}
