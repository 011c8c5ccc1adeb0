package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/provision"
	"github.com/iamscim/iamscim/provision/secretmanager"
	"github.com/iamscim/iamscim/scimclient/audit"
	"github.com/iamscim/iamscim/scimtoken"
)

// specFile is a spec in YAML.
type specFile struct {
	Provider        string            `yaml:"provider"`
	TenantID        string            `yaml:"tenantId,omitempty"`
	Mapping         map[string]string `yaml:"mapping,omitempty"`
	Usage           string            `yaml:"usage,omitempty"`
	Vendor          string            `yaml:"vendor,omitempty"`
	Accept          []string          `yaml:"accept,omitempty"`
	AcceptUnproven  bool              `yaml:"acceptUnproven,omitempty"`
	Adopt           string            `yaml:"adopt,omitempty"`
	AdoptSecretFile string            `yaml:"adoptSecretFile,omitempty"`
	ReplaceToken    string            `yaml:"replaceToken,omitempty"`
	Store           storeFile         `yaml:"store,omitempty"`
	Identity        *identityFile     `yaml:"identityProvider,omitempty"`
	Ready           readyFile         `yaml:"ready,omitempty"`
}

type readyFile struct {
	Users            []string            `yaml:"users,omitempty"`
	Groups           map[string][]string `yaml:"groups,omitempty"`
	Audit            string              `yaml:"audit,omitempty"` // the file of an audit.Result in JSON
	MaxAge           string              `yaml:"maxAge,omitempty"`
	BreakGlass       []breakGlassFile    `yaml:"breakGlass,omitempty"`
	EnableBeforeSync bool                `yaml:"enableBeforeSync,omitempty"`
}

type breakGlassFile struct {
	UserName string         `yaml:"userName"`
	Claims   map[string]any `yaml:"claims"`
}

// storeFile is the name of a file, or a secret of Secret Manager:
//
//	store:
//	  secretmanager: projects/PROJECT/secrets/SECRET
//	  create: true
type storeFile struct {
	File          string `yaml:"-"`
	SecretManager string `yaml:"secretmanager,omitempty"`
	Create        bool   `yaml:"create,omitempty"` // the secret, if there is none
}

func (s *storeFile) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&s.File)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if key := node.Content[i]; key.Value != "secretmanager" && key.Value != "create" {
			return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: field %s not found in type main.storeFile", key.Line, key.Value)}}
		}
	}
	type plain storeFile // without this method
	return node.Decode((*plain)(s))
}

func (s storeFile) MarshalYAML() (any, error) { return s.File, nil }

// open returns the store, nil if the file names none.
func (s storeFile) open() (scimtoken.TokenStore, error) {
	switch {
	case s.SecretManager != "":
		var opts []option.ClientOption
		if s.Create {
			opts = append(opts, secretmanager.WithCreate())
		}
		store, err := secretmanager.NewStore(context.Background(), s.SecretManager, opts...)
		if err != nil {
			return nil, err
		}
		return store, nil
	case s.File != "":
		return scimtoken.NewFileStore(s.File), nil
	case s.Create:
		return nil, errors.New("create is for a secret of secretmanager")
	}
	return nil, nil
}

// problems are the faults of a file, each with its line and path.
type problems struct {
	file string
	root *yaml.Node
	list []string
}

// add notes a fault of a path, as "ready.users[0]".
func (p *problems) add(path string, text any) {
	p.list = append(p.list, fmt.Sprintf("%s:%d: %s: %v", p.file, lineOf(p.root, path), path, text))
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return errors.New(strings.Join(p.list, "\n"))
}

// lineOf returns the line of a path, or of the nearest part of it that is there.
func lineOf(node *yaml.Node, path string) int {
	parts := regexp.MustCompile(`[^.\[\]]+`).FindAllString(path, -1)
	if key, ok := strings.CutPrefix(path, "mapping."); ok {
		parts = []string{"mapping", key} // keys of mappings have dots
	}
	line := 1
	for _, part := range parts {
		if node == nil {
			break
		}
		var next *yaml.Node
		if i, err := strconv.Atoi(part); err == nil && node.Kind == yaml.SequenceNode && i < len(node.Content) {
			next = node.Content[i]
			line = next.Line
		}
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == part {
				line, next = node.Content[i].Line, node.Content[i+1]
			}
		}
		node = next
	}
	return line
}

// unknownField is how package yaml reports a field that a struct doesn't have.
var unknownField = regexp.MustCompile(` not found in type main\.\w+`)

