//go:build !race

package provision_test

// stride is 1: every request is interrupted.
const stride = 1
