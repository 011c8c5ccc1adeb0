//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package scimtoken

import "errors"

func tryLock(string) (unlock func(), taken bool, err error) {
	return nil, false, errors.New("this operating system has no file lock that FileStore knows")
}

func syncDir(string) error { return nil }
