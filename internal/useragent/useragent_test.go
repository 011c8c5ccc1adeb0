package useragent

import (
	"regexp"
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	other := &debug.Module{Path: "example.com/other", Version: "v9.9.9"}
	dep := func(m debug.Module) *debug.BuildInfo {
		m.Path = module
		return &debug.BuildInfo{Main: debug.Module{Path: "example.com/main", Version: "v7.0.0"}, Deps: []*debug.Module{other, &m, other}}
	}
	tests := []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"no build info", nil, "devel"},
		{"a dependency", dep(debug.Module{Version: "v1.2.3"}), "v1.2.3"},
		{"a pseudo-version", dep(debug.Module{Version: "v0.0.0-20261125120000-abcdefabcdef"}), "v0.0.0-20261125120000-abcdefabcdef"},
		{"replaced by a fork", dep(debug.Module{Version: "v1.2.3", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.2.4"}}), "v1.2.4"},
		{"replaced by a directory", dep(debug.Module{Version: "v1.2.3", Replace: &debug.Module{Path: "../iamscim"}}), "devel"},
		{"the main module, installed", &debug.BuildInfo{Main: debug.Module{Path: module, Version: "v1.2.3"}}, "v1.2.3"},
		{"the main module, built from a work tree", &debug.BuildInfo{Main: debug.Module{Path: module, Version: "(devel)"}}, "devel"},
		{"a program without the module", &debug.BuildInfo{Main: debug.Module{Path: "example.com/main", Version: "v7.0.0"}, Deps: []*debug.Module{other}}, "devel"},
	}
	for _, tt := range tests {
		if got := version(tt.info); got != tt.want {
			t.Errorf("%s: version = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestString: the whole is a product and a version of RFC 9110 tokens.
func TestString(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^iamscim-go/[!#$%&'*+.^_|~0-9A-Za-z-]+$`)
	if got := String(); !form.MatchString(got) {
		t.Errorf("String() = %q, want iamscim-go/VERSION", got)
	}
}
