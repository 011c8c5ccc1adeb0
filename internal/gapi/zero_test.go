package gapi_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/gapi"
	"github.com/iamscim/iamscim/provider"
	"github.com/iamscim/iamscim/scimtenant"
	"github.com/iamscim/iamscim/scimtest"
	"github.com/iamscim/iamscim/scimtoken"
)

// TestUnmadeClients: no constructor made these clients. Every method is an error,
// with good arguments and with none.
func TestUnmadeClients(t *testing.T) {
	t.Parallel()
	good := map[reflect.Type]any{}
	for _, v := range []any{
		t.Context(), pool, parent, tenant, token, organization, new(scimtoken.MemoryStore), iamscim.SCIMUsageGroups, iamscim.NewSecret("s"),
		must(provider.NewSubjectName(pool, "ada@example.com")), &scimtenant.Policy{ETag: "e"},
		scimtenant.CreateRequest{Name: tenant, ClaimMapping: entra, Usage: iamscim.SCIMUsageGroups},
		scimtenant.UpdateRequest{Name: tenant, DisplayName: ptr("d")},
		scimtoken.CreateRequest{Tenant: tenant}, scimtoken.UpdateRequest{Name: token, DisplayName: ptr("d")},
		scimtoken.RotateRequest{Tenant: tenant, Store: new(scimtoken.MemoryStore), Verify: func(context.Context, scimtoken.Secret) error { return nil }},
		func(context.Context, scimtoken.Name, scimtoken.Secret) error { return nil },
		provider.UpdateRequest{Name: parent, DisplayName: ptr("d")},
	} {
		good[reflect.TypeOf(v)] = v
	}
	calls := 0
	for _, client := range []any{
		(*provider.Client)(nil), new(provider.Client), (*scimtenant.Client)(nil), new(scimtenant.Client),
		(*scimtenant.OrganizationClient)(nil), new(scimtenant.OrganizationClient), (*scimtoken.Client)(nil), new(scimtoken.Client),
	} {
		v := reflect.ValueOf(client)
		for i := range v.NumMethod() {
			m := v.Type().Method(i)
			for _, arguments := range []map[reflect.Type]any{good, {}} {
				calls++
				if err := callWith(t.Context(), v.Method(i), arguments); !errors.Is(err, iamscim.ErrInvalidArgument) && !errors.Is(err, iamscim.ErrNothingToUpdate) {
					t.Errorf("%T.%s = %v, want an error that something is missing", client, m.Name, err)
				}
			}
		}
	}
	if calls < 100 {
		t.Errorf("%d calls, want those of four clients", calls)
	}
}

// callWith calls a method with the given arguments, zero values otherwise, and
// returns its error, or that of its list.
func callWith(ctx context.Context, method reflect.Value, arguments map[reflect.Type]any) error {
	in := make([]reflect.Value, method.Type().NumIn())
	for i := range in {
		want := method.Type().In(i)
		in[i] = reflect.Zero(want)
		for have, v := range arguments {
			if have.AssignableTo(want) && (want.Kind() != reflect.Interface || i == 0 || have == reflect.TypeFor[*scimtoken.MemoryStore]()) {
				in[i] = reflect.ValueOf(v)
			}
		}
		if want == reflect.TypeFor[context.Context]() {
			in[i] = reflect.ValueOf(ctx)
		}
	}
	var out []reflect.Value
	if method.Type().IsVariadic() {
		out = method.CallSlice(in)
	} else {
		out = method.Call(in)
	}
	last := out[len(out)-1]
	if last.Kind() == reflect.Func {
		for row := range last.Seq2() {
			_ = row
		}
		var err error
		last.Call([]reflect.Value{reflect.MakeFunc(last.Type().In(0), func(args []reflect.Value) []reflect.Value {
			err, _ = args[1].Interface().(error)
			return []reflect.Value{reflect.ValueOf(true)}
		})})
		return err
	}
	err, _ := last.Interface().(error)
	return err
}

// TestZeroResources: the methods of zero and nil resources and names don't panic.
func TestZeroResources(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		provider.Name{}, provider.PoolName{}, provider.SubjectName{}, provider.OperationName{}, scimtenant.Name{}, scimtoken.Name{},
		new(provider.Provider), new(provider.Pool), new(scimtenant.Tenant), new(scimtenant.Policy), new(scimtoken.Token),
		(*provider.Provider)(nil), (*scimtenant.Tenant)(nil), (*iamscim.Error)(nil), new(iamscim.Error), iamscim.Secret{},
	} {
		r := reflect.ValueOf(v)
		for i := range r.NumMethod() {
			m := r.Method(i)
			if m.Type().NumIn() > 0 {
				continue
			}
			func() {
				defer func() {
					if p := recover(); p != nil {
						t.Errorf("%T.%s panics: %v", v, r.Type().Method(i).Name, p)
					}
				}()
				m.Call(nil)
			}()
		}
	}
}

// TestSharedConnection: a client of a shared connection repeats like one that dialed.
func TestSharedConnection(t *testing.T) {
	t.Parallel()
	srv := scimtest.Start(t)
	prepare(t, srv, withTenant)
	conn, err := gapi.Dial(t.Context(), gapi.IAM, srv.ClientOptions())
	if err != nil {
		t.Fatal(err)
	}
	c, err := scimtenant.NewClient(t.Context(), gapi.WithConn(conn), scimtenant.WithRetry(iamscim.RetryPolicy{Initial: time.Millisecond}))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Fail(scimtest.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(t.Context(), tenant); err != nil || got.Name != tenant {
		t.Errorf("Get after a 503 = %v, %v, want the tenant", got, err)
	}
}
