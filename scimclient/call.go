package scimclient

import (
	"errors"
	"fmt"
	"strings"
)

// ReadOption changes what a read returns.
type ReadOption func(*readOptions) error

type readOptions struct {
	attributes, excluded string
}

// Attributes asks for these attributes only, and those that are always returned
// (RFC 7644 section 3.9). Whether Google's service supports this isn't documented.
// A user that was read so can't be replaced: see [ErrPartial].
func Attributes(names ...string) ReadOption {
	return func(o *readOptions) error {
		list, err := attributeList(names)
		o.attributes = list
		return err
	}
}

// ExcludedAttributes asks for all attributes except these (RFC 7644 section 3.9),
// for example "members" of groups. The rest is as for [Attributes].
func ExcludedAttributes(names ...string) ReadOption {
	return func(o *readOptions) error {
		list, err := attributeList(names)
		o.excluded = list
		return err
	}
}

func attributeList(names []string) (string, error) {
	if len(names) == 0 {
		return "", errors.New("no attributes are named")
	}
	for _, name := range names {
		if !isAttribute(name) {
			return "", fmt.Errorf("%q is not an attribute", name)
		}
	}
	return strings.Join(names, ","), nil
}

func readOptionsOf(opts []ReadOption) (readOptions, error) {
	var o readOptions
	for _, opt := range opts {
		if opt == nil {
			return o, errors.New("an option is nil")
		}
		if err := opt(&o); err != nil {
			return o, err
		}
	}
	if o.attributes != "" && o.excluded != "" {
		return o, errors.New("attributes are both asked for and excluded")
	}
	return o, nil
}

func (o readOptions) partial() bool { return o != readOptions{} }

// WriteOption changes how a change is made.
type WriteOption func(*writeOptions) error

type writeOptions struct {
	ifMatch  string
	readBack bool
}

// IfMatch makes the change only if the resource still has this version, which
// [User.Version] returns (RFC 7644 section 3.14). Otherwise the error is
// [ErrPreconditionFailed]. An empty version is an error: the server sends none, and
// would make the change regardless. Whether Google's service has versions isn't
// documented.
func IfMatch(version string) WriteOption {
	return func(o *writeOptions) error {
		if version == "" {
			return errors.New("IfMatch: the version is empty: this server sends none")
		}
		if err := checkText(version); err != nil {
			return fmt.Errorf("IfMatch: the version %w", err)
		}
		o.ifMatch = version
		return nil
	}
}

// ReadBack makes the call return only after a read shows the change, because some
// servers report success and change nothing. The call waits as long as the retry
// policy's Replication says. Then the error is [ErrNotApplied]. If nothing can show
// the effect of a patch, as with a value filter other than "eq", the call fails
// before anything is sent. Members are read with one request each.
func ReadBack() WriteOption {
	return func(o *writeOptions) error {
		o.readBack = true
		return nil
	}
}

func writeOptionsOf(opts []WriteOption) (writeOptions, error) {
	var o writeOptions
	for _, opt := range opts {
		if opt == nil {
			return o, errors.New("an option is nil")
		}
		if err := opt(&o); err != nil {
			return o, err
		}
	}
	return o, nil
}
