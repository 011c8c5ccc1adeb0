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

// Attributes asks for these attributes only, and those that are always
// returned (RFC 7644 section 3.9). The service does not say whether it heeds
// this. What is read so cannot be replaced: see [ErrPartial].
func Attributes(names ...string) ReadOption {
	return func(o *readOptions) error {
		list, err := attributeList(names)
		o.attributes = list
		return err
	}
}

// ExcludedAttributes asks for all but these attributes (RFC 7644 section 3.9),
// as "members" of groups. The rest is as for [Attributes].
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

// IfMatch makes the change only if the resource is still of this version, as
// [User.Version] returns it (RFC 7644 section 3.14); otherwise the call ends in
// [ErrPreconditionFailed]. An empty version is an error: the server has none,
// and the change would be made regardless. Whether the service has versions is
// not documented.
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

// ReadBack makes the call return only when reading shows the change, which a
// success of the server alone does not prove. It waits for as long as the retry
// policy's Replication says, and then ends in [ErrNotApplied]. A patch whose
// effect cannot be read, as one with a value filter other than "eq", is an
// error before anything is sent. Members are read one by one, a request each.
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
