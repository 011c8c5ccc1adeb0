package scimtoken

import (
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/resname"
)

func (r CreateRequest) validate(op string) error {
	var l check.List
	switch {
	case r.Name.IsZero() && r.Tenant.IsZero():
		l.Add("Name", "one of Name and Tenant is required")
	case !r.Name.IsZero() && !r.Tenant.IsZero():
		l.Add("Name", "only one of Name and Tenant can be set")
	case resname.Reserved(r.Name.ID()):
		l.Add("Name", "ids that begin with gcp- are reserved")
	}
	l.Text("DisplayName", r.DisplayName, check.MaxDisplayName)
	if r.RecreateLost && r.Tenant.IsZero() {
		l.Add("RecreateLost", "requires Tenant: a token under an id of your own is not deleted for you")
	}
	return l.Err(op, r.Name.String())
}

func (r UpdateRequest) validate(op string) error {
	var l check.List
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if r.DisplayName == nil {
		return &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrNothingToUpdate}
	}
	if r.DisplayName != nil {
		l.Text("DisplayName", *r.DisplayName, check.MaxDisplayName)
	}
	return l.Err(op, r.Name.String())
}
