package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"

	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/report"
)

// isTerminal reports whether somebody watches.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// progress shows a bar. It makes way for findings, which go to the same terminal.
func progress(w io.Writer) report.Handler {
	var bar *progressbar.ProgressBar
	return func(m audit.Message) error {
		switch {
		case m.Progress != nil:
			p := m.Progress
			if bar == nil {
				bar = progressbar.NewOptions(max(1, p.Total), progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(24),
					progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false))
			}
			text := fmt.Sprintf("%d of %d, %d findings, %d to read again, %.0f requests/s", p.Checked, p.Total, p.Findings, p.Waiting, p.Rate)
			if p.Remaining > 0 {
				text += fmt.Sprintf(", %v left", p.Remaining)
			}
			bar.Describe(text)
			return bar.Set(min(p.Checked, p.Total))
		case bar != nil:
			return bar.Clear()
		}
		return nil
	}
}
