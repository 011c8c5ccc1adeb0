package scimtenant_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"github.com/iamscim/iamscim/scimtenant"
)

const tenantJSON = `{
  "name": "` + tenantText + `",
  "baseUri": "https://iamscim.googleapis.com/v1alpha1/tenants/abc123",
  "state": "ACTIVE",
  "displayName": "Main",
  "claimMapping": {"google.subject": "user.emails[0].value.lowerAscii()", "google.group": "group.externalId"},
  "serviceAgent": "o-123456789012-abc123@gcp-sa-iamscim.iam.gserviceaccount.com"
}`

// canned answers every request with the tenant, without a network.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body:   io.NopCloser(strings.NewReader(tenantJSON)), ContentLength: int64(len(tenantJSON)),
	}, nil
}

// BenchmarkGet is what a Get costs more than the call of the generated client
// under it: retries, typed errors, names, bounded bodies.
func BenchmarkGet(b *testing.B) {
	options := []option.ClientOption{option.WithHTTPClient(&http.Client{Transport: canned{}}), option.WithEndpoint("http://127.0.0.1/")}
	b.Run("generated", func(b *testing.B) {
		svc, err := iam.NewService(b.Context(), options...)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			got, err := svc.Locations.WorkforcePools.Providers.ScimTenants.Get(tenantText).Context(b.Context()).Do()
			if err != nil || got.Name != tenantText {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("client", func(b *testing.B) {
		client, err := scimtenant.NewClient(b.Context(), options...)
		if err != nil {
			b.Fatal(err)
		}
		n := name(b, "main")
		b.ReportAllocs()
		for b.Loop() {
			got, err := client.Get(b.Context(), n)
			if err != nil || got.Name != n {
				b.Fatal(got, err)
			}
		}
	})
}
