package scimclient_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
)

func TestUserLifecycle(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, c := start(t)
	made := mustCreate(t, c, "bjensen@example.com")
	if made.ID == "" || made.Meta == nil || made.Active == nil || !*made.Active {
		t.Fatalf("Create = %+v, want id, meta and active", made)
	}
	same := cmpopts.IgnoreUnexported(scimclient.User{}, iamscim.Secret{})
	got, err := c.Users.Get(ctx, made.ID)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if diff := cmp.Diff(made, got, same); diff != "" {
		t.Errorf("Get differs from Create (-want +got):\n%s", diff)
	}
	found, err := c.Users.Find(ctx, "BJensen@Example.com")
	if err != nil || found.ID != made.ID {
		t.Errorf("Find in other letters = %v, %v, want %s", found, err, made.ID)
	}

	got.Title = "Tour Guide"
	got.Active = new(false)
	replaced, err := c.Users.Replace(ctx, got)
	if err != nil {
		t.Fatalf("Replace: %v", err)
	}
	if replaced.Title != "Tour Guide" || replaced.Active == nil || *replaced.Active {
		t.Errorf("Replace = title %q, active %v, want the new values", replaced.Title, replaced.Active)
	}
	if err := c.Users.Patch(ctx, made.ID, new(scimclient.Patch).Replace("active", true).Remove("title"), scimclient.ReadBack()); err != nil {
		t.Fatalf("Patch: %v", err)
	}
	if err := c.Users.Deactivate(ctx, made.ID, scimclient.ReadBack()); err != nil {
		t.Fatalf("Deactivate: %v", err)
	}
	got, err = c.Users.Get(ctx, made.ID)
	if err != nil || got.Title != "" || got.Active == nil || *got.Active {
		t.Errorf("Get after Patch and Deactivate = %+v, %v, want no title and active false", got, err)
	}

	if err := c.Users.Delete(ctx, made.ID); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	if _, err := c.Users.Get(ctx, made.ID); !errors.Is(err, iamscim.ErrNotFound) {
		t.Errorf("Get after Delete = %v, want ErrNotFound", err)
	}
	if err := c.Users.Delete(ctx, made.ID); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("second Delete = %v, want ErrNotFound", err)
	}
	if _, err := c.Users.Find(ctx, "bjensen@example.com"); !errors.Is(err, scimclient.ErrNotFound) {
		t.Errorf("Find after Delete = %v, want ErrNotFound", err)
	}
}

func TestGroupLifecycle(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, c := start(t)
	u1, u2 := mustCreate(t, c, "a@example.com"), mustCreate(t, c, "b@example.com")
	g := mustCreateGroup(t, c, "engineering")
	if err := c.Groups.AddMembers(ctx, g.ID, []string{u1.ID, u2.ID, u1.ID}, scimclient.ReadBack()); err != nil {
		t.Fatalf("AddMembers: %v", err)
	}
	if err := c.Groups.RemoveMembers(ctx, g.ID, []string{u2.ID}, scimclient.ReadBack()); err != nil {
		t.Fatalf("RemoveMembers: %v", err)
	}
	for id, want := range map[string]bool{u1.ID: true, u2.ID: false, "nobody": false} {
		if got, err := c.Groups.IsMember(ctx, g.ID, id); got != want || err != nil {
			t.Errorf("IsMember(%s) = %t, %v, want %t", id, got, err, want)
		}
	}
	if got, err := c.Groups.Get(ctx, g.ID); err != nil || len(got.Members) != 0 {
		t.Errorf("Get = %+v, %v, want no members, as the service returns none", got, err)
	}
	if err := c.Groups.Patch(ctx, g.ID, new(scimclient.Patch).Replace("externalId", "x"), scimclient.ReadBack()); err != nil {
		t.Errorf("Patch: %v", err)
	}
	found, err := c.Groups.Find(ctx, "Engineering")
	if err != nil || found.ID != g.ID || found.ExternalID != "x" {
		t.Errorf("Find = %+v, %v, want %s", found, err, g.ID)
	}
	if err := c.Groups.Delete(ctx, g.ID); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if is, err := c.Groups.IsMember(ctx, g.ID, u1.ID); is || err != nil {
		t.Errorf("IsMember of a deleted group = %t, %v, want false", is, err)
	}
}
