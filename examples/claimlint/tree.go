package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDepth bounds the nesting of JSON; yaml bounds that of YAML.
const maxDepth = 500

// parseTree returns the documents of a JSON or YAML text, with the line of every
// value.
func parseTree(text []byte) ([]*yaml.Node, error) {
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	if len(trimmed) == 0 {
		return nil, errors.New("empty")
	}
	if trimmed[0] == '{' || trimmed[0] == '[' {
		node, err := parseJSON(text)
		if err == nil {
			return []*yaml.Node{node}, nil
		}
		if docs, yamlErr := parseYAML(text); yamlErr == nil {
			return docs, nil // a flow of YAML
		}
		return nil, err
	}
	return parseYAML(text)
}

func parseYAML(text []byte) ([]*yaml.Node, error) {
	var docs []*yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if err := d.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		var probe any // refuses duplicate keys, and aliases that multiply
		if err := doc.Decode(&probe); err != nil {
			return nil, err
		}
		if len(doc.Content) == 1 && doc.Content[0].Tag != "!!null" {
			docs = append(docs, doc.Content[0])
		}
	}
	if docs == nil {
		return nil, errors.New("empty")
	}
	return docs, nil
}

// jsonReader turns JSON into nodes.
type jsonReader struct {
	*json.Decoder
	text   []byte
	offset int // up to which lines were counted
	line   int
}

func parseJSON(text []byte) (*yaml.Node, error) {
	r := &jsonReader{Decoder: json.NewDecoder(bytes.NewReader(text)), text: text, line: 1}
	r.UseNumber()
	node, err := r.value(0)
	if err == nil && r.More() {
		err = errors.New("more than one JSON value")
	}
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", r.lineNow(), err)
	}
	return node, nil
}

func (r *jsonReader) lineNow() int {
	end := min(int(r.InputOffset()), len(r.text))
	r.line += bytes.Count(r.text[r.offset:end], []byte{'\n'})
	r.offset = end
	return r.line
}

func (r *jsonReader) value(depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	token, err := r.Token()
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: r.lineNow()}
	switch token := token.(type) {
	case string:
		node.Tag, node.Value, node.Style = "!!str", token, yaml.DoubleQuotedStyle
	case json.Number:
		node.Tag, node.Value = "!!float", token.String()
		if !strings.ContainsAny(node.Value, ".eE") {
			node.Tag = "!!int"
		}
	case bool:
		node.Tag, node.Value = "!!bool", fmt.Sprint(token)
	case nil:
		node.Tag, node.Value = "!!null", "null"
	case json.Delim:
		node.Kind, node.Tag = yaml.SequenceNode, "!!seq"
		if token == '{' {
			node.Kind, node.Tag = yaml.MappingNode, "!!map"
		}
		seen := map[string]bool{}
		for r.More() {
			child, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			if node.Kind == yaml.MappingNode && len(node.Content)%2 == 0 {
				if seen[child.Value] {
					return nil, fmt.Errorf("key %q occurs twice", oneLine(child.Value))
				}
				seen[child.Value] = true
			}
			node.Content = append(node.Content, child)
		}
		if _, err := r.Token(); err != nil {
			return nil, err
		}
	}
	return node, nil
}

// resolved follows an alias of YAML.
func resolved(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// field returns the value of a key, or nil.
func field(n *yaml.Node, key string) *yaml.Node {
	n = resolved(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolved(n.Content[i+1])
		}
	}
	return nil
}

// lineOf is the line on which the text of a value begins.
func lineOf(n *yaml.Node) int {
	if n.Style == yaml.LiteralStyle || n.Style == yaml.FoldedStyle {
		return n.Line + 1
	}
	return n.Line
}
