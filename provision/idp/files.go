package idp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// Files names the files of a roster. Files of different formats can be mixed.
//
// CSV has these columns; JSON Lines has objects with the same names:
//
//   - users: key, userName, externalId, displayName, email, active (true or
//     false; true if it's absent), id, and the paths of [KnownAttribute]
//   - groups: key, displayName, externalId, id
//   - memberships: group, user
//   - leavers: the columns of users, and gone (true or false)
//
// userName stands for the key in a file without one, and displayName for that of
// a group. Columns of CSV that begin with # are skipped. An apostrophe before =, +,
// -, @ or a tab at the beginning of a cell is taken off: it keeps spreadsheets from
// running the cell. The last line of CSV is an end mark with the number of rows:
//
//	#end,5000
//
// In JSON Lines it's {"end":5000}. Where a file has none, Counts has the number.
// The end of the other formats is in their structure: totalResults in a SCIM
// ListResponse, a last page without @odata.nextLink in Microsoft Graph, and the
// closing bracket in an array of Okta, which says nothing about missing pages:
// give their number in Counts.
//
// Members of a group in Microsoft Graph and Okta don't name their group. The
// file does: GROUP.json, or GROUP.1.json and so on for pages, where GROUP is the
// group's key.
type Files struct {
	Users       []string
	Groups      []string
	Memberships []string
	Leavers     []string

	// Counts are the numbers of rows that are known from elsewhere. 0 is
	// unknown.
	Counts Counts

	// EntraExternalID is the property of Microsoft Graph that the provisioning
	// job maps to the externalId of users. The default is "id", which Google's
	// setup asks for. "mailNickname" is Entra ID's own default. "-" leaves
	// externalId out.
	EntraExternalID string
}

// Counts are numbers of rows.
type Counts struct{ Users, Groups, Memberships, Leavers int }

// Roster returns the roster in the files. It opens each file once and returns
// every problem with a name or a format; the rows are read later.
func (f Files) Roster() (Roster, error) {
	var errs []error
	if len(f.Users) == 0 {
		errs = append(errs, errors.New("idp: no file with users is named"))
	}
	switch f.EntraExternalID {
	case "", "id", "mailNickname", "-":
	default:
		errs = append(errs, fmt.Errorf(`idp: EntraExternalID is %q: must be id, mailNickname or "-"`, f.EntraExternalID))
	}
	for _, names := range [][]string{f.Users, f.Groups, f.Memberships, f.Leavers} {
		if len(names) > maxFileNames {
			errs = append(errs, fmt.Errorf("idp: %d files are named: at most %d", len(names), maxFileNames))
			continue
		}
		for _, name := range names {
			file, err := open(name)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			file.Close()
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Roster{}, err
	}
	r := Roster{Users: list(f.Users, f.Counts.Users, false, f.decoder().user)}
	if f.Groups != nil {
		r.Groups = list(f.Groups, f.Counts.Groups, false, f.decoder().group)
	}
	if f.Memberships != nil {
		r.Memberships = list(f.Memberships, f.Counts.Memberships, true, f.decoder().membership)
	}
	if f.Leavers != nil {
		r.Leavers = list(f.Leavers, f.Counts.Leavers, false, f.decoder().leaver)
	}
	return r, nil
}

// file is an open file of a known format.
type file struct {
	io.Closer
	*bufio.Reader
	name   string
	format format
}

type format int

const (
	formatCSV format = iota
	formatLines
	formatObject // a SCIM ListResponse or a page of Microsoft Graph
	formatArray  // Okta
)

// open opens a file and recognizes its format by its first bytes.
func open(name string) (*file, error) {
	f, err := os.Open(name)
	if err != nil {
		// The text of the cause repeats the name.
		if cause, ok := errors.AsType[*os.PathError](err); ok {
			err = cause.Err
		}
		return nil, &Problem{File: name, Text: err.Error(), Err: err}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, &Problem{File: name, Text: "is a directory"}
	}
	r := &file{Closer: f, Reader: bufio.NewReaderSize(utf8Reader(f), 64<<10), name: name}
	head, _ := r.Peek(4 << 10)
	r.format = sniff(head, filepath.Ext(name))
	return r, nil
}

func sniff(head []byte, ext string) format {
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("[")):
		return formatArray
	case !bytes.HasPrefix(text, []byte("{")):
		return formatCSV
	case strings.EqualFold(ext, ".jsonl") || strings.EqualFold(ext, ".ndjson"):
		return formatLines
	}
	// A list names itself at its beginning. So an object that says neither is a
	// line of JSON Lines.
	for _, name := range []string{`"schemas"`, `"totalResults"`, `"Resources"`, `"@odata.`, `"value"`} {
		if at := bytes.Index(text, []byte(name)); at >= 0 && bytes.IndexByte(text[1:at+1], '{') < 0 {
			return formatObject
		}
	}
	return formatLines
}

// A row is one entry of a file, before it's a user, a group or memberships.
type row struct {
	file  string
	line  int
	cells map[string]string // by column; CSV
	text  []byte            // JSON
	from  format
	group string // that the file's name names
	graph bool   // a page of Microsoft Graph
}

// list reads files. decode makes rows of the list from one row of a file; it
// returns every problem.
func list[T any](names []string, count int, perGroup bool, decode func(*row, func(T) bool) []string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		r := &reader{perGroup: perGroup, ends: ends{graph: map[string]int{}}}
		var none T
		rows := 0
		r.problem = func(p *Problem) error {
			r.problems++
			if !yield(none, p) || r.problems >= maxProblems {
				return errStop
			}
			return nil
		}
		r.row = func(w *row) error {
			stopped := false
			texts := decode(w, func(v T) bool {
				rows++
				stopped = !yield(v, nil)
				return !stopped
			})
			if stopped {
				return errStop
			}
			for _, text := range texts {
				if err := r.problem(&Problem{File: w.file, Line: w.line, Text: text}); err != nil {
					return err
				}
			}
			if rows > maxRows {
				r.problem(&Problem{File: w.file, Line: w.line, Text: fmt.Sprintf("the list has more than %d rows", maxRows)})
				return errStop
			}
			return nil
		}
		for _, name := range names {
			if err := r.read(name); err != nil {
				return
			}
		}
		if p := r.ends.missing(names, rows, count); p != nil {
			if r.problem(p) != nil {
				return
			}
		}
		yield(none, End(rows))
	}
}

// reader reads the rows of files.
type reader struct {
	row      func(*row) error
	problem  func(*Problem) error
	problems int
	perGroup bool // the files are lists of members
	ends     ends
}

func (r *reader) read(name string) error {
	f, err := open(name)
	if err != nil {
		p, _ := errors.AsType[*Problem](err)
		return r.problem(p)
	}
	defer f.Close()
	r.ends.begin(name)
	switch f.format {
	case formatCSV:
		return r.csv(f)
	case formatLines:
		return r.lines(f)
	}
	return r.json(f)
}
