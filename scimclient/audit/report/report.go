package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/iamscim/iamscim/scimclient/audit"
)

// Handler gets the messages of an audit: see [audit.Options.Handle].
type Handler = func(audit.Message) error

// Tee returns a handler that gives each message to all handlers. It goes on after
// an error and returns all errors.
func Tee(handlers ...Handler) Handler {
	return func(m audit.Message) error {
		var errs []error
		for _, h := range handlers {
			errs = append(errs, h(m))
		}
		return errors.Join(errs...)
	}
}

// File is a file for a report.
type File struct {
	f     *os.File
	begun bool
}

// Create opens a file for a report, with mode 0600. An earlier report stays there
// until the first byte of the new one.
func Create(name string) (*File, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Chmod(0o600); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &File{f: f}, nil
}

// Write writes to the file. The first call empties it before.
func (f *File) Write(p []byte) (int, error) {
	if !f.begun {
		if err := f.f.Truncate(0); err != nil {
			return 0, err
		}
		f.begun = true
	}
	return f.f.Write(p)
}

// Close closes the file.
func (f *File) Close() error { return f.f.Close() }

// who is the user and the group of a finding.
func who(f audit.Finding) string {
	user, group := f.User, f.Group
	if group == "" && f.GroupID != "" {
		group = f.GroupID
	}
	switch {
	case user != "" && group != "":
		return user + " in " + group
	case user != "":
		return user
	}
	return group
}

// what is what was expected and what was found.
func what(f audit.Finding) string {
	var parts []string
	if f.Attribute != "" {
		parts = append(parts, f.Attribute)
	}
	if f.Expected != "" {
		parts = append(parts, fmt.Sprintf("expected %q", f.Expected))
	}
	if f.Found != "" {
		parts = append(parts, fmt.Sprintf("found %q", f.Found))
	}
	if f.Detail != "" {
		parts = append(parts, f.Detail)
	}
	return strings.Join(parts, ", ")
}

// printer writes text and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
