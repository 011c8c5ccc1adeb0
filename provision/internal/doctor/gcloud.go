package doctor

import (
	"fmt"
	"strings"

	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtoken"
)

// The command lines are those of
// https://docs.cloud.google.com/sdk/gcloud/reference/iam/workforce-pools.

// Pool is the command line of a verb for a pool.
func Pool(name provider.PoolName, verb string, flags ...string) string {
	return strings.Join(append([]string{"gcloud iam workforce-pools", verb, name.ID(), "--location=" + name.Location()}, flags...), " ")
}

// Provider is the command line of a verb for a provider.
func Provider(name provider.Name, verb string, flags ...string) string {
	return strings.Join(append([]string{"gcloud iam workforce-pools providers", verb, name.ID(), "--workforce-pool=" + name.Pool().ID(), "--location=" + name.Pool().Location()}, flags...), " ")
}

// Tenant is the command line of a verb for a tenant.
func Tenant(name scimtenant.Name, verb string, flags ...string) string {
	parent := name.Provider()
	return strings.Join(append([]string{"gcloud iam workforce-pools providers scim-tenants", verb, name.ID(), "--workforce-pool=" + parent.Pool().ID(),
		"--provider=" + parent.ID(), "--location=" + parent.Pool().Location()}, flags...), " ")
}

// Bind is the command line that gives a service agent its role.
func Bind(organization, agent string) string {
	return fmt.Sprintf("gcloud organizations add-iam-policy-binding %s --member=serviceAccount:%s --role=%s", organization, agent, scimtenant.SyncerRole)
}

// TokenFlags are the flags that name a token's parents.
func TokenFlags(name scimtoken.Name) string {
	parent := name.Tenant().Provider()
	return fmt.Sprintf("--scim-tenant=%s --workforce-pool=%s --provider=%s --location=%s", name.Tenant().ID(), parent.Pool().ID(), parent.ID(), parent.Pool().Location())
}

// Token is the command line of a verb for a token.
func Token(name scimtoken.Name, verb string) string {
	return fmt.Sprintf("gcloud iam workforce-pools providers scim-tenants tokens %s %s %s", verb, name.ID(), TokenFlags(name))
}
