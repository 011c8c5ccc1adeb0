package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// writers print the findings in a format.
var writers = map[string]func(w io.Writer, checked int, findings []finding) error{
	"text": writeText, "json": writeJSON, "sarif": writeSARIF, "github": writeGitHub,
}

// writeText prints the findings by pair, and a note that is true of several once.
// What comes from the input cannot move the cursor, end a line, or begin one that a
// CI system takes for a command.
func writeText(w io.Writer, checked int, findings []finding) error {
	name, begun, noted := "", false, map[string]bool{}
	for _, f := range findings {
		if f.Level == levelNote && noted[f.Message] {
			continue
		}
		noted[f.Message] = true
		if !begun || f.Name != name {
			begun = true
			if name = f.Name; name != "" {
				fmt.Fprintf(w, "in %s:\n", indented(oneLine(name)))
			}
		}
		place := ""
		if f.File != "" && f.File != "-" && f.Line > 0 {
			place = fmt.Sprintf(" %s:%d:", indented(oneLine(f.File)), f.Line)
		}
		fmt.Fprintf(w, "  %s:%s %s\n", f.Level, place, indented(f.Message))
	}
	_, err := fmt.Fprintln(w, summary(checked, findings))
	return err
}

func summary(checked int, findings []finding) string {
	counts := map[level]int{}
	for _, f := range findings {
		counts[f.Level]++
	}
	return fmt.Sprintf("%d checked: %d errors, %d warnings, %d notes", checked, counts[levelError], counts[levelWarning], counts[levelNote])
}

func writeJSON(w io.Writer, checked int, findings []finding) error {
	if findings == nil {
		findings = []finding{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Checked  int       `json:"checked"`
		Findings []finding `json:"findings"`
	}{checked, findings})
}

// The escapes of workflow commands
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands).
var (
	commandText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub prints workflow commands, which GitHub shows at the lines of a pull
// request.
func writeGitHub(w io.Writer, checked int, findings []finding) error {
	for _, f := range findings {
		command := map[level]string{levelError: "error", levelWarning: "warning", levelNote: "notice"}[f.Level]
		properties := "title=" + commandProperty.Replace("claimlint: "+f.Rule)
		if f.File != "" && f.File != "-" {
			properties = fmt.Sprintf("file=%s,line=%d,%s", commandProperty.Replace(printable(f.File)), f.Line, properties)
		}
		message := f.Message
		if f.Name != "" {
			message = f.Name + ": " + message
		}
		fmt.Fprintf(w, "::%s %s::%s\n", command, properties, commandText.Replace(printable(message)))
	}
	_, err := fmt.Fprintln(w, summary(checked, findings))
	return err
}