// readSpec reads a spec. It returns every fault at once.
func readSpec(name string, in io.Reader) (*provision.Spec, error) {
	text, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return nil, err
	}
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &problems{file: name}
	if len(root.Content) > 0 {
		p.root = root.Content[0]
	}
	var f specFile
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		var typed *yaml.TypeError
		if !errors.As(err, &typed) {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, e := range typed.Errors {
			p.list = append(p.list, name+":"+strings.TrimPrefix(unknownField.ReplaceAllString(e, " is unknown"), "line "))
		}
	}
	s := f.spec(p)
	var invalid *iamscim.Error
	if err := s.Validate(); errors.As(err, &invalid) {
		for _, v := range invalid.Violations {
			path := strings.ToLower(v.Field[:1]) + strings.ReplaceAll(v.Field[1:], "TenantID", "tenantId")
			path = strings.NewReplacer("tenantID", "tenantId", ".Users", ".users", ".Groups", ".groups", ".BreakGlass", ".breakGlass", ".EnableBeforeSync", ".enableBeforeSync", ".MaxAge", ".maxAge").Replace(path)
			if !slices.ContainsFunc(p.list, func(have string) bool { return strings.Contains(have, ": "+path+": ") }) {
				p.add(path, v.Rule)
			}
		}
	}
	return s, p.err()
}

// readIdentity reads the identity provider of a spec.
func readIdentity(name string) (identityFile, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return identityFile{}, err
	}
	var f struct {
		Identity identityFile   `yaml:"identityProvider"`
		Rest     map[string]any `yaml:",inline"`
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return identityFile{}, fmt.Errorf("%s: %w", name, err)
	}
	return f.Identity, nil
}

// spec converts the file, and notes what can't be.
func (f *specFile) spec(p *problems) *provision.Spec {
	s := &provision.Spec{
		TenantID: f.TenantID, Usage: iamscim.SCIMUsage(f.Usage), Vendor: iamscim.Vendor(f.Vendor), Accept: f.Accept, AcceptUnproven: f.AcceptUnproven,
		Ready: provision.Ready{Users: f.Ready.Users, Groups: f.Ready.Groups, EnableBeforeSync: f.Ready.EnableBeforeSync},
	}
	var err error
	if s.Provider, err = provider.ParseName(f.Provider); err != nil && f.Provider != "" {
		p.add("provider", err)
	}
	if len(f.Mapping) > 0 {
		s.Mapping = p.mapping(f)
	}
	token := func(path, text string, into *scimtoken.Name) {
		if text == "" {
			return
		}
		if *into, err = scimtoken.ParseName(text); err != nil {
			p.add(path, err)
		}
	}
	token("adopt", f.Adopt, &s.Adopt)
	token("replaceToken", f.ReplaceToken, &s.ReplaceToken)
	if f.AdoptSecretFile != "" {
		secret, err := os.ReadFile(f.AdoptSecretFile)
		if err != nil {
			p.add("adoptSecretFile", err)
		}
		s.AdoptSecret = iamscim.NewSecret(strings.TrimSpace(string(secret)))
	}
	if s.Store, err = f.Store.open(); err != nil {
		p.add("store", err)
	}
	if f.Identity != nil {
		half, faults := f.Identity.open()
		for _, fault := range faults {
			p.add(strings.TrimSuffix("identityProvider."+fault.path, "."), fault.text)
		}
		if half != nil {
			s.IdentityProvider = half
		}
	}
	for _, b := range f.Ready.BreakGlass {
		s.Ready.BreakGlass = append(s.Ready.BreakGlass, provision.BreakGlass(b))
	}
	if f.Ready.MaxAge != "" {
		if s.Ready.MaxAge, err = time.ParseDuration(f.Ready.MaxAge); err != nil {
			p.add("ready.maxAge", err)
		}
	}
	if f.Ready.Audit != "" {
		s.Ready.Audit = &audit.Result{}
		text, err := os.ReadFile(f.Ready.Audit)
		if err == nil {
			err = json.Unmarshal(text, s.Ready.Audit)
		}
		if err != nil {
			p.add("ready.audit", err)
		}
	}
	return s
}

// mapping converts the claim mapping. A fault has the line of its rule.
func (p *problems) mapping(f *specFile) claimmap.Mapping {
	m, err := claimmap.New(f.Mapping)
	if err == nil && f.Usage != "" && iamscim.SCIMUsage(f.Usage).Validate() == nil {
		err = m.Validate(iamscim.SCIMUsage(f.Usage))
	} else if err == nil {
		err = m.Validate(iamscim.SCIMUsageGroups)
	}
	var invalid *claimmap.Error
	if !errors.As(err, &invalid) {
		return m
	}
	for _, issue := range invalid.Issues {
		path := "mapping"
		if issue.Key != "" {
			path += "." + issue.Key
		}
		p.add(path, issue.Message)
	}
	return claimmap.Mapping{}
}

// writeSpec writes a spec as YAML.
func writeSpec(out io.Writer, s *provision.Spec) error {
	f := specFile{
		Provider: s.Provider.String(), TenantID: s.TenantID, Mapping: s.Mapping.Map(), Usage: string(s.Usage), Vendor: string(s.Vendor),
		Accept: s.Accept, Adopt: s.Adopt.String(), Store: storeFile{File: "token.json"},
	}
	e := yaml.NewEncoder(out)
	e.SetIndent(2)
	defer e.Close()
	return e.Encode(f)
}
