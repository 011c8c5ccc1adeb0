package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"

	"github.com/iamscim/iamscim/scimclient/audit"
)

// ErrStream: a stream of messages is of another version, has a message that isn't
// one, or is cut.
var ErrStream = errors.New("report: not a whole stream of " + audit.Version)

// maxMessage bounds a line, in bytes.
const maxMessage = 16 << 20

// NDJSON writes each message as one line of JSON, as the audit sends it.
func NDJSON(w io.Writer) Handler {
	return func(m audit.Message) error {
		text, err := json.Marshal(m)
		if err == nil {
			_, err = w.Write(append(text, '\n'))
		}
		return err
	}
}

// Read reads what [NDJSON] wrote. The first message is the configuration, of the
// version of this package; the last one is the result or the failure. Otherwise
// the last element is [ErrStream]. A stream from which progress messages were
// removed is whole.
func Read(r io.Reader) iter.Seq2[audit.Message, error] {
	return func(yield func(audit.Message, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, 0, 64<<10), maxMessage)
		line, ended := 0, false
		fail := func(format string, args ...any) {
			yield(audit.Message{}, fmt.Errorf("%w: line %d: %s", ErrStream, line, fmt.Sprintf(format, args...)))
		}
		for s.Scan() {
			line++
			var m audit.Message
			d := json.NewDecoder(bytes.NewReader(s.Bytes()))
			d.DisallowUnknownFields()
			switch err := d.Decode(&m); {
			case err != nil:
				fail("it isn't a message")
				return
			case fields(m) != 1:
				fail("a message has one field")
				return
			case ended:
				fail("something follows the end")
				return
			case (m.Config != nil) != (line == 1):
				fail("the configuration is the first message, and only that")
				return
			case m.Config != nil && m.Config.Version != audit.Version:
				fail("the version isn't %s", audit.Version)
				return
			}
			ended = m.Result != nil || m.Failure != nil
			if !yield(m, nil) {
				return
			}
		}
		line++
		switch err := s.Err(); {
		case err != nil:
			fail("%v", err)
		case !ended:
			fail("the result is missing")
		}
	}
}

// fields counts the fields of a message that are set.
func fields(m audit.Message) int {
	n := 0
	for _, f := range reflect.ValueOf(m).Fields() {
		if !f.IsNil() {
			n++
		}
	}
	return n
}
