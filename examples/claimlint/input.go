package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxInput bounds a file.
const maxInput = 64 << 20

// kind is what a file must hold.
type kind int

const (
	anyKind   kind = iota
	resources      // providers and tenants
	terraform      // a plan in JSON
)

// source is a file to read; - is standard input.
type source struct {
	path  string
	want  kind
	found bool // in a directory: what is something else is left out
}

// errOther says that a file holds something that claimlint doesn't read.
var errOther = errors.New("neither a provider, a tenant nor a plan in JSON")

// cases reads what the arguments point at. Every problem of the input is in the
// error.
func (o *options) cases(stdin io.Reader, stderr io.Writer) ([]pair, error) {
	if len(o.sources) == 0 {
		return []pair{o.flagCase()}, nil
	}
	sources, err := expand(o.sources)
	if err != nil {
		return nil, err
	}
	var inv inventory
	var cases []pair
	var errs []error
	read := 0
	for _, s := range sources {
		planned, err := s.read(stdin, &inv)
		switch {
		case s.found && errors.Is(err, errOther):
			fmt.Fprintf(stderr, "claimlint: skipped %s: %v\n", oneLine(s.path), err)
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", s.name(), err))
		default:
			read++
			cases = append(cases, planned...)
		}
	}
	for _, problem := range inv.problems {
		errs = append(errs, errors.New(problem))
	}
	if len(errs) == 0 && read == 0 {
		errs = append(errs, errors.New("no file holds a provider, a tenant or a plan in JSON"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	inv.join()
	for _, t := range inv.tenants {
		cases = append(cases, t.pair())
	}
	occupied(cases)
	used := o.claimMapping == ""
	for _, p := range inv.providers {
		if o.claimMapping != "" && !p.hasTenant {
			c := o.flagCase()
			c.Name, c.file, c.Line, c.provider, c.providers = p.name, p.file, p.line, p, "the provider has no attributeMapping"
			cases, used = append(cases, c), true
		}
	}
	if !used {
		return nil, errors.New("-claim-mapping is for providers without a tenant, and there is none")
	}
	if len(cases) == 0 && len(inv.providers) > 0 {
		return nil, errors.New("no provider has a tenant: add its scimTenant, or give -claim-mapping")
	}
	return cases, nil
}

// flagCase is the case that the flags describe.
func (o *options) flagCase() pair {
	c := pair{flag: o.claimMapping, providers: "give -provider-subject"}
	if o.subject != "" {
		c.provider = &provider{name: "-provider-subject", mapping: map[string]string{"google.subject": o.subject}}
	}
	return c
}

// pair is the case of a tenant.
func (t *tenant) pair() pair {
	c := pair{Name: t.name, file: t.file, Line: t.line, flag: t.flag, rules: t.rules, lines: t.lines, provider: t.owner, providers: t.why}
	if t.owner != nil {
		c.providers = "the provider has no attributeMapping"
	}
	if c.Name == "" {
		c.Name = fmt.Sprintf("tenant in line %d", t.line)
	}
	return c
}

// expand replaces directories by the files below them. Names that begin with a
// dot are left out.
func expand(sources []source) ([]source, error) {
	var all []source
	for _, s := range sources {
		info, err := os.Stat(s.path)
		switch {
		case s.path == "-":
			all = append(all, s)
			continue
		case err != nil:
			return nil, err
		case !info.IsDir():
			all = append(all, s)
			continue
		}
		err = filepath.WalkDir(s.path, func(path string, entry fs.DirEntry, err error) error {
			hidden := strings.HasPrefix(entry.Name(), ".") && path != s.path
			switch {
			case err != nil:
				return err
			case entry.IsDir() && hidden:
				return fs.SkipDir
			case entry.Type().IsRegular() && !hidden && slices.Contains([]string{".json", ".yaml", ".yml"}, strings.ToLower(filepath.Ext(path))):
				all = append(all, source{path, s.want, true})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if all == nil {
		return nil, errors.New("no .json, .yaml or .yml file in the directory")
	}
	return all, nil
}

func (s source) name() string {
	if s.path == "-" {
		return "standard input"
	}
	return oneLine(s.path)
}

// read returns the cases of a plan, or adds the resources of a file to the
// inventory.
func (s source) read(stdin io.Reader, inv *inventory) ([]pair, error) {
	in := stdin
	if s.path != "-" {
		f, err := os.Open(s.path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxInput:
		return nil, fmt.Errorf("more than %d bytes", maxInput)
	case strings.HasPrefix(string(text), "PK\x03\x04"):
		return nil, errors.New("a plan as Terraform saves it: make JSON of it with terraform show -json or tofu show -json")
	}
	if text, err = decodeText(text); err != nil {
		return nil, err
	}
	docs, err := parseTree(text)
	if err != nil {
		return nil, err
	}
	planned := isPlan(docs[0])
	switch {
	case s.want == terraform || s.want == anyKind && planned:
		if len(docs) > 1 {
			return nil, errors.New("more than one document in a plan")
		}
		return readPlan(s.path, docs[0])
	case planned:
		return nil, errors.New("a plan: give it with -plan, or without a flag")
	case field(docs[0], "@level") != nil:
		return nil, errors.New("the log of terraform plan -json: save the plan with -out, and give the output of terraform show -json")
	case s.want == anyKind && !slices.ContainsFunc(docs, isResource):
		return nil, errOther
	}
	for _, doc := range docs {
		inv.read(s.path, doc)
	}
	return nil, nil
}

// isResource reports whether a document looks like a provider, a tenant or a list
// of them.
func isResource(doc *yaml.Node) bool {
	doc = resolved(doc)
	if doc.Kind == yaml.SequenceNode {
		return slices.ContainsFunc(doc.Content, isResource)
	}
	for _, key := range []string{"attributeMapping", "claimMapping", "scimTenant", "providers", "workforcePoolProviders", "workforcePoolProviderScimTenants", "scimUsage", "vendorType", "idpMetadataXml"} {
		if field(doc, key) != nil {
			return true
		}
	}
	name := field(doc, "name")
	return name != nil && strings.Contains(name.Value, "workforcePools/")
}
