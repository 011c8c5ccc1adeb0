package entra

import (
	"slices"
	"strings"
)

// need is what a call needs: one of these permissions. The first is the least one
// for a program, unless delegated names another for a person.
type need struct {
	purpose   string
	any       []string
	delegated string
}

// owned counts for the applications that the caller owns.
const owned = "Application.ReadWrite.OwnedBy"

// The needs of the calls: https://learn.microsoft.com/graph/permissions-reference.
var (
	needReadApp = need{"read the application", []string{"Application.Read.All", owned, "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, ""}
	needMakeApp = need{"create the application", []string{owned, "Application.ReadWrite.All", "Directory.ReadWrite.All"}, "Application.ReadWrite.All"}
	needReadJob = need{"read the provisioning job", []string{"Synchronization.Read.All", "Synchronization.ReadWrite.All", owned}, ""}
	needJob     = need{"change the provisioning job", []string{owned, "Synchronization.ReadWrite.All"}, "Synchronization.ReadWrite.All"}
	needScope   = need{"read who is assigned", []string{"Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, ""}
	needAssign  = need{"assign users and groups", []string{"AppRoleAssignment.ReadWrite.All"}, ""}
	needLogs    = need{"read the provisioning logs", []string{"ProvisioningLog.Read.All", "AuditLog.Read.All"}, ""}
	needUsers   = need{"read users", []string{"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, ""}
	needMembers = need{"read groups and their members", []string{"GroupMember.Read.All", "GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}, ""}
)

// met reports whether one of the permissions is enough.
func (n need) met(permissions []string) bool {
	return slices.ContainsFunc(permissions, func(p string) bool {
		return slices.ContainsFunc(n.any, func(enough string) bool { return strings.EqualFold(enough, p) })
	})
}

// least is the permission to grant to a program, or to a person's session.
func (n need) least(program bool) string {
	if !program && n.delegated != "" {
		return n.delegated
	}
	return n.any[0]
}

// remedyPermission says which permission a refused call needs.
func (r *run) remedyPermission(n need) string {
	if n.any == nil {
		return ""
	}
	least := n.any[0]
	switch {
	case least == owned:
		least += " (if the caller owns the application), or else " + n.delegated
	case slices.Contains(n.any, owned):
		least += " (or " + owned + ", if the caller owns the application)"
	}
	return "to " + n.purpose + " the caller needs " + least + ": " + r.consent("")
}

// consent says how an administrator grants a permission.
func (r *run) consent(app string) string {
	if app == "" {
		app = r.cfg.ClientID
	}
	text := "an administrator adds it to the program's app registration (API permissions > Microsoft Graph) and grants admin consent"
	if app != "" && r.cfg.TenantID != "" {
		text += ": " + r.place.login + "/" + r.cfg.TenantID + "/adminconsent?client_id=" + app
	}
	return text
}
