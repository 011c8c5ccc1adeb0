package iamscim_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxWhat is how long a text that says what happened may be, in characters. What to do
// about it is the Remedy of an error.
const maxWhat = 120

var (
	verbs = regexp.MustCompile(`%[#+.0-9]*[a-zA-Z]`)

	// placeholders are what a reader would have to fill in.
	placeholders = regexp.MustCompile(`\b[A-Z]+_(ID|NAME|NUMBER|UID)\b|\bPRINCIPAL\b|<[a-z_-]+>|\bYOUR[_-]`)

	// goCode is a call, as scimtenant.OrganizationClient.GrantSyncer(ctx, …).
	goCode = regexp.MustCompile(`[a-z]+\.[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)*\(|\(ctx\b|\bin Go:`)

	// advice is an imperative behind a text that says what happened.
	advice = regexp.MustCompile(`[:;,] (use|run|call|make|set|pass|check|choose|give|read|repeat|remove|add|create|delete|restore|undelete|wait|try|see) `)
)

// A saying is a text of the source that a user reads in an error.
type saying struct {
	at     string
	text   string
	remedy bool
}

// TestWording: an error says what happened in at most 120 characters and no more. What to
// do is in its Remedy, which has a command or a name of Go and no placeholder.
func TestWording(t *testing.T) {
	t.Parallel()
	whats, remedies := 0, 0
	for _, s := range sayings(t) {
		plain := verbs.ReplaceAllString(s.text, "")
		if s.remedy {
			remedies++
			if placeholders.MatchString(s.text) {
				t.Errorf("%s: a remedy with a placeholder: %s", s.at, s.text)
			}
			if strings.Contains(s.text, "gcloud ") && goCode.MatchString(s.text) {
				t.Errorf("%s: a remedy with a command and code: %s", s.at, s.text)
			}
			continue
		}
		whats++
		if n := utf8.RuneCountInString(plain); n > maxWhat {
			t.Errorf("%s: %d characters, want at most %d: %s", s.at, n, maxWhat, s.text)
		}
		if strings.Contains(s.text, "gcloud ") {
			t.Errorf("%s: a command outside of a remedy: %s", s.at, s.text)
		}
		if advice.MatchString(s.text) {
			t.Errorf("%s: what to do belongs into the Remedy: %s", s.at, s.text)
		}
	}
	t.Logf("%d texts that say what happened, %d remedies", whats, remedies)
	if whats < 300 || remedies < 100 {
		t.Errorf("only %d texts and %d remedies were found", whats, remedies)
	}
}

// sayings reads the texts out of the source of every public package and of what they
// are built on: arguments of errors.New and fmt.Errorf, rules of violations, and what is
// assigned to a Remedy or stands in a constant or a function whose name begins with it.
func sayings(t *testing.T) []saying {
	t.Helper()
	var all []saying
	fset := token.NewFileSet()
	for file := range sourceImports(t) {
		if strings.HasPrefix(file, "examples/") || strings.HasPrefix(file, "scimtest/") || strings.Contains(file, "entratest/") || strings.Contains(file, "storetest/") {
			continue
		}
		parsed, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		add := func(n ast.Node, remedy bool) {
			for text, at := range literals(n) {
				if strings.Contains(text, " ") {
					all = append(all, saying{fset.Position(at).String(), text, remedy})
				}
			}
		}
		isRemedy := func(name string) bool { return strings.HasPrefix(strings.ToLower(name), "remedy") }
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
					if pkg, ok := f.X.(*ast.Ident); ok && (pkg.Name == "errors" && f.Sel.Name == "New" || pkg.Name == "fmt" && f.Sel.Name == "Errorf") {
						add(n.Args[0], false)
					}
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok {
					switch {
					case key.Name == "Remedy":
						add(n.Value, true)
					case key.Name == "Rule":
						add(n.Value, false)
					}
				}
			case *ast.AssignStmt:
				for i, left := range n.Lhs {
					if f, ok := left.(*ast.SelectorExpr); ok && f.Sel.Name == "Remedy" && i < len(n.Rhs) {
						add(n.Rhs[i], true)
					}
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if isRemedy(name.Name) && i < len(n.Values) {
						add(n.Values[i], true)
					}
				}
			case *ast.FuncDecl:
				if isRemedy(n.Name.Name) && n.Body != nil {
					add(n.Body, true)
				}
			}
			return true
		})
	}
	return all
}

// literals are the texts in an expression, those joined by + as one.
func literals(n ast.Node) map[string]token.Pos {
	found := map[string]token.Pos{}
	ast.Inspect(n, func(n ast.Node) bool {
		expr, ok := n.(ast.Expr)
		if !ok {
			return true
		}
		if text, ok := literal(expr); ok {
			found[text] = expr.Pos()
			return false
		}
		return true
	})
	return found
}

func literal(e ast.Expr) (text string, ok bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		left, okLeft := literal(e.X)
		right, okRight := literal(e.Y)
		if e.Op == token.ADD && (okLeft || okRight) {
			return left + right, okLeft && okRight
		}
	}
	return "", false
}
