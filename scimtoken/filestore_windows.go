package scimtoken

import (
	"errors"
	"syscall"
)

// errSharingViolation is ERROR_SHARING_VIOLATION, which package syscall doesn't
// name.
const errSharingViolation = syscall.Errno(32)

// tryLock takes the lock, or reports that another process has it. A file that
// is opened without sharing can't be opened a second time until it's closed.
func tryLock(path string) (unlock func(), taken bool, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, false, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, errSharingViolation) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	return func() { _ = syscall.CloseHandle(h) }, false, nil
}

// syncDir does nothing: Windows writes directories through.
func syncDir(string) error { return nil }
