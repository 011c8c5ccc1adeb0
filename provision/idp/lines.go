package idp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
)

// lines reads JSON Lines.
func (r *reader) lines(f *file) error {
	s := bufio.NewScanner(f.Reader)
	s.Buffer(make([]byte, 0, 64<<10), maxLine)
	rows, ended, line := 0, false, 0
	for s.Scan() {
		line++
		text := bytes.TrimSpace(s.Bytes())
		if len(text) == 0 {
			continue
		}
		if ended {
			return r.problem(&Problem{File: f.name, Line: line, Text: "something follows the end mark"})
		}
		var mark struct {
			End *int `json:"end"`
		}
		if bytes.Contains(text, []byte(`"end"`)) && json.Unmarshal(text, &mark) == nil && mark.End != nil {
			ended = true
			r.ends.marked()
			if *mark.End != rows {
				return r.problem(&Problem{File: f.name, Line: line, Text: fmt.Sprintf(`the end mark must be {"end":%d}: so many rows precede it`, rows), Err: ErrCut})
			}
			continue
		}
		rows++
		if err := r.row(&row{file: f.name, line: line, text: text, from: formatLines}); err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		if err == bufio.ErrTooLong {
			err = fmt.Errorf("%w: more than %d bytes", errTooLong, maxLine)
		}
		if !ended {
			r.ends.marked()
		}
		return r.problem(&Problem{File: f.name, Line: line + 1, Text: err.Error(), Err: err})
	}
	return nil
}
