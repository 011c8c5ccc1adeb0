package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimclient/audit/report"
	"github.com/iamscim/iamscim/scimtest"
)

// The README's command finds exactly the planted errors.
func TestREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`(?m)^go run ./examples/scimctl (audit .*)$`).FindSubmatch(text)
	if command == nil {
		t.Fatal("the README doesn't show the command")
	}
	var stdout, stderr bytes.Buffer
	dir := t.TempDir()
	args := append(strings.Fields(string(command[1])), "-html", filepath.Join(dir, "r.html"), "-ndjson", filepath.Join(dir, "r.ndjson"), "-csv", dir)
	if status := run(context.Background(), args, &stdout, &stderr); status != exitClean || stderr.Len() > 0 {
		t.Fatalf("exit status %d\n%s\n%s", status, &stderr, &stdout)
	}
	if !strings.Contains(stdout.String(), "35 errors were planted. The audit found exactly those.") {
		t.Errorf("output:\n%s", &stdout)
	}
	if strings.ContainsAny(stdout.String(), "\x1b\u202e") {
		t.Error("a hostile name reached the terminal")
	}
	stream, err := os.Open(filepath.Join(dir, "r.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	findings := 0
	for m, err := range report.Read(stream) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Finding != nil {
			findings++
		}
	}
	page, err := os.ReadFile(filepath.Join(dir, "r.html"))
	if err != nil {
		t.Fatal(err)
	}
	if findings != 35 || strings.Count(string(page), "<tr class=") != 35 {
		t.Errorf("%d findings in the stream and %d on the page, want 35", findings, strings.Count(string(page), "<tr class="))
	}
	for _, name := range []string{"r.html", "r.ndjson", "failed-users.csv", "failed-groups.csv", "failed-memberships.csv", "failed-leavers.csv"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// tenant serves the demo's tenant on a port and writes the roster to files. It
// returns the flags.
func tenant(t *testing.T, change func(d *demo)) (args []string, dir string) {
	t.Helper()
	d := newDemo()
	// The last ten of 50 users are in no group.
	for _, u := range d.users[50:] {
		delete(d.inTenant, u.Key)
	}
	for _, m := range d.members[120:] {
		delete(d.hasMember, m)
	}
	d.users, d.members = d.users[:50], d.members[:120]
	change(d)
	srv := scimtest.Start(t, scimtest.WithSyncerGranted())
	base, err := d.serve(srv)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	lines(t, filepath.Join(dir, "users.jsonl"), d.users, func(u idp.User) any {
		return map[string]any{"key": u.Key, "userName": u.UserName, "externalId": u.ExternalID, "displayName": u.DisplayName, "email": u.Emails[0]}
	})
	lines(t, filepath.Join(dir, "groups.jsonl"), d.groups, func(g idp.Group) any {
		return map[string]any{"key": g.Key, "displayName": g.DisplayName, "externalId": g.ExternalID}
	})
	lines(t, filepath.Join(dir, "members.jsonl"), d.members, func(m idp.Membership) any { return map[string]any{"group": m.Group, "user": m.User} })
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte(demoToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		"audit", "-base-uri", base, "-token-file", filepath.Join(dir, "token"), "-mapping", d.mapping.String(),
		"-users", filepath.Join(dir, "u*.jsonl"), "-groups", filepath.Join(dir, "groups.jsonl"), "-memberships", filepath.Join(dir, "members.jsonl"),
		"-rate", "600000", "-settle", "1ms", "-accepted", filepath.Join(dir, "accepted.json"),
	}, dir
}

func lines[T any](t *testing.T, name string, rows []T, object func(T) any) {
	t.Helper()
	var b bytes.Buffer
	for _, row := range rows {
		text, err := json.Marshal(object(row))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", text)
	}
	fmt.Fprintf(&b, `{"end":%d}`, len(rows))
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestExitStatus(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(d *demo)
		args   func(dir string) []string
		before func(t *testing.T, args []string, dir string)
		want   int
		text   string
	}{
		{name: "clean", want: exitClean, text: "Clean: the tenant is as the roster says."},
		{name: "findings", change: func(d *demo) { d.inTenant["user-0007"].Active = new(false) }, want: exitFindings, text: "user-inactive"},
		{name: "sample", args: func(string) []string { return []string{"-sample", "20"} }, want: exitClean, text: "20 of 50 users checked, none with missing or wrong attributes"},
		{name: "estimate", args: func(string) []string { return []string{"-estimate"} }, want: exitClean, text: "The member filter works"},
		{name: "no such file", args: func(dir string) []string { return []string{"-leavers", filepath.Join(dir, "none.csv")} }, want: exitFailed, text: "none.csv: no such file"},
		{name: "wrong token", before: func(t *testing.T, _ []string, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "token"), []byte("fake-other"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, want: exitFailed, text: "token rejected"},
		{name: "a report that can't be written", args: func(dir string) []string { return []string{"-html", dir} }, want: exitFailed, text: "is a directory"},
		{name: "refused", before: shrink, want: exitRefused, text: `-allow-missing "users=10"`},
		{name: "refused and allowed", before: shrink, want: exitClean, text: "Allowed by hand: users=10",
			args: func(string) []string {
				return []string{"-allow-missing", "users=10"}
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			change := test.change
			if change == nil {
				change = func(*demo) {}
			}
			args, dir := tenant(t, change)
			if test.before != nil {
				test.before(t, args, dir)
			}
			if test.args != nil {
				args = append(args, test.args(dir)...)
			}
			var stdout, stderr bytes.Buffer
			if got := run(context.Background(), args, &stdout, &stderr); got != test.want || !strings.Contains(stdout.String()+stderr.String(), test.text) {
				t.Errorf("exit status %d, want %d and %q\n%s\n%s", got, test.want, test.text, &stderr, &stdout)
			}
			if strings.Contains(stdout.String()+stderr.String(), demoToken) {
				t.Error("the token is in the output")
			}
		})
	}
}

// shrink accepts the roster once and then drops its last users.
func shrink(t *testing.T, args []string, dir string) {
	t.Helper()
	var b bytes.Buffer
	if got := run(context.Background(), args, &b, &b); got != exitClean {
		t.Fatalf("exit status %d\n%s", got, &b)
	}
	d := newDemo()
	lines(t, filepath.Join(dir, "users.jsonl"), d.users[:40], func(u idp.User) any {
		return map[string]any{"key": u.Key, "userName": u.UserName, "externalId": u.ExternalID, "displayName": u.DisplayName, "email": u.Emails[0]}
	})
}

// An audit that is interrupted goes on where it was.
func TestResume(t *testing.T) {
	t.Parallel()
	args, dir := tenant(t, func(d *demo) { delete(d.inTenant, "user-0007") })
	args = append(args, "-checkpoint", filepath.Join(dir, "checkpoint"), "-ndjson", filepath.Join(dir, "r.ndjson"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var b bytes.Buffer
	if got := run(ctx, args, &b, &b); got != exitFailed || !strings.Contains(b.String(), "Resume it from") {
		t.Fatalf("exit status %d\n%s", got, &b)
	}
	if got := run(context.Background(), args, &b, &b); got != exitFailed || !strings.Contains(b.String(), "an audit was interrupted") {
		t.Fatalf("exit status %d\n%s", got, &b)
	}
	if got := run(context.Background(), append(args, "-resume"), &b, &b); got != exitFindings || !strings.Contains(b.String(), string(audit.UserMissing)) {
		t.Fatalf("exit status %d\n%s", got, &b)
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("SCIM_TOKEN", "")
	tests := []struct {
		args string
		want int
		text string
	}{
		{"", exitFailed, "usage: scimctl audit"},
		{"sync", exitFailed, "usage: scimctl audit"},
		{"audit -h", exitClean, "Exit status: 0 no errors"},
		{"audit", exitFailed, "-base-uri is missing\n-mapping is missing\n-users is missing"},
		{"audit -nope", exitFailed, "flag provided but not defined"},
		{"audit -demo extra", exitFailed, `unexpected argument "extra": quote patterns, as in -users 'users.*.json'`},
		{"audit -demo -users x -resume", exitFailed, "leave out -users\n-demo has a tenant and a roster of its own: leave out -resume"},
		{"audit -base-uri x -mapping google.subject=user.name -users x -rate 0 -sample -1", exitFailed, "-rate is 0"},
		{"audit -demo -confidence 0.9", exitFailed, "-confidence and -seed go with -sample"},
		{"audit -demo -count users", exitFailed, "expected a kind and a number"},
		{"audit -demo -claims none.json", exitFailed, "none.json"},
		{"audit -base-uri https://example.com -mapping google.subject=user.userName -users x", exitFailed, "there is no token"},
		{"audit -base-uri http://example.com -token-file main.go -mapping google.subject=user.userName -users x", exitFailed, "https is required"},
	}
	for _, test := range tests {
		var b bytes.Buffer
		if got := run(context.Background(), strings.Fields(test.args), &b, &b); got != test.want || !strings.Contains(b.String(), test.text) {
			t.Errorf("scimctl %s: exit status %d, want %d and %q:\n%s", test.args, got, test.want, test.text, &b)
		}
	}
}

// The bar shows numbers, and makes way for findings.
func TestProgress(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	h := progress(&b)
	for _, m := range []audit.Message{
		{Config: &audit.Config{}}, {Progress: &audit.Progress{Checked: 5, Total: 10, Findings: 2, Waiting: 1, Rate: 24.6, Remaining: 3 * time.Second}},
		{Finding: &audit.Finding{}}, {Progress: &audit.Progress{Checked: 10, Total: 10}}, {Result: &audit.Result{}},
	} {
		if err := h(m); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(b.String(), "5 of 10, 2 findings, 1 to read again, 25 requests/s, 3s left") {
		t.Errorf("bar: %q", b.String())
	}
	if isTerminal(&b) {
		t.Error("a buffer is no terminal")
	}
}
