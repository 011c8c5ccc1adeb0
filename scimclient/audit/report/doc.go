// Package report writes the messages of an audit: as text, as JSON lines, as an
// HTML page, and as CSV files that can be audited again.
//
//	result, err := audit.Run(ctx, client, roster, audit.Options{
//		Mapping: mapping,
//		Handle:  report.Tee(report.Text(os.Stdout), report.HTML(file)),
//	})
//
// Each function returns a handler for [audit.Options.Handle].
//
// # Safety
//
// Names come from directories, where anybody may have written them. Reports show
// control characters and those that change the direction of text as escapes. HTML
// is escaped, and the page allows no script but its own and loads nothing. Cells
// of CSV that a spreadsheet would run begin with an apostrophe, which package
// provision/idp takes off again.
//
// Reports hold names. Use [Create], which makes files that nobody else can read.
//
// # Errors
//
// A handler returns the errors of its writer. They end the audit. [Read] refuses
// a stream of another version, and one that is cut.
//
// # Retries
//
// None.
//
// # Concurrency
//
// A handler is for one audit, which calls it from one goroutine at a time.
package report
