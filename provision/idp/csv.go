package idp

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// endMark begins the last line of a CSV file.
const endMark = "#end"

// csv reads CSV (RFC 4180). Spreadsheets of some languages write semicolons and
// tabs.
func (r *reader) csv(f *file) error {
	head, _ := f.Peek(4 << 10)
	first, _, _ := bytes.Cut(head, []byte("\n"))
	in := &elementLimit{r: f.Reader, most: maxLine}
	c := csv.NewReader(in)
	c.ReuseRecord = true
	c.FieldsPerRecord = -1
	for _, comma := range ";\t" {
		if bytes.ContainsRune(first, comma) && !bytes.ContainsRune(first, ',') {
			c.Comma = comma
		}
	}
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		r.ends.marked()
		return r.problem(&Problem{File: f.name, Text: "is empty: expected a header", Err: ErrCut})
	}
	if err != nil {
		return r.unreadable(f.name, err)
	}
	columns, text := columnsOf(header)
	if text != "" {
		r.ends.marked()
		return r.problem(&Problem{File: f.name, Line: 1, Text: text})
	}
	rows := 0
	for {
		in.reset()
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if bad, ok := errors.AsType[*csv.ParseError](err); ok && !errors.Is(err, errTooLong) {
				if err := r.problem(&Problem{File: f.name, Line: bad.StartLine, Text: bad.Err.Error(), Err: err}); err != nil {
					return err
				}
				rows++
				continue
			}
			return r.unreadable(f.name, err)
		}
		line, _ := c.FieldPos(0)
		if record[0] == endMark {
			return r.endOfCSV(f, c, record, line, rows)
		}
		rows++
		if len(record) != len(columns) {
			if err := r.problem(&Problem{File: f.name, Line: line, Text: fmt.Sprintf("has %d columns, and the header has %d", len(record), len(columns))}); err != nil {
				return err
			}
			continue
		}
		if err := r.row(&row{file: f.name, line: line, cells: cellsOf(columns, record), from: formatCSV}); err != nil {
			return err
		}
	}
}

// endOfCSV checks the end mark, and that nothing follows it.
func (r *reader) endOfCSV(f *file, c *csv.Reader, record []string, line, rows int) error {
	last := len(record)
	for last > 2 && record[last-1] == "" {
		last-- // spreadsheets fill up the columns
	}
	announced := -1
	if last == 2 {
		if n, err := strconv.Atoi(strings.TrimSpace(record[1])); err == nil {
			announced = n
		}
	}
	r.ends.marked()
	if announced != rows {
		return r.problem(&Problem{File: f.name, Line: line, Text: fmt.Sprintf("the end mark must be %s,%d: so many rows precede it", endMark, rows), Err: ErrCut})
	}
	if _, err := c.Read(); !errors.Is(err, io.EOF) {
		return r.problem(&Problem{File: f.name, Line: line + 1, Text: "something follows the end mark"})
	}
	return nil
}

// columnsOf checks a header.
func columnsOf(header []string) (columns []string, problem string) {
	if len(header) > maxColumns {
		return nil, fmt.Sprintf("the header has %d columns: at most %d", len(header), maxColumns)
	}
	seen := map[string]bool{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		switch {
		case strings.HasPrefix(name, "#"):
		case !knownColumn(name):
			return nil, fmt.Sprintf("column %d of the header is unknown: see the documentation of Files", i+1)
		case seen[name]:
			return nil, fmt.Sprintf("the header has the column %s twice", name)
		}
		seen[name] = true
		columns = append(columns, name)
	}
	return columns, ""
}

func knownColumn(name string) bool {
	switch name {
	case "key", "userName", "externalId", "displayName", "email", "active", "id", "group", "user", "gone":
		return true
	}
	return KnownAttribute(name)
}

// cellsOf copies a record: the strings of csv.Reader share a line, which would
// stay in memory with a single short cell.
func cellsOf(columns, record []string) map[string]string {
	cells := make(map[string]string, len(columns))
	for i, name := range columns {
		if record[i] != "" && !strings.HasPrefix(name, "#") {
			cells[name] = strings.Clone(unquoted(record[i]))
		}
	}
	return cells
}

// unquoted takes off the apostrophe that keeps a spreadsheet from running a cell.
// Reports of an audit have it.
func unquoted(cell string) string {
	rest := strings.TrimLeft(cell, "'")
	if len(rest) < len(cell) && rest != "" && strings.IndexByte("=+-@\t\r", rest[0]) >= 0 {
		return cell[1:]
	}
	return cell
}

// unreadable reports an error that ends the reading of a file.
func (r *reader) unreadable(name string, err error) error {
	r.ends.marked()
	p := &Problem{File: name, Text: err.Error(), Err: err}
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		p.Line, p.Text = bad.StartLine, bad.Err.Error()
	}
	return r.problem(p)
}

// valid checks a cell or a string of JSON.
func valid(name, value string) string {
	switch {
	case len(value) > maxCell:
		return fmt.Sprintf("%s is longer than %d bytes", name, maxCell)
	case !utf8.ValidString(value):
		return name + " is not UTF-8"
	}
	return ""
}
