// Package provision takes a workforce pool provider from "users can sign in" to
// "users and groups are provisioned by SCIM", and keeps it so. It's the whole job on
// top of the clients: a [Spec] says how the set-up is to be, [Clients.Plan] says
// what that takes, and [Clients.Apply] does it.
//
//	clients, err := provision.New(ctx)
//	...
//	plan, err := clients.Plan(ctx, provision.Spec{
//		Provider: name,
//		Store:    scimtoken.NewFileStore("token.json"),
//		Ready:    provision.Ready{Users: []string{"ada@example.com"}},
//	})
//	...
//	fmt.Print(plan)
//	left, err := clients.Apply(ctx, plan, provision.ApplyOptions{})
//
// Plan reads, and Apply can be interrupted and repeated. The identity provider
// needs its time in between, so most set-ups take several calls of both: the
// steps that can't be done yet are deferred, and a later call does them.
//
// For a single call, use the packages below: scimtenant, scimtoken, scimclient,
// provider.
//
// # Steps
//
// A plan has nine steps, in order: the provider, the claim mapping, the tenant, its
// token, the role of its service agent, access with the token, the identity
// provider, the directory, and the usage. The usage is last, and needs evidence
// that the directory has arrived: see [Ready]. A provider that is switched to SCIM
// before that takes everybody's groups away.
//
// # When it doesn't work
//
// [Clients.Doctor] examines what is there: the control plane, the directory, the
// identity provider, and what the provider takes from SCIM. Each finding has a
// stable code, the evidence, and the next command. docs/doctor.md has a page for
// each code. [Clients.Explain] does it for one person.
//
// # The identity provider
//
// A person sets it up, and the plan says how, or a program does: see
// [idp.Provider]. The token goes from the store to the program, and nowhere else.
//
// # Errors
//
// Branch with errors.Is on [ErrBlocked], [ErrMoved] and the sentinels of packages
// iamscim, scimtenant, scimtoken, scimclient and provider. What a caller may not
// read is no error of Plan: it's a step that names the permission.
//
// # Retries
//
// Plan repeats nothing. Apply repeats passing failures for some seconds, and with
// Wait as long as the retry policy says. The API has no etags for providers, tenants
// and tokens, so Apply reads what a change rests on directly before the change. A
// change by somebody else in the time of one request isn't seen.
//
// # Concurrency
//
// Clients are safe for concurrent use. Two Applies at once end in one tenant and
// one token. A plan is plain data.
//
// # Testing
//
// Package scimtest is an in-memory Google Cloud:
// provision.New(ctx, provision.WithServer(scimtest.Acme(t))).
package provision
