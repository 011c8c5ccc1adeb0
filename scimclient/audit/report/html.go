package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"time"

	"github.com/iamscim/iamscim/internal/visible"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// maxRows bounds the findings of a page: a browser gets slow beyond. The counts
// are of all.
const maxRows = 5000

var (
	//go:embed page.html
	pageHTML string

	//go:embed page.css
	pageCSS string

	//go:embed page.js
	pageJS string
)

// HTML writes one page when the audit ends: what was proved, the number of
// findings of each kind, and the findings with search and filter. The page loads
// nothing and sends nothing. It shows the first 5,000 findings.
func HTML(w io.Writer) Handler {
	p := &page{CSS: template.CSS(pageCSS), JS: template.JS(pageJS)}
	p.Policy = "default-src 'none'; style-src '" + hash(pageCSS) + "'; script-src '" + hash(pageJS) + "'; base-uri 'none'; form-action 'none'"
	return func(m audit.Message) error {
		switch {
		case m.Config != nil:
			p.Config = m.Config
		case m.Finding != nil:
			p.add(*m.Finding)
		case m.Result != nil:
			p.Result, p.Kinds = m.Result, kinds(m.Result)
			return p.write(w)
		case m.Failure != nil:
			p.Failure = m.Failure
			return p.write(w)
		}
		return nil
	}
}

// hash is how a content security policy names a script or style.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// page is what the template shows.
type page struct {
	Policy  string
	CSS     template.CSS
	JS      template.JS
	Config  *audit.Config
	Result  *audit.Result
	Failure *audit.Failure
	Kinds   []kind
	Rows    []row
	Left    int // findings that the page doesn't show
}

type row struct {
	Severity  audit.Severity
	Code      audit.Code
	Title     string
	User      string
	Group     string
	Attribute string
	Expected  string
	Found     string
	Detail    string
	ID        string
}

func (p *page) add(f audit.Finding) {
	if len(p.Rows) == maxRows {
		p.Left++
		return
	}
	id := f.UserID
	if id == "" {
		id = f.GroupID
	}
	p.Rows = append(p.Rows, row{
		f.Severity, f.Code, f.Code.Title(), visible.Text(f.User), visible.Text(f.Group), visible.Text(f.Attribute), visible.Text(f.Expected), visible.Text(f.Found), visible.Text(f.Detail), visible.Text(id),
	})
}

// write shows the most urgent kinds first.
func (p *page) write(w io.Writer) error {
	codes := audit.Codes()
	slices.SortStableFunc(p.Rows, func(a, b row) int { return slices.Index(codes, a.Code) - slices.Index(codes, b.Code) })
	t, err := template.New("page").Funcs(template.FuncMap{
		"number": number, "counts": counts, "verdict": verdict, "effort": effort, "visible": visible.Text,
		"time": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") },
	}).Parse(pageHTML)
	if err != nil {
		return err
	}
	return t.Execute(w, p)
}
