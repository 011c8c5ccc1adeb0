package scimtest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/iamscim/iamscim/scimtest"
)

// TestSecretETags: a patch gives a new etag and a version none, and of two patches
// with one etag one succeeds.
func TestSecretETags(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	created := a.ok("POST", "v1/"+secretsPath+"?secretId=s", secretBody)
	a.ok("POST", "v1/"+secretsPath+"/s:addVersion", `{"payload":{"data":"MTIz"}}`)
	if got := a.ok("GET", "v1/"+secretsPath+"/s", nil)["etag"]; got != created["etag"] {
		t.Errorf("etag after a version was added = %v, want %v", got, created["etag"])
	}
	patch := map[string]any{"etag": created["etag"], "annotations": map[string]any{"a": "1"}}
	patched := a.ok("PATCH", "v1/"+secretsPath+"/s?updateMask=annotations", patch)
	if patched["etag"] == created["etag"] || patched["replication"] == nil {
		t.Errorf("patched = %v, want a new etag and the other fields as they were", patched)
	}
	if got, want := a.refused("PATCH", "v1/"+secretsPath+"/s?updateMask=annotations", patch), "400 FAILED_PRECONDITION"; got[:len(want)] != want {
		t.Errorf("a patch with the old etag = %q, want %q", got, want)
	}
	again := a.ok("PATCH", "v1/"+secretsPath+"/s?updateMask=annotations", map[string]any{"annotations": map[string]any{"a": "1"}})
	if again["etag"] == patched["etag"] {
		t.Error("a patch that changes nothing left the etag as it was")
	}
}

// TestSecretConsistency: under replication lag a new version is there by its number
// alone, and writes see each other.
func TestSecretConsistency(t *testing.T) {
	t.Parallel()
	at := newClock()
	a := newAPI(t, scimtest.WithClock(at.Now), scimtest.WithReplicationLag(time.Minute))
	secret := "v1/" + secretsPath + "/s"
	first := a.ok("POST", "v1/"+secretsPath+"?secretId=s", secretBody)
	if code, _ := a.call("GET", secret, nil); code != 404 {
		t.Errorf("GET of a fresh secret = %d, want 404", code)
	}
	a.ok("POST", secret+":addVersion", `{"payload":{"data":"MTIz"}}`)
	seen := func() string {
		t.Helper()
		text := ""
		for _, path := range []string{secret + "/versions/1:access", secret + "/versions/latest:access", secret + "/versions/1"} {
			code, _ := a.call("GET", path, nil)
			text += fmt.Sprint(code, " ")
		}
		_, list := a.call("GET", secret+"/versions", nil)
		return text + fmt.Sprint(list["totalSize"])
	}
	if got, want := seen(), "200 404 404 <nil>"; got != want {
		t.Errorf("a fresh version by number, as latest, its metadata, in the list = %q, want %q", got, want)
	}
	patched := a.ok("PATCH", secret+"?updateMask=annotations", map[string]any{"etag": first["etag"], "annotations": map[string]any{"a": "1"}})
	if patched["etag"] == first["etag"] {
		t.Error("a patch left the etag as it was")
	}
	at.Advance(time.Minute)
	if got, want := seen(), "200 200 200 1"; got != want {
		t.Errorf("after the lag = %q, want %q", got, want)
	}
	// A disabled version is served by replicas that are behind, a destroyed one by none.
	a.ok("POST", secret+"/versions/1:disable", `{}`)
	if got, want := seen(), "200 200 200 1"; got != want {
		t.Errorf("a version that was just disabled = %q, want %q", got, want)
	}
	a.ok("POST", secret+"/versions/1:destroy", `{}`)
	if got, want := seen(), "400 400 200 1"; got != want {
		t.Errorf("a version that was just destroyed = %q, want %q", got, want)
	}
}

// TestSecretSnapshot: secrets are part of a snapshot, and what happens later isn't.
func TestSecretSnapshot(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.ok("POST", "v1/"+secretsPath+"?secretId=s", secretBody)
	a.ok("POST", "v1/"+secretsPath+"/s:addVersion", `{"payload":{"data":"MTIz"}}`)
	before := a.srv.Snapshot()
	a.ok("POST", "v1/"+secretsPath+"/s/versions/1:destroy", `{}`)
	a.ok("POST", "v1/"+secretsPath+"/s:addVersion", `{"payload":{"data":"NDU2"}}`)
	a.srv.Restore(before)
	if got := a.ok("GET", "v1/"+secretsPath+"/s/versions/latest:access", nil); fmt.Sprint(got["payload"]) != "map[data:MTIz dataCrc32c:"+fmt.Sprint(got["payload"].(map[string]any)["dataCrc32c"])+"]" {
		t.Errorf("latest after Restore = %v, want version 1", got)
	}
	// A request that was recorded has no data in it.
	for _, r := range a.srv.Requests() {
		if string(r.Body) == `{"payload":{"data":"MTIz"}}` {
			t.Errorf("the recorded request has the data of the version: %s", r.Body)
		}
	}
}
