package entra_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/provision/entra"
)

// TestReplies: what Graph may answer becomes the sentinel, after as many attempts as
// make sense. Each reply is given to a read and to a write that must not be repeated.
func TestReplies(t *testing.T) {
	t.Parallel()
	answer := func(status int, header ...string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			refuse(w, status, "Code", "Some text")
		}
	}
	raw := func(status int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const all = 4
	tests := []struct {
		name     string
		reply    func(http.ResponseWriter, *http.Request)
		kind     error
		attempts int
		says     string
	}{
		{"400", answer(400), iamscim.ErrInvalidArgument, 1, "Some text (Code, request-id r-1) (HTTP 400)"},
		{"401", answer(401), iamscim.ErrUnauthenticated, 1, "another cloud"},
		{"403", answer(403), iamscim.ErrPermissionDenied, 1, "admin consent"},
		{"404", answer(404), iamscim.ErrNotFound, 1, "right directory"},
		{"405", answer(405), iamscim.ErrFailedPrecondition, 1, "HTTP 405"},
		{"409", answer(409), iamscim.ErrAborted, 1, "HTTP 409"},
		{"410", answer(410), iamscim.ErrNotFound, 1, "HTTP 410"},
		{"429", answer(429), iamscim.ErrThrottled, all, "quota"},
		{"429 with Retry-After", answer(429, "Retry-After", "7"), iamscim.ErrThrottled, all, "quota"},
		{"500", answer(500), iamscim.ErrUnavailable, all, "HTTP 500"},
		{"503", answer(503), iamscim.ErrUnavailable, all, "HTTP 503"},
		{"504", answer(504), iamscim.ErrUnavailable, all, "HTTP 504"},
		{"599", answer(599), iamscim.ErrUnavailable, all, "HTTP 599"},
		{"501", answer(501), iamscim.ErrUnavailable, 1, "HTTP 501"},
		{"redirect", answer(307, "Location", "http://elsewhere.example.com/"), iamscim.ErrRedirected, 1, "redirects are not followed"},
		{"HTML", raw(403, "<html>no</html>"), iamscim.ErrPermissionDenied, 1, "permission denied: no text (HTTP 403)"},
		{"an error of another form", raw(400, `{"error":"invalid_grant"}`), iamscim.ErrInvalidArgument, 1, "HTTP 400"},
		{"a long error", raw(400, `{"error":{"code":"x","message":"`+strings.Repeat("y", 1<<20)+`"}}`), iamscim.ErrInvalidArgument, 1, "HTTP 400"},
		{"success with HTML", raw(200, "<html>sign in</html>"), iamscim.ErrBadReply, 1, "isn't JSON"},
		{"success with nothing", raw(200, ""), iamscim.ErrBadReply, 1, "isn't JSON"},
		{"success of another type", raw(200, `[1,2]`), iamscim.ErrBadReply, 1, "isn't JSON of the documented form"},
		{"a body without end", func(w http.ResponseWriter, _ *http.Request) {
			for range 17 << 4 {
				fmt.Fprint(w, strings.Repeat(" ", 1<<16))
			}
		}, iamscim.ErrBadReply, 1, "too large"},
		{"a bomb of values", raw(200, `{"value":[`+strings.Repeat("{},", 1<<19)+`{}]}`), iamscim.ErrBadReply, 1, "more than 524288 values"},
		{"a cut body", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, `{"value":`)
			panic(http.ErrAbortHandler)
		}, iamscim.ErrUnavailable, all, "can be reached"},
		{"no reply", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, iamscim.ErrUnavailable, all, "can be reached"},
		{"a switch of protocols", answer(101), iamscim.ErrUnavailable, all, "switched protocols"},
		{"silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, iamscim.ErrUnavailable, all, "no whole reply within 1m0s"},
	}
	for _, tt := range tests {
		for _, on := range []string{"GET", "POST"} {
			t.Run(tt.name+" to "+on, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					g := newGraph(t)
					attempts := 0
					g.answer = func(w http.ResponseWriter, r *http.Request) bool {
						if r.Method != on {
							return false
						}
						attempts++
						g.mu.Unlock() // a silent reply must not hold it
						defer g.mu.Lock()
						tt.reply(w, r)
						return true
					}
					c := g.client(t, func(cfg *entra.Config) { cfg.Retry.MaxAttempts = all })
					err := c.SetUp(t.Context(), connection())
					e := failed(t, err)
					g.mu.Lock() // a reply that was cut orders nothing
					defer g.mu.Unlock()
					kind, want := tt.kind, tt.attempts
					if on == "POST" {
						switch tt.kind {
						case iamscim.ErrUnavailable, iamscim.ErrRedirected, iamscim.ErrBadReply:
							// It may have been carried out: it's looked for, and sent once
							// more at most.
							kind, want = iamscim.ErrOutcomeUnknown, 2
							if tt.kind == iamscim.ErrRedirected {
								want = 1
							}
							if strings.Contains(tt.name, "501") {
								kind, want = tt.kind, 1
							}
						}
					}
					if !errors.Is(err, kind) || !errors.Is(err, tt.kind) || !strings.Contains(err.Error(), tt.says) {
						t.Errorf("SetUp = %v\nwant %v with %q", err, kind, tt.says)
					}
					// net/http itself repeats a GET on a connection that broke.
					if attempts != want && !(on == "GET" && tt.kind == iamscim.ErrUnavailable && attempts > want) {
						t.Errorf("%d attempts, want %d", attempts, want)
					}
					if on == "GET" && (e.Attempts != tt.attempts || e.Op != "entra: set up") {
						t.Errorf("Attempts %d, Op %q", e.Attempts, e.Op)
					}
					if len(e.Detail) > 400 || strings.Contains(err.Error(), "\n") {
						t.Errorf("a long error: %q", err)
					}
					if len(g.apps) > 1 {
						t.Errorf("%d applications", len(g.apps))
					}
				})
			})
		}
	}
}

