package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// api speaks to a running emulator.
type api struct {
	t          *testing.T
	ctx        context.Context
	url, token string
}

// do sends a request, which must succeed, and returns its JSON.
func (a *api) do(method, path, body string) map[string]any {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	if strings.HasSuffix(path, "/token") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		a.t.Fatalf("%s %s = %d %s, %v", method, path, resp.StatusCode, text, err)
	}
	var v map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &v); err != nil {
			a.t.Fatal(err)
		}
	}
	return v
}

// TestEntra runs the emulator with Entra ID, and sets provisioning up there: the people arrive.
func TestEntra(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		ended <- run(running, []string{"-addr", ":0", "-seed", "testdata/seed.json", "-granted", "-idp", "entra", "-idp-seed", "testdata/people.json", "-idp-cycle", "10ms"}, writer, io.Discard)
	}()
	lines := bufio.NewReader(reader)
	said := ""
	for range 4 {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		said += line
	}
	m := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:[0-9]+)\nMicrosoft Graph: (\S+)/v1\.0\ntoken endpoint: (\S+)\nclient: (\S+), secret: (\S+)\n$`).FindStringSubmatch(said)
	if m == nil || m[1] != m[2] {
		t.Fatalf("the first lines are %q, want the addresses", said)
	}
	a := &api{t: t, ctx: ctx, url: m[1]}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {m[4]}, "client_secret": {m[5]}, "scope": {m[1] + "/.default"}}
	a.token = a.do("POST", strings.TrimPrefix(m[3], m[1]), form.Encode())["access_token"].(string)

	made := a.do("POST", "/v1.0/applicationTemplates/8adf8e6e-67b2-4cf2-a259-e3dc5476c621/instantiate", `{"displayName":"Google Cloud"}`)
	sp := made["servicePrincipal"].(map[string]any)["id"].(string)
	path := "/v1.0/servicePrincipals/" + sp
	job := a.do("POST", path+"/synchronization/jobs", `{"templateId":"scim"}`)["id"].(string)
	a.do("POST", path+"/appRoleAssignedTo", fmt.Sprintf(`{"principalId":"00000000-0000-4000-8000-0000000000e1","resourceId":%q,"appRoleId":"00000000-0000-0000-0000-000000000000"}`, sp))
	a.do("PUT", path+"/synchronization/secrets", fmt.Sprintf(`{"value":[{"key":"BaseAddress","value":%q},{"key":"SecretToken","value":"fake-token"}]}`, m[1]+"/v1alpha1/tenants/uid1?aadOptscim062020"))
	a.do("POST", path+"/synchronization/jobs/"+job+"/start", "")
	scim := &api{t: t, ctx: ctx, url: m[1], token: "fake-token"}
	for arrived := 0.0; arrived != 2; {
		arrived = 0
		for _, name := range []string{"ada", "bob"} {
			arrived += scim.do("GET", "/v1alpha1/tenants/uid1/Users?filter=userName%20eq%20%22"+name+"@example.com%22", "")["totalResults"].(float64)
		}
	}
	stop()
	if status := <-ended; status != 0 {
		t.Errorf("it ended with %d, want 0", status)
	}
}

func TestEntraUsage(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "people.json")
	if err := os.WriteFile(broken, []byte(`{"users":[{"userPrincipalName":"x"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"want entra":                      {"-idp", "okta"},
		"-idp-seed and -idp-cycle need":   {"-idp-seed", broken},
		"-idp-cycle need -idp":            {"-idp-cycle", "1s"},
		"want a time such as 10s":         {"-idp", "entra", "-idp-cycle", "0s"},
		"emulator: users[0]: entratest: ": {"-idp", "entra", "-idp-seed", broken},
		"no such file":                    {"-idp", "entra", "-idp-seed", broken + "x"},
	} {
		var stdout, stderr strings.Builder
		if status := run(t.Context(), args, &stdout, &stderr); status == 0 || !strings.Contains(stderr.String(), want) || stdout.Len() > 0 {
			t.Errorf("run(%q) = %d, %q on standard output, %q; want %q", args, status, &stdout, &stderr, want)
		}
	}
}
