// Package entra does Microsoft Entra ID's half of provisioning through Microsoft
// Graph: what a person otherwise does in the portal.
//
//	idp, err := entra.New(entra.Config{
//		TenantID: "contoso.example", ClientID: clientID, ClientSecret: iamscim.NewSecret(secret),
//		AppName: "Google Cloud", Assign: []string{groupID},
//	})
//	...
//	plan, err := clients.Plan(ctx, provision.Spec{..., IdentityProvider: idp})
//
// A [Client] is an [idp.Provider]. Package provision calls it, and most programs call
// nothing else. It also reads the roster of a directory for package audit.
//
// The package sends plain REST requests of Graph v1.0, and of its beta for object
// connections, which have no other call. It was written from Microsoft's
// documentation, and not tried against the live service.
//
// # From the portal to the calls
//
// Google's procedure for Entra ID, and what does each step here:
//
//   - New application, Create your own application, Non-gallery: [Client.SetUp]:
//     POST /applicationTemplates/T/instantiate
//   - Provisioning, New configuration: SetUp: POST .../synchronization/jobs
//   - Tenant URL with ?aadOptscim062020, Secret token, Test connection: SetUp and
//     [Client.CutOver]: POST .../jobs/JOB/validateCredentials, with the new token
//   - Create: SetUp and CutOver: PUT .../synchronization/secrets
//   - Attribute mapping, Provision Microsoft Entra ID Users, externalId from objectId,
//     Save: SetUp: PUT .../jobs/JOB/schema
//   - Users and groups, Add: SetUp with Config.Assign: POST .../appRoleAssignedTo
//   - Start provisioning: SetUp: POST .../jobs/JOB/start
//   - Pause provisioning: [Client.Stop]; Restart provisioning: [Client.Restart]
//   - Provision on demand: [Client.Push]; Provisioning logs: [Client.Why]
//   - Overview: [Client.Status]
//
// # Credentials
//
// Config takes a client secret, or any oauth2.TokenSource with a token for
// https://graph.microsoft.com/.default. With the azidentity module, which this one
// doesn't need, managed identities, certificates, the Azure CLI and workload identity
// federation work by an adapter:
//
//	type azure struct{ azcore.TokenCredential }
//
//	func (a azure) Token() (*oauth2.Token, error) {
//		t, err := a.GetToken(context.Background(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
//		return &oauth2.Token{AccessToken: t.Token, TokenType: "Bearer", Expiry: t.ExpiresOn}, err
//	}
//
// The permissions that a method needs stand in its comment. An administrator grants
// them, with admin consent, to the program's app registration. If a token shows its
// permissions, SetUp, CutOver, Status, Why and Roster report the missing ones before
// the first request. Otherwise the error of the refused request does. Microsoft's
// tokens for Graph show them today, and nobody promises that.
//
// # Errors
//
// Errors are [*iamscim.Error] with a sentinel of package iamscim, or [ErrCredential].
// The Remedy of an [iamscim.ErrPermissionDenied] names the permission. errors.As
// finds Graph's own error as a [*ReplyError], with the request ID that Microsoft's
// support asks for. No error has a token or a secret.
//
// # Retries
//
// You can safely repeat every call. What fails for a passing reason is repeated under
// the [iamscim.RetryPolicy], and Graph's Retry-After is honored. Graph doesn't show
// everywhere at once what was created, and refuses writes to it for a while with 403
// or 409: they're repeated within the policy's Replication. If the reply to a creation
// is lost, the client looks for what it may have created. It creates again only if
// that doesn't show within Replication.
//
// # Concurrency
//
// A Client is safe for concurrent use. Two SetUps of a new name at the same time can
// create two applications: package provision holds a lease of the token store
// meanwhile.
package entra
