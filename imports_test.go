package iamscim_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/iamscim/iamscim"

// allowed says which packages of this module each package may import, test
// files aside. Imports run one way: what is on the right never imports what is
// on the left, and the fake shares nothing with the clients it tests but the
// grammar of names.
var allowed = map[string][]string{
	"":                    {"internal/paste"},
	"claimmap":            {"", "internal/fold"},
	"provider":            {"", "internal/check", "internal/gapi", "internal/resname", "internal/samlmeta"},
	"scimtenant":          {"", "claimmap", "provider", "internal/agent", "internal/check", "internal/gapi", "internal/resname", "internal/retry"},
	"scimtoken":           {"", "provider", "scimtenant", "internal/check", "internal/gapi", "internal/resname", "internal/retry"},
	"scimtoken/storetest": {"", "scimtoken"},
	"scimclient":          {"", "internal/agent", "internal/emulator", "internal/fold", "internal/limit", "internal/paste", "internal/redact", "internal/retry", "internal/useragent"},
	"provision":           {"", "claimmap", "provider", "provision/idp", "provision/internal/doctor", "scimclient", "scimclient/audit", "scimtenant", "scimtoken", "internal/agent", "internal/check", "internal/emulator", "internal/gapi", "internal/retry", "internal/visible"},
	"provision/idp":       {""},
	"provision/entra":     {"", "provision/idp", "internal/check", "internal/limit", "internal/paste", "internal/redact", "internal/retry", "internal/useragent"},

	"provision/okta": {"", "provision/idp", "internal/check", "internal/limit", "internal/paste", "internal/redact", "internal/retry", "internal/useragent"},
	"provision/entratest": {"provision/entratest/internal/mapping", "provision/entratest/internal/odata", "internal/pipe",
		"provision/entratest/internal/push"},
	"provision/entratest/internal/mapping": {},
	"provision/entratest/internal/odata":   {},
	"provision/entratest/internal/push":    {},
	"provision/secretmanager":              {"", "internal/gapi", "internal/retry"},

	"scimclient/audit":                 {"", "claimmap", "scimclient", "provision/idp", "internal/fold"},
	"provision/internal/doctor":        {"provider", "scimclient", "scimtenant", "scimtoken"},
	"scimclient/audit/report":          {"internal/visible", "provision/idp", "scimclient/audit"},
	"scimclient/audit/discoveryengine": {"", "internal/limit", "internal/retry", "internal/useragent", "scimclient/audit"},
	"scimtest":                         {"internal/pipe", "scimtest/internal/behavior", "scimtest/internal/cloud", "scimtest/internal/directory", "scimtest/internal/wire"},
	"scimtest/internal/cloud":          {"internal/resname", "scimtest/internal/behavior", "scimtest/internal/directory", "scimtest/internal/wire"},
	"scimtest/internal/directory":      {"scimtest/internal/behavior", "scimtest/internal/wire"},
	"scimtest/internal/behavior":       {},
	"scimtest/internal/wire":           {"scimtest/internal/behavior"},

	"internal/agent":     {},
	"internal/check":     {""},
	"internal/emulator":  {},
	"internal/fold":      {},
	"internal/gapi":      {"", "internal/emulator", "internal/limit", "internal/paste", "internal/redact", "internal/retry", "internal/useragent"},
	"internal/limit":     {},
	"internal/oktafake":  {"internal/pipe"},
	"internal/paste":     {},
	"internal/pipe":      {},
	"internal/redact":    {},
	"internal/resname":   {},
	"internal/retry":     {""},
	"internal/samlmeta":  {},
	"internal/useragent": {},
	"internal/visible":   {},

	// For tests alone.
	"internal/faulttest": {"", "internal/gapi", "internal/pipetest", "internal/testenv", "provider", "scimtenant", "scimtest", "scimtoken"},
	"internal/pipetest":  {"internal/pipe"},
	"internal/testenv":   {"", "claimmap", "provider", "scimtenant", "scimtest", "scimtoken"},
}

// celOnly are the packages that may import cel-go: one of the clients, one of the fake.
var celOnly = []string{"claimmap", "scimtest/internal/cloud"}

func TestImports(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for file, imports := range sourceImports(t) {
		dir := filepath.ToSlash(filepath.Dir(file))
		if dir == "." {
			dir = ""
		}
		seen[dir] = true
		for _, path := range imports {
			if strings.HasPrefix(path, "github.com/google/cel-go") && !slices.Contains(celOnly, dir) {
				t.Errorf("%s imports %s: only %s may", file, path, celOnly)
			}
			inner, ours := strings.CutPrefix(path, module)
			if !ours || strings.HasPrefix(dir, "examples/") {
				continue
			}
			inner = strings.TrimPrefix(inner, "/")
			rule, known := allowed[dir]
			if !known {
				t.Errorf("%s: package %s has no row in the table of import directions", file, dir)
			} else if !slices.Contains(rule, inner) {
				t.Errorf("%s imports %q of this module: package %q may import %q", file, inner, dir, rule)
			}
		}
	}
	for dir := range allowed {
		if !seen[dir] {
			t.Errorf("the table of import directions has a row for %q, where no Go file is", dir)
		}
	}
}

// sourceImports returns the imports of each Go file that is no test.
func sourceImports(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || path != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		file := filepath.ToSlash(path)
		files[file] = []string{}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			files[file] = append(files[file], imported)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
