//go:build race

package provision_test

// stride leaves out interruptions where each costs ten times as much.
const stride = 11
