package scimclient_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

// TestZeroAndNil: no public method panics on a zero or a nil receiver, whatever
// its arguments, and what sends something returns an error.
func TestZeroAndNil(t *testing.T) {
	t.Parallel()
	receivers := []any{
		(*scimclient.Client)(nil), new(scimclient.Client), (*scimclient.Users)(nil), new(scimclient.Users), (*scimclient.Groups)(nil), new(scimclient.Groups),
		(*scimclient.User)(nil), new(scimclient.User), (*scimclient.Group)(nil), new(scimclient.Group), (*scimclient.Patch)(nil), new(scimclient.Patch),
		(*scimclient.Error)(nil), new(scimclient.Error), (*scimclient.MembersError)(nil), new(scimclient.MembersError), scimclient.Filter{}, scimclient.Path(""),
	}
	errorType, contextType := reflect.TypeFor[error](), reflect.TypeFor[context.Context]()
	for _, receiver := range receivers {
		v := reflect.ValueOf(receiver)
		for i := range v.NumMethod() {
			m := v.Type().Method(i)
			if v.Kind() == reflect.Pointer && v.IsNil() {
				if _, byValue := v.Type().Elem().MethodByName(m.Name); byValue {
					continue // Go itself panics
				}
			}
			for _, ctx := range []context.Context{nil, t.Context()} {
				name := fmt.Sprintf("%T(nil %t).%s with a nil context %t", receiver, v.Kind() == reflect.Pointer && v.IsNil(), m.Name, ctx == nil)
				var args []reflect.Value
				sends := false
				for j := 1; j < m.Type.NumIn(); j++ {
					in := m.Type.In(j)
					switch {
					case in == contextType:
						sends = true
						if ctx == nil {
							args = append(args, reflect.Zero(in))
						} else {
							args = append(args, reflect.ValueOf(ctx))
						}
					case in == reflect.TypeFor[fmt.State]():
						args = append(args, reflect.ValueOf(fmt.State(noState{})))
					case m.Type.IsVariadic() && j == m.Type.NumIn()-1:
					case in.Kind() == reflect.Int:
						args = append(args, reflect.ValueOf(1))
					case in == reflect.TypeFor[string]():
						args = append(args, reflect.ValueOf("x"))
					case in == reflect.TypeFor[scimclient.Path]():
						args = append(args, reflect.ValueOf(scimclient.Path("x")))
					case in == reflect.TypeFor[[]string]():
						args = append(args, reflect.ValueOf([]string{"x"}))
					case in == reflect.TypeFor[*scimclient.User]():
						args = append(args, reflect.ValueOf(&scimclient.User{ID: "x", UserName: "x"}))
					case in == reflect.TypeFor[*scimclient.Group]():
						args = append(args, reflect.ValueOf(&scimclient.Group{DisplayName: "x"}))
					case in == reflect.TypeFor[*scimclient.Patch]():
						args = append(args, reflect.ValueOf(new(scimclient.Patch).Remove("x")))
					case in == reflect.TypeFor[scimclient.Membership]():
						args = append(args, reflect.ValueOf(scimclient.Membership{GroupID: "x", UserID: "x"}))
					default:
						args = append(args, reflect.Zero(in))
					}
				}
				out := call(t, name, v.Method(i), args)
				if !sends || len(out) == 0 {
					continue
				}
				result := out[len(out)-1]
				switch {
				case result.Type() == errorType:
					if result.IsNil() {
						t.Errorf("%s succeeded", name)
					} else if err := result.Interface().(error); !errors.Is(err, iamscim.ErrInvalidArgument) {
						t.Errorf("%s = %v, want ErrInvalidArgument", name, err)
					}
				case result.Kind() == reflect.Func:
					rows := 0
					yield := reflect.MakeFunc(result.Type().In(0), func(row []reflect.Value) []reflect.Value {
						if rows++; row[1].IsNil() {
							t.Errorf("%s yields a resource", name)
						}
						return []reflect.Value{reflect.ValueOf(true)}
					})
					call(t, name, result, []reflect.Value{yield})
					if rows != 1 {
						t.Errorf("%s yields %d rows, want an error", name, rows)
					}
				}
			}
		}
	}
}

// call makes a call, and reports a panic.
func call(t *testing.T, name string, f reflect.Value, args []reflect.Value) (out []reflect.Value) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panics: %v", name, r)
		}
	}()
	return f.Call(args)
}

// noState prints nothing.
type noState struct{}

func (noState) Write(p []byte) (int, error) { return len(p), nil }
func (noState) Width() (int, bool)          { return 0, false }
func (noState) Precision() (int, bool)      { return 0, false }
func (noState) Flag(int) bool               { return true }

// TestNilArguments: in place of options, sources and functions.
func TestNilArguments(t *testing.T) {
	t.Parallel()
	_, c := start(t)
	ctx := t.Context()
	for name, err := range map[string]error{
		"New":                  second(scimclient.New("", nil, nil)),
		"Users.Create":         second(c.Users.Create(ctx, nil)),
		"Users.Replace":        second(c.Users.Replace(ctx, nil, nil)),
		"Users.Patch":          c.Users.Patch(ctx, "1", nil, nil),
		"Users.Get":            second(c.Users.Get(ctx, "1", nil)),
		"Users.Find":           second(c.Users.Find(ctx, "u", nil)),
		"Users.List":           last(c.Users.List(ctx, scimclient.Filter{}, nil)),
		"Users.Delete":         c.Users.Delete(ctx, "1", nil),
		"Groups.Create":        second(c.Groups.Create(ctx, nil)),
		"Groups.Patch":         c.Groups.Patch(ctx, "1", nil),
		"Groups.AddMembers":    c.Groups.AddMembers(ctx, "1", nil, nil),
		"Groups.RemoveMembers": c.Groups.RemoveMembers(ctx, "1", nil, nil),
	} {
		if !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("%s of nil = %v, want ErrInvalidArgument", name, err)
		}
	}
	for _, text := range []string{fmt.Sprint((*scimclient.Error)(nil)), fmt.Sprintf("%+v", new(scimclient.Error)), new(scimclient.MembersError).Error(), new(scimclient.Error).Error()} {
		if text == "" {
			t.Error("a zero error prints nothing")
		}
	}
}
