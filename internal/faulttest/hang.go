package faulttest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/api/option"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/internal/pipetest"
	"github.com/iamscim/iamscim/internal/testenv"
	"github.com/iamscim/iamscim/scimtest"
)

// A hostile is a server that answers the requests of a method in a way no client
// should suffer from.
type hostile struct {
	name   string
	answer func(http.ResponseWriter, *http.Request)
	kinds  []error // the call ends in one of these, or succeeds all the same
}

// hijack writes raw bytes on the connection and then lets go on.
func hijack(raw string, then func(net.Conn)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, raw); err == nil && then != nil {
			then(conn)
		}
	}
}

// untilClosed waits for the client to close the connection.
func untilClosed(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// drip sends a byte a second.
func drip(c net.Conn) {
	for {
		if _, err := io.WriteString(c, " "); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func answer(code int, header, value, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		if header != "" {
			w.Header().Set(header, value)
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

const retryInfo = `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"315576000000s"}]}}`

var (
	gone = []error{iamscim.ErrUnavailable, iamscim.ErrOutcomeUnknown}
	busy = []error{iamscim.ErrThrottled}
	odd  = []error{iamscim.ErrBadReply, iamscim.ErrOutcomeUnknown}

	hostiles = []hostile{
		{"Retry-After of the year 9999", answer(429, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT", ""), busy},
		{"Retry-After of 68 years", answer(503, "Retry-After", "2147483647", ""), gone},
		{"Retry-After beyond numbers", answer(503, "Retry-After", strings.Repeat("9", 400), ""), gone},
		{"RetryInfo of 10,000 years", answer(429, "", "", retryInfo), busy},
		{"another protocol", hijack("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", untilClosed), odd},
		{"no reply", hijack("", untilClosed), gone},
		{"headers without an end", hijack("HTTP/1.1 200 OK\r\n", untilClosed), gone},
		{"a body without an end", hijack("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", untilClosed), gone},
		{"a byte a second", hijack("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", drip), gone},
		{"a byte a second of an error", hijack("HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\n", drip), slices.Concat(gone, []error{iamscim.ErrPermissionDenied})},
		{"early hints for ever", hijack("", func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}), gone},
		{"520", answer(520, "", "", ""), gone},
		{"599 with a text", answer(599, "", "", "<html>"), gone},
	}
)

// NothingHangs lets odd servers answer every method: each call ends, with the default
// policy and without a context that ends.
func NothingHangs(t *testing.T, methods []*Method) {
	for _, h := range hostiles {
		for _, m := range methods {
			t.Run(h.name+"/"+m.Name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := scimtest.New()
					defer srv.Close()
					var armed atomic.Bool
					var seen atomic.Int32
					transport := pipetest.Server(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if armed.Load() && m.matches(r) && int(seen.Add(1)) > m.Skip {
							h.answer(w, r)
							return
						}
						srv.ServeHTTP(w, r)
					}))
					c := testenv.New(t, option.WithEndpoint("http://127.0.0.1/"), option.WithHTTPClient(&http.Client{Transport: transport}))
					call := m.Prepare(t, srv, c)
					armed.Store(true)
					begin := time.Now()
					err := call(t.Context(), c)
					took := time.Since(begin)
					if took > 20*time.Minute {
						t.Errorf("the call ended after %v: %v", took, err)
					}
					if err != nil && !slices.ContainsFunc(append(h.kinds, iamscim.ErrNotVisible, ErrEmpty), func(k error) bool { return errors.Is(err, k) }) {
						var e *iamscim.Error
						if !errors.As(err, &e) || !slices.Contains(h.kinds, e.Kind) {
							t.Errorf("after %v: %v, want one of %v", took, err, h.kinds)
						}
					}
				})
			})
		}
	}
}