// TestRetryAfter: Graph's pause is kept, and a longer one than the budget ends the
// call at once.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		after string
		waits time.Duration
	}{{"7", 7 * time.Second}, {"3000", 0}} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			first := true
			g.answer = func(w http.ResponseWriter, _ *http.Request) bool {
				if !first {
					return false
				}
				first = false
				w.Header().Set("Retry-After", tt.after)
				refuse(w, 429, "TooManyRequests", "slow down")
				return true
			}
			begin := time.Now()
			_, err := g.client(t).Status(t.Context())
			took := time.Since(begin)
			if tt.waits == 0 {
				if !errors.Is(err, iamscim.ErrThrottled) || took > time.Second {
					t.Errorf("Status = %v after %v", err, took)
				}
			} else if err != nil || took < tt.waits || took > tt.waits+time.Second {
				t.Errorf("Status = %v after %v, want %v", err, took, tt.waits)
			}
		})
	}
}

// TestCreatedAgain: a creation that failed without effect is made once more, after the
// replication window.
func TestCreatedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGraph(t)
		first := map[string]bool{}
		g.answer = func(w http.ResponseWriter, r *http.Request) bool {
			name := r.Method + " " + short(r.URL.Path)
			if r.Method != http.MethodPost || first[name] {
				return false
			}
			first[name] = true
			refuse(w, 503, "ServiceUnavailable", "")
			return true
		}
		begin := time.Now()
		if err := g.client(t, assign(ada)).SetUp(t.Context(), connection()); err != nil {
			t.Fatal(err)
		}
		if len(g.apps) != 1 || len(g.jobs) != 1 || len(g.assigned) != 1 || time.Since(begin) < 5*time.Minute {
			t.Errorf("%d applications, %d jobs, %d assignments after %v", len(g.apps), len(g.jobs), len(g.assigned), time.Since(begin))
		}
	})
}

// TestEnds: a call ends with its context, whatever is silent.
func TestEnds(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := provisioned(t)
				g.answer = func(w http.ResponseWriter, r *http.Request) bool {
					g.mu.Unlock()
					defer g.mu.Lock()
					<-r.Context().Done()
					return true
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				begin := time.Now()
				if err := call(ctx, g.client(t)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 3*time.Second {
					t.Errorf("%s = %v after %v", name, err, time.Since(begin))
				}
			})
		})
	}
}

type silent struct{ release chan struct{} }

func (s silent) Token() (*oauth2.Token, error) { <-s.release; return nil, errors.New("late") }

// TestSilentTokenSource: a token source that never answers doesn't hold a call up.
func TestSilentTokenSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := provisioned(t)
		source := silent{make(chan struct{})}
		_, err := g.client(t, func(cfg *entra.Config) { cfg.TokenSource = source }).Status(t.Context())
		if !errors.Is(err, iamscim.ErrUnauthenticated) || !strings.Contains(err.Error(), "no token within 1m0s") || len(g.requests) != 0 {
			t.Errorf("Status = %v after %d requests", err, len(g.requests))
		}
		close(source.release)
		synctest.Wait()
	})
}

// TestPaths: what a caller names stays one segment.
func TestPaths(t *testing.T) {
	t.Parallel()
	for _, person := range []string{"../applications", "a/b", "%2e%2e", "ada#EXT#@example.com", "x?y=1", "..", "o'neil@example.com"} {
		synctest.Test(t, func(t *testing.T) {
			g := provisioned(t)
			var seen []string
			g.more = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
				seen = append(seen, r.URL.EscapedPath())
				if strings.Count(r.URL.EscapedPath(), "/") != 3 || !strings.HasPrefix(r.URL.EscapedPath(), "/v1.0/users/") {
					t.Errorf("%q became %s", person, r.URL.EscapedPath())
				}
				refuse(w, 404, "Request_ResourceNotFound", "")
				return true
			}
			if _, err := g.client(t).Push(t.Context(), person); !errors.Is(err, iamscim.ErrNotFound) || len(seen) != 1 {
				t.Errorf("Push(%q) = %v, %q", person, err, seen)
			}
		})
	}
}
