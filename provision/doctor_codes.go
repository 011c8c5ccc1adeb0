package provision

import (
	"fmt"
	"slices"
)

// Severity says how much a finding matters.
type Severity string

// The severities, the gravest first.
const (
	SeverityError   Severity = "error"   // it doesn't work
	SeverityWarning Severity = "warning" // it will not work for some people, or not for long, or nobody can tell
	SeverityInfo    Severity = "info"    // worth knowing
)

// Severities are all of them, the gravest first.
func Severities() []Severity { return []Severity{SeverityError, SeverityWarning, SeverityInfo} }

// AtLeast reports whether s is as grave as least. A severity that isn't one is
// less grave than all.
func (s Severity) AtLeast(least Severity) bool {
	i := slices.Index(Severities(), s)
	return i >= 0 && i <= slices.Index(Severities(), least)
}

// Code is the stable code of a kind of finding: SCIM1xx is the control plane,
// SCIM2xx the directory, SCIM3xx the identity provider, and SCIM4xx what the
// provider takes from SCIM. docs/doctor.md has a page for each. A code is never
// used again for something else.
type Code string

// The codes. codeTable says what each is.
const (
	codeCredentials     Code = "SCIM100"
	codeMayNotRead      Code = "SCIM101"
	codeMayNotChange    Code = "SCIM102"
	codeNoAnswer        Code = "SCIM103"
	codePoolMissing     Code = "SCIM110"
	codePoolDisabled    Code = "SCIM111"
	codePoolDeleted     Code = "SCIM112"
	codePoolElsewhere   Code = "SCIM113"
	codeProvMissing     Code = "SCIM120"
	codeProvDisabled    Code = "SCIM121"
	codeProvDeleted     Code = "SCIM122"
	codeNoTenant        Code = "SCIM130"
	codeTenantDeleted   Code = "SCIM131"
	codeTenantElse      Code = "SCIM132"
	codeMapInvalid      Code = "SCIM140"
	codeMapInconsistent Code = "SCIM141"
	codeMapUnproven     Code = "SCIM142"
	codeUnconfirmed     Code = "SCIM143"
	codeNoToken         Code = "SCIM150"
	codeTwoTokens       Code = "SCIM151"
	codeOldToken        Code = "SCIM152"
	codeStoreEmpty      Code = "SCIM153"
	codeDeadToken       Code = "SCIM154"
	codeUnknownToken    Code = "SCIM155"
	codeStaleRecord     Code = "SCIM156"
	codeStoreFails      Code = "SCIM157"
	codeNoRole          Code = "SCIM160"
	codeConditional     Code = "SCIM161"
	codeDeletedAgent    Code = "SCIM162"

	codeRejected     Code = "SCIM200"
	codeUnknown      Code = "SCIM201"
	codeThrottled    Code = "SCIM202"
	codeUnreachable  Code = "SCIM203"
	codeEmpty        Code = "SCIM210"
	codeNotArrived   Code = "SCIM211"
	codeNoGroups     Code = "SCIM212"
	codeInactive     Code = "SCIM213"
	codeAllInactive  Code = "SCIM214"
	codeEmailRule    Code = "SCIM215"
	codeUnmappable   Code = "SCIM216"
	codeNoGroupAtAll Code = "SCIM217"

	codeIDPSilent      Code = "SCIM300"
	codeNoJob          Code = "SCIM301"
	codeStopped        Code = "SCIM302"
	codeQuarantined    Code = "SCIM303"
	codeCredential     Code = "SCIM304"
	codeFlag           Code = "SCIM305"
	codeDeletions      Code = "SCIM306"
	codeScope          Code = "SCIM307"
	codeFailures       Code = "SCIM308"
	codePushesElse     Code = "SCIM309"
	codeSetting        Code = "SCIM310"
	codeLastSuccess    Code = "SCIM311"
	codeByHand         Code = "SCIM312"
	codeScopeOfPerson  Code = "SCIM313"
	codeFirstCycle     Code = "SCIM314"
	codePersonNotThere Code = "SCIM315"

	codeUsageOff       Code = "SCIM400"
	codeUsageNoTenant  Code = "SCIM401"
	codeUsageEmpty     Code = "SCIM402"
	codeUsageElsewhere Code = "SCIM403"
	codeUsageExcluded  Code = "SCIM404"
	codeUsageDiffers   Code = "SCIM405"
	codeTooEarly       Code = "SCIM406"
	codeGroupBindings  Code = "SCIM407"
)

// codeInfo is the row of a code. docs/doctor.md is written from it.
type codeInfo struct {
	code     Code
	severity Severity
	title    string
	means    string // what follows from it
	look     string // what the doctor looked at
	mend     string // what to do
}

// Codes returns all codes, in order.
func Codes() []Code {
	all := make([]Code, len(codeTable))
	for i, row := range codeTable {
		all[i] = row.code
	}
	return all
}

// Title returns the title of the code, "" if there is no such code.
func (c Code) Title() string { return c.row().title }

// Severity returns the severity of findings with the code, "" if there is no such
// code.
func (c Code) Severity() Severity { return c.row().severity }

// Page returns what docs/doctor.md says about the code, in Markdown, "" if there is
// no such code.
func (c Code) Page() string {
	r := c.row()
	if r.code == "" {
		return ""
	}
	return fmt.Sprintf("**%s.** Severity: %s.\n\n- What follows: %s\n- What the doctor saw: %s\n- What to do: %s\n", r.title, r.severity, r.means, r.look, r.mend)
}

func (c Code) row() codeInfo {
	if i := slices.IndexFunc(codeTable, func(r codeInfo) bool { return r.code == c }); i >= 0 {
		return codeTable[i]
	}
	return codeInfo{}
}
