package scimtoken

import (
	"context"
	"time"
)

// Lock is the lock of a FileStore, for the process that holds it in a test.
var Lock = lock

// RecordView is what tests look at in a record.
type RecordView struct {
	Current, Next Name
	CurrentSecret Secret
	NextSecret    Secret
	HandedOver    bool
	Retire        []Name
	Holder        string
	Until         time.Time
}

// View reads the record in a store; without one it is zero.
func View(ctx context.Context, store TokenStore) (RecordView, error) {
	text, _, err := store.Load(ctx)
	if err != nil || text.IsZero() {
		return RecordView{}, err
	}
	r, err := decodeRecord(text)
	if err != nil {
		return RecordView{}, err
	}
	v := RecordView{
		Current: r.Current.Name, CurrentSecret: r.Current.Secret, Next: r.Next.Name, NextSecret: r.Next.Secret,
		HandedOver: r.HandedOver, Holder: r.Lease.Holder, Until: r.Lease.Until,
	}
	for _, x := range r.Retire {
		v.Retire = append(v.Retire, x.Name)
	}
	return v, nil
}
