package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/report"
)

// job is one audit: a tenant, a roster, and reports.
type job struct {
	*flags
	client         *scimclient.Client
	roster         idp.Roster
	stdout, stderr io.Writer
}

func runAudit(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseFlags(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitClean
	}
	if err != nil {
		fmt.Fprintln(stderr, "scimctl:", err)
		return exitFailed
	}
	j := &job{flags: f, stdout: stdout, stderr: stderr}
	switch {
	case f.demo && f.live.source == "files":
		return j.runDemo(ctx)
	case f.demo:
		return j.runLiveDemo(ctx)
	}
	done, err := j.open(ctx)
	defer done()
	if err != nil {
		fmt.Fprintln(stderr, "scimctl:", err)
		return exitFailed
	}
	result, err := j.run(ctx)
	if err == nil && result != nil {
		j.explain(ctx)
		j.nested(ctx)
	}
	return j.status(result, err)
}

// open makes the client and opens the roster. done is to be called at the end.
func (j *job) open(ctx context.Context) (done func(), err error) {
	done = func() {}
	token, err := j.token()
	if err != nil {
		return done, err
	}
	if j.client, err = scimclient.New(j.baseURI, token.TokenSource(), scimclient.WithRate(max(3000, j.options.PerMinute))); err != nil {
		return done, err
	}
	if j.live.source == "files" {
		j.roster, err = j.files.Roster()
		return done, err
	}
	if err := j.live.open(); err != nil {
		return done, err
	}
	return j.openLive(ctx)
}

// run audits and writes the reports. The result is nil after -estimate.
func (j *job) run(ctx context.Context) (*audit.Result, error) {
	if j.estimate {
		forecast, err := audit.Estimate(ctx, j.client, j.roster, j.options)
		if err == nil {
			fmt.Fprintln(j.stdout, forecast)
		}
		return nil, err
	}
	handlers, done, err := j.reports()
	if err != nil {
		return nil, errors.Join(err, done())
	}
	opts := j.options
	if opts.Handle != nil {
		handlers = append(handlers, opts.Handle)
	}
	if j.live.half != nil {
		handlers = append(handlers, j.live.keep)
	}
	opts.Handle = report.Tee(handlers...)
	result, err := audit.Run(ctx, j.client, j.roster, opts)
	return result, errors.Join(err, done())
}

// reports opens what the flags name. done closes it.
func (j *job) reports() (handlers []report.Handler, done func() error, err error) {
	var closers []io.Closer
	done = func() error {
		var errs []error
		for _, c := range closers {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	if !j.quiet && isTerminal(j.stderr) {
		handlers = append(handlers, progress(j.stderr))
	}
	handlers = append(handlers, report.Text(j.stdout))
	for _, r := range []struct {
		name string
		make func(io.Writer) report.Handler
	}{{j.html, report.HTML}, {j.ndjson, report.NDJSON}} {
		if r.name == "" {
			continue
		}
		file, err := report.Create(r.name)
		if err != nil {
			return nil, done, err
		}
		closers = append(closers, file)
		handlers = append(handlers, r.make(file))
	}
	if j.csv != "" {
		handlers = append(handlers, report.CSV(j.csv, j.roster))
	}
	return handlers, done, nil
}

// status says how the audit ended.
func (j *job) status(result *audit.Result, err error) int {
	refused, isRefused := errors.AsType[*audit.RefusedError](err)
	switch {
	case isRefused:
		fmt.Fprintln(j.stderr, "scimctl:", refused)
		fmt.Fprintln(j.stderr, "Look at the roster first. To accept it for this run, add:")
		for _, c := range refused.Changes {
			fmt.Fprintf(j.stderr, "  -allow-missing %q\n", c.Waiver())
		}
		return exitRefused
	case err != nil:
		fmt.Fprintln(j.stderr, "scimctl:", err)
		return exitFailed
	case result != nil && result.Errors > 0:
		return exitFindings
	}
	return exitClean
}
