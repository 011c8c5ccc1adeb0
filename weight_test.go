package iamscim_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// links is what each public package may link besides the standard library and
// this module: the modules, all of which it does link, and the most packages, the
// standard library's included. What isn't here stays out: gRPC and cloud
// authentication are for the control plane alone.
var links = map[string]struct {
	modules     []string
	maxPackages int
}{
	"":                                 {oauth, 200},
	"scimclient":                       {slices.Concat(oauth, pacing), 210},
	"claimmap":                         {slices.Concat(oauth, cel), 290},
	"provider":                         {controlPlane, 450},
	"scimtenant":                       {slices.Concat(controlPlane, cel), 510},
	"scimtoken":                        {slices.Concat(controlPlane, cel), 510},
	"scimtest":                         {slices.Concat(controlPlane, cel), 510},
	"scimtoken/storetest":              {slices.Concat(controlPlane, cel), 520},
	"provision":                        {slices.Concat(controlPlane, cel, pacing), 530},
	"provision/idp":                    {oauth, 205},
	"provision/entra":                  {oauth, 208},
	"provision/okta":                   {oauth, 210},
	"provision/entratest":              {nil, 210},
	"provision/secretmanager":          {controlPlane, 450},
	"scimclient/audit":                 {slices.Concat(oauth, pacing, cel), 300},
	"scimclient/audit/discoveryengine": {slices.Concat(oauth, pacing, cel), 310},
	"scimclient/audit/report":          {slices.Concat(oauth, pacing, cel), 310},
}

var (
	oauth  = []string{"golang.org/x/oauth2"}
	pacing = []string{"golang.org/x/time"}
	cel    = []string{
		"cel.dev/expr", "github.com/antlr4-go/antlr/v4", "github.com/google/cel-go", "go.yaml.in/yaml/v3", "golang.org/x/exp",
		"golang.org/x/text", "google.golang.org/genproto/googleapis/api", "google.golang.org/genproto/googleapis/rpc",
		"google.golang.org/protobuf",
	}
	controlPlane = []string{
		"cloud.google.com/go/auth", "cloud.google.com/go/auth/oauth2adapt", "cloud.google.com/go/compute/metadata",
		"github.com/cespare/xxhash/v2", "github.com/felixge/httpsnoop", "github.com/go-logr/logr", "github.com/go-logr/stdr",
		"github.com/google/s2a-go", "github.com/google/uuid", "github.com/googleapis/enterprise-certificate-proxy",
		"github.com/googleapis/gax-go/v2", "go.opentelemetry.io/auto/sdk",
		"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "go.opentelemetry.io/otel",
		"go.opentelemetry.io/otel/log", "go.opentelemetry.io/otel/metric", "go.opentelemetry.io/otel/trace", "golang.org/x/crypto", "golang.org/x/net",
		"golang.org/x/oauth2", "golang.org/x/sys", "golang.org/x/text", "google.golang.org/api",
		"google.golang.org/genproto/googleapis/rpc", "google.golang.org/grpc", "google.golang.org/protobuf",
	}
)

func TestLinks(t *testing.T) {
	t.Parallel()
	for file := range sourceImports(t) {
		dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(file)), ".")
		if _, known := links[dir]; !known && !strings.Contains("/"+dir+"/", "/internal/") && !strings.HasPrefix(dir, "examples/") {
			t.Errorf("the public package %q has no row in the table of what it may link", dir)
		}
	}
	for dir, want := range links {
		t.Run("iamscim/"+dir, func(t *testing.T) {
			t.Parallel()
			modules, packages := dependencies(t, "./"+dir)
			allowed := slices.Sorted(slices.Values(want.modules))
			allowed = slices.Compact(allowed)
			for _, m := range modules {
				if !slices.Contains(allowed, m) {
					t.Errorf("package %q links %s", dir, m)
				}
			}
			for _, m := range allowed {
				if !slices.Contains(modules, m) {
					t.Errorf("package %q no longer links %s: take it out of the table", dir, m)
				}
			}
			if packages > want.maxPackages {
				t.Errorf("package %q links %d packages, want at most %d", dir, packages, want.maxPackages)
			}
		})
	}
}

// dependencies returns the modules a package of this module links, and the number
// of packages.
func dependencies(t *testing.T, pkg string) (modules []string, packages int) {
	t.Helper()
	out, err := goTool(t, ".", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", pkg).Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	found := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		packages++
		if _, m, _ := strings.Cut(strings.TrimSpace(line), " "); m != "" && m != module {
			found[m] = true
		}
	}
	if packages == 0 {
		t.Fatalf("go list -deps %s printed nothing", pkg)
	}
	return slices.Sorted(maps.Keys(found)), packages
}

func goTool(t *testing.T, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64")
	return cmd
}

// programs are the smallest useful ones of the packages in README's table.
var programs = map[string]string{
	"scimclient": `
		c, _ := scimclient.New("https://iamscim.googleapis.com/v1alpha1/tenants/UID", iamscim.NewSecret("token").TokenSource())
		_, _ = c.CheckAccess(context.Background())`,
	"claimmap": `
		m, _ := claimmap.Parse("google.subject=user.externalId,google.group=group.externalId")
		println(m.Validate(iamscim.SCIMUsageGroups) == nil)`,
	"provision/entra": `
		c, _ := entra.New(entra.Config{AppName: "Google Cloud"})
		_, _ = c.Status(context.Background())`,
	"scimtoken": `
		c, _ := scimtoken.NewClient(context.Background())
		_, _ = c.Get(context.Background(), scimtoken.Name{})`,
}

// TestREADMESizes builds the programs and compares them with README's table,
// in which a row is | `PACKAGE` | SIZE MB | PACKAGES |.
func TestREADMESizes(t *testing.T) {
	t.Parallel()
	rows := regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\| ([0-9.]+) MB \\| ([0-9]+) \\|$").FindAllStringSubmatch(readFile(t, "README.md"), -1)
	if len(rows) != len(programs) {
		t.Fatalf("README's table of sizes has %d rows, want %d", len(rows), len(programs))
	}
	for _, row := range rows {
		t.Run(row[1], func(t *testing.T) {
			t.Parallel()
			body, ok := programs[row[1]]
			if !ok {
				t.Fatalf("there is no program for %s", row[1])
			}
			megabytes, packages := build(t, row[1], body)
			if stated, _ := strconv.ParseFloat(row[2], 64); megabytes > stated+0.05 || megabytes < 0.9*stated {
				t.Errorf("the program has %.1f MB, README says %s", megabytes, row[2])
			}
			if stated, _ := strconv.Atoi(row[3]); packages > stated || packages < stated*9/10 {
				t.Errorf("the program links %d packages, README says %s", packages, row[3])
			}
		})
	}
}

// build builds a program of one function and returns its size, with symbols, and
// the number of packages it links.
func build(t *testing.T, pkg, body string) (megabytes float64, packages int) {
	t.Helper()
	dir := t.TempDir()
	var imports strings.Builder
	for imported, use := range map[string]string{"context": "context.", module: "iamscim.", module + "/" + pkg: path.Base(pkg) + "."} {
		if strings.Contains(body, use) {
			fmt.Fprintf(&imports, "import %q\n", imported)
		}
	}
	main := filepath.Join(dir, "main.go")
	if err := os.WriteFile(main, []byte("package main\n\n"+imports.String()+"\nfunc main() {"+body+"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "program")
	if out, err := goTool(t, ".", "build", "-o", binary, main).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	out, err := goTool(t, ".", "list", "-deps", main).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return float64(info.Size()) / 1e6, len(strings.Fields(string(out))) - 1
}
