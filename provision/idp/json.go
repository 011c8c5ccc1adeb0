package idp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// groupOf is the group that the name of a file with members stands for.
func groupOf(name string) string {
	group, _, _ := strings.Cut(filepath.Base(name), ".")
	return group
}

// json reads a SCIM ListResponse, a page of Microsoft Graph or an array of Okta,
// element by element.
func (r *reader) json(f *file) error {
	in := &elementLimit{r: f.Reader, most: maxElement}
	d := json.NewDecoder(in)
	p := page{row: row{file: f.name, from: f.format, group: groupOf(f.name)}, total: -1}
	err := p.read(d, in, r.row)
	if errors.Is(err, errStop) {
		return err
	}
	if err != nil {
		line := in.line(d.InputOffset())
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			line, err = in.line(in.read), fmt.Errorf("%w: the JSON isn't complete", ErrCut)
		}
		r.ends.marked()
		return r.problem(&Problem{File: f.name, Line: line, Text: clean(err), Err: err})
	}
	switch {
	case f.format == formatArray:
		r.ends.marked()
	case p.graph:
		r.ends.page(r.pagesOf(p.group), !p.next)
	case p.total < 0:
		r.ends.marked()
		return r.problem(&Problem{File: f.name, Text: "has neither totalResults of a SCIM ListResponse nor value of Microsoft Graph"})
	default:
		r.ends.response(f.name, p.rows, p.total)
	}
	return nil
}

// pagesOf is the name of the list that a page belongs to: each group has a list
// of members.
func (r *reader) pagesOf(group string) string {
	if r.perGroup {
		return group
	}
	return ""
}

// clean is the text of an error of encoding/json, which can repeat a value.
func clean(err error) string {
	if bad, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("%s has the JSON type %s", bad.Field, strings.Fields(bad.Value)[0])
	}
	return err.Error()
}

// page is a JSON document with a list.
type page struct {
	row
	rows  int
	total int  // totalResults, or -1
	next  bool // @odata.nextLink
}

func (p *page) read(d *json.Decoder, in *elementLimit, yield func(*row) error) error {
	start, err := d.Token()
	if err != nil {
		return err
	}
	if start == json.Delim('[') {
		if err := p.elements(d, in, yield); err != nil {
			return err
		}
		return atEnd(d)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		switch name {
		case "Resources", "value":
			p.graph = name == "value"
			if t, err := d.Token(); err != nil {
				return err
			} else if t != json.Delim('[') {
				return fmt.Errorf("%s isn't an array", name)
			}
			err = p.elements(d, in, yield)
		case "totalResults":
			err = d.Decode(&p.total)
		case "@odata.nextLink":
			var link string
			err = d.Decode(&link)
			p.next = link != ""
		default:
			var ignored json.RawMessage
			err = d.Decode(&ignored)
		}
		if err != nil {
			return err
		}
		in.reset()
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	return atEnd(d)
}

// elements reads an array up to its closing bracket.
func (p *page) elements(d *json.Decoder, in *elementLimit, yield func(*row) error) error {
	for d.More() {
		in.reset()
		var text json.RawMessage
		if err := d.Decode(&text); err != nil {
			return err
		}
		p.rows++
		w := p.row
		w.line, w.text = in.line(d.InputOffset()-int64(len(text))), text
		if err := yield(&w); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func atEnd(d *json.Decoder) error {
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON document")
	}
	return nil
}

// errTooLong: one row takes more than a reader keeps in memory.
var errTooLong = errors.New("the row is too long")

// elementLimit bounds what is read since the last reset, and knows the lines.
type elementLimit struct {
	r        io.Reader
	most     int     // bytes between two resets
	since    int     // bytes since the last reset
	read     int64   // bytes
	breaks   []int64 // offsets of line breaks that line wasn't asked about
	finished int     // line breaks before those
}

func (l *elementLimit) reset() { l.since = 0 }

func (l *elementLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			l.breaks = append(l.breaks, l.read+int64(i))
		}
	}
	l.read += int64(n)
	if l.since += n; l.since > l.most {
		return 0, fmt.Errorf("%w: more than %d bytes", errTooLong, l.most)
	}
	return n, err
}

// line is the line at an offset. Offsets don't go back.
func (l *elementLimit) line(offset int64) int {
	n := 0
	for n < len(l.breaks) && l.breaks[n] < offset {
		n++
	}
	l.finished += n
	l.breaks = append(l.breaks[:0], l.breaks[n:]...)
	return l.finished + 1
}
