package scimclient_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/scimclient"
	"github.com/iamscim/iamscim/scimtest"
)

func TestPaced(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		own, paced  int // requests per minute
		seconds     float64
		description string
	}{
		{"slower", 6000, 600, 10, "100 requests at 10 a second take 10 s"},
		{"not faster than the client", 600, 6000, 10, "the client's own rate bounds it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := scimtest.New(scimtest.WithSyncerGranted())
				defer srv.Close()
				base := seed(t, srv)
				client := clientFor(t, base, scimclient.WithHTTPClient(srv.PipeHTTPClient()), scimclient.WithRate(test.own))
				paced, err := client.Paced(test.paced)
				if err != nil {
					t.Fatal(err)
				}
				if got := paced.BaseURI(); got != base {
					t.Errorf("BaseURI() = %q, want %q", got, base)
				}
				begin := time.Now()
				for range 100 {
					if _, err := paced.CheckAccess(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				if took := time.Since(begin).Seconds(); took < test.seconds || took > test.seconds+5 {
					t.Errorf("100 requests took %.1f s: %s", took, test.description)
				}
			})
		})
	}
}

func TestPacedRefuses(t *testing.T) {
	t.Parallel()
	client := clientFor(t, "https://iamscim.googleapis.com/v1alpha1/tenants/x")
	for _, rate := range []int{0, -1} {
		if _, err := client.Paced(rate); !errors.Is(err, iamscim.ErrInvalidArgument) {
			t.Errorf("Paced(%d) = %v, want ErrInvalidArgument", rate, err)
		}
	}
}
