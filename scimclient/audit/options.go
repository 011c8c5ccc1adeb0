package audit

import (
	"errors"
	"fmt"
	"time"

	"github.com/iamscim/iamscim/claimmap"
)

const (
	// defaultPerMinute is half of a tenant's quota of 3,000, which the identity
	// provider shares.
	defaultPerMinute = 1500

	defaultSettle = 2 * time.Minute
)

// Options are the options of an audit. Only Mapping is required.
type Options struct {
	// Mapping is the tenant's claim mapping.
	Mapping claimmap.Mapping

	// Claims is a sample of sign-in tokens, or nil.
	Claims *Claims

	// PerMinute is the pace in requests per minute. The default is 1500, half
	// of a tenant's quota: the identity provider needs the other half.
	PerMinute int

	// Settle is the time after which a difference is read again, before it's
	// reported: directories change while an audit runs. The default is two
	// minutes. A negative value reads again at once.
	Settle time.Duration

	// Sample checks random users instead of all.
	Sample *Sample

	// Guard refuses a roster that is suspiciously small.
	Guard Guard

	// Witness is asked, after everything else, whether a consumer of the tenant
	// sees the same: about every group, and about WitnessUsers active users. The
	// default is none; WitnessUsers is 20 by default.
	Witness      Witness
	WitnessUsers int

	// Checkpoint is a file that an interrupted audit is resumed from. It's
	// written with mode 0600 while the audit runs and removed when it ends.
	// "" writes none.
	Checkpoint string

	// Resume goes on from Checkpoint. Another roster, tenant or sample is
	// ErrCheckpoint.
	Resume bool

	// Handle gets the messages of the audit, one at a time and in order. Its
	// error ends the audit.
	Handle func(Message) error
}

func (o Options) withDefaults() (Options, error) {
	var errs []error
	if o.Mapping.IsZero() {
		errs = append(errs, errors.New("field Mapping must be the tenant's claim mapping, is empty"))
	}
	if o.PerMinute < 0 {
		errs = append(errs, fmt.Errorf("PerMinute is %d: at least 1", o.PerMinute))
	}
	if o.PerMinute == 0 {
		o.PerMinute = defaultPerMinute
	}
	if o.Settle == 0 {
		o.Settle = defaultSettle
	}
	o.Settle = max(o.Settle, 0)
	if o.WitnessUsers < 0 {
		errs = append(errs, fmt.Errorf("WitnessUsers is %d: at least 1", o.WitnessUsers))
	}
	if o.Resume && o.Checkpoint == "" {
		errs = append(errs, errors.New("to Resume takes a Checkpoint"))
	}
	if o.Sample != nil {
		s, err := o.Sample.withDefaults()
		if err != nil {
			errs = append(errs, err)
		}
		o.Sample = &s
	}
	if o.Handle == nil {
		o.Handle = func(Message) error { return nil }
	}
	if err := errors.Join(errs...); err != nil {
		return o, fmt.Errorf("audit: %w", err)
	}
	return o, nil
}
