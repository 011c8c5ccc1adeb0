// Package emulator reads the variable that points every program built on this
// module at an emulator.
package emulator

import (
	"fmt"
	"net/url"
	"os"
	"strings"
)

// Variable is the name of the environment variable. Its value is HOST:PORT, for
// http, or an http or https URL without a path.
const Variable = "IAMSCIM_EMULATOR_HOST"

// URL returns the emulator's address, without a trailing slash, or nil if the
// variable isn't set.
func URL() (*url.URL, error) {
	text := os.Getenv(Variable)
	if text == "" {
		return nil, nil
	}
	full := text
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s must be HOST:PORT or an http or https URL without a path", Variable)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}
