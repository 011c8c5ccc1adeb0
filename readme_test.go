package iamscim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/iamscim/iamscim/scimtest"
)

// TestREADMESnippets keeps every Go snippet of the README in an Example that
// runs, line by line.
func TestREADMESnippets(t *testing.T) {
	t.Parallel()
	example := "\n" + unindent(readFile(t, "readme_example_test.go")) + "\n"
	// The Example differs in one argument: how its client reaches the fake.
	example = strings.ReplaceAll(example, ", scimclient.WithHTTPClient(server.PipeHTTPClient()))", ")")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)\n```").FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no Go snippet")
	}
	for _, block := range blocks {
		if strings.HasPrefix(block[1], "package main") {
			continue // TestREADMEProgram runs it
		}
		if snippet := unindent(block[1]); !strings.Contains(example, "\n"+snippet+"\n") {
			t.Errorf("this snippet of the README is not in the Example:\n%s", block[1])
		}
	}
}

// TestREADMENames finds every name of this module that the README mentions.
func TestREADMENames(t *testing.T) {
	t.Parallel()
	exported := map[string]bool{}
	for _, dir := range []string{".", "claimmap", "provider", "provision", "provision/idp", "provision/secretmanager", "scimclient", "scimclient/audit", "scimtenant", "scimtest", "scimtoken"} {
		addExported(t, exported, dir)
	}
	code := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(regexp.MustCompile("(?s)```.*?```").ReplaceAllString(readFile(t, "README.md"), ""), -1)
	name := regexp.MustCompile(`^(?:(?:iamscim|idp|provider|provision|secretmanager|scimtenant|scimtoken|claimmap|scimclient|scimtest)\.)?(?:[A-Z][A-Za-z]*\.)?[A-Z][A-Za-z]*$`)
	found := 0
	for _, match := range code {
		text := match[1]
		if !name.MatchString(text) {
			continue
		}
		found++
		parts := strings.Split(text, ".")
		if len(parts) > 1 && parts[0] == strings.ToLower(parts[0]) {
			parts = parts[1:]
		}
		if !exported[strings.Join(parts, ".")] && !exported["method "+parts[len(parts)-1]] {
			t.Errorf("the README mentions %s, which does not exist", text)
		}
	}
	if found < 10 {
		t.Errorf("only %d names were found in the README", found)
	}
}

// addExported adds "Name", "Type.Method" and "Type.Field" of the package in dir,
// and "method Method" for text that leaves the type out.
func addExported(t *testing.T, exported map[string]bool, dir string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					exported[decl.Name.Name] = true
					continue
				}
				receiver := decl.Recv.List[0].Type
				if star, ok := receiver.(*ast.StarExpr); ok {
					receiver = star.X
				}
				if ident, ok := receiver.(*ast.Ident); ok {
					exported[ident.Name+"."+decl.Name.Name] = true
					exported["method "+decl.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					addSpec(exported, spec)
				}
			}
		}
	}
}

func addSpec(exported map[string]bool, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			exported[n.Name] = true
		}
	case *ast.TypeSpec:
		exported[spec.Name.Name] = true
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, n := range field.Names {
					exported[spec.Name.Name+"."+n.Name] = true
				}
			}
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unindent takes the indentation off every line.
func unindent(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// TestREADMEProgram builds the README's first program and runs it as a user does,
// against a server that the environment names: before the identity provider has
// pushed, and after it.
func TestREADMEProgram(t *testing.T) {
	t.Parallel()
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindStringSubmatch(readFile(t, "README.md"))
	if program == nil {
		t.Fatal("the README has no program")
	}
	if n := strings.Count(program[1], "\n"); n > 40 {
		t.Errorf("the README's first program has %d lines, want at most 40", n)
	}
	dir := t.TempDir()
	source, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(source, []byte(program[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	acme := scimtest.Acme(t, scimtest.WithSyncerGranted())
	run := func() string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), binary)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "IAMSCIM_EMULATOR_HOST="+acme.URL())
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, &stdout, &stderr)
		}
		if !strings.Contains(stderr.String(), "using an emulator") || strings.Contains(stdout.String()+stderr.String(), "fake-") {
			t.Errorf("the program wrote\n%s", &stderr)
		}
		return stdout.String()
	}
	if got := run(); !strings.Contains(got, "Plan: 3 to create") || !strings.Contains(got, "Secret token = (the stored token)") {
		t.Errorf("the first run printed\n%s", got)
	}
	user := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com","active":true,"emails":[{"type":"work","value":"ada@example.com"}]}`
	if _, err := acme.AddUser(acme.State().Tenants[0].Name, []byte(user)); err != nil {
		t.Fatal(err)
	}
	if got := run(); !strings.Contains(got, "Plan: 1 to update") || !strings.HasSuffix(got, "were compared with the spec.\n") {
		t.Errorf("the second run printed\n%s", got)
	}
	if got := acme.State().Providers[0].ScimUsage; got != "ENABLED_FOR_GROUPS" {
		t.Errorf("the usage is %q at the end", got)
	}
}

// TestREADMEVersions holds what the README supports against what the module is built on.
func TestREADMEVersions(t *testing.T) {
	t.Parallel()
	readme := strings.Join(strings.Fields(readFile(t, "README.md")), " ")
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "google.golang.org/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	for api, file := range map[string]string{
		"iam/v1": "iam/v1/iam-api.json", "Resource Manager v3": "cloudresourcemanager/v3/cloudresourcemanager-api.json", "Secret Manager v1": "secretmanager/v1/secretmanager-api.json",
	} {
		revision := regexp.MustCompile(`"revision": "(\d+)"`).FindStringSubmatch(readFile(t, filepath.Join(strings.TrimSpace(string(out)), file)))
		if revision == nil {
			t.Errorf("%s has no revision", file)
		} else if want := api + " of revision " + revision[1]; !strings.Contains(readme, want) {
			t.Errorf("the README doesn't say %q", want)
		}
	}
	release := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readFile(t, "go.mod"))
	if want := "Go " + release[1] + " and later."; !strings.Contains(readme, want) {
		t.Errorf("the README doesn't say %q", want)
	}
}
