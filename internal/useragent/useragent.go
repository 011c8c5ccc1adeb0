// Package useragent is the User-Agent of the clients of this module.
package useragent

import (
	"runtime/debug"
	"sync"
)

const (
	product = "iamscim-go"
	module  = "github.com/iamscim/iamscim"
)

// String returns iamscim-go/VERSION. VERSION is the module's version in the
// running program, from its build info: v1.2.3, a pseudo-version, or devel where
// there is none, as in this module's own tests (RFC 9110 section 10.1.5).
var String = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	return product + "/" + version(info)
})

func version(info *debug.BuildInfo) string {
	if info == nil {
		return "devel"
	}
	found := ""
	if info.Main.Path == module {
		found = info.Main.Version
	}
	for _, dep := range info.Deps {
		if dep.Path != module {
			continue
		}
		if found = dep.Version; dep.Replace != nil {
			found = dep.Replace.Version
		}
	}
	if found == "" || found == "(devel)" {
		return "devel"
	}
	return found
}
