package scimtenant

import (
	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/check"
	"github.com/iamscim/iamscim/internal/resname"
)

func (r CreateRequest) validate(op string) error {
	l := r.faults()
	return l.Err(op, r.Name.String())
}

func (r CreateRequest) faults() (l check.List) {
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if resname.Reserved(r.Name.ID()) {
		l.Add("Name", "ids that begin with gcp- are reserved")
	}
	l.Text("DisplayName", r.DisplayName, check.MaxDisplayName)
	l.Text("Description", r.Description, check.MaxDescription)
	usage := r.Usage
	if err := usage.Validate(); err != nil {
		l.AddError("Usage", err)
		// Every fault at once: the mapping is still checked for what any
		// usage requires.
		usage = iamscim.SCIMUsageGroups
	}
	l.AddError("ClaimMapping", r.ClaimMapping.Validate(usage))
	return l
}

func (r UpdateRequest) validate(op string) error {
	var l check.List
	if r.Name.IsZero() {
		l.Add("Name", "required")
	} else if r.DisplayName == nil && r.Description == nil {
		return &iamscim.Error{Op: op, Resource: r.Name.String(), Kind: iamscim.ErrNothingToUpdate}
	}
	if r.DisplayName != nil {
		l.Text("DisplayName", *r.DisplayName, check.MaxDisplayName)
	}
	if r.Description != nil {
		l.Text("Description", *r.Description, check.MaxDescription)
	}
	return l.Err(op, r.Name.String())
}
