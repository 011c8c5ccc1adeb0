package entratest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/iamscim/iamscim/provision/entratest"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestHostileReplies: whatever a SCIM service answers, cycles end, within bounds, and nothing shows the
// token.
func TestHostileReplies(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request){
		"empty":  func(w http.ResponseWriter, _ *http.Request) {},
		"HTML":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") },
		"a list": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "[]") },
		"null":   func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "null") },
		"wrong types": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":"1","Resources":{"id":7}}`)
		},
		"no id": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"totalResults":1,"Resources":[{}]}`) },
		"number id": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":1,"Resources":[{"id":7}]}`)
		},
		"odd user": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"id":"../x?y#z","totalResults":1,"emails":7,"name":[],"Resources":[{"id":"../x?y#z","emails":{"a":[1]},"name":null,"active":"maybe"}]}`)
		},
		"long id": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":1,"id":"`+strings.Repeat("x", 500000)+`","Resources":[{"id":"`+strings.Repeat("x", 500000)+`"}]}`)
		},
		"long values": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":1,"id":"x","displayName":"`+strings.Repeat("x", 500000)+`","Resources":[{"id":"x","displayName":"`+strings.Repeat("y", 500000)+`"}]}`)
		},
		"echo": func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, `{"detail":"not `+r.Header.Get("Authorization")+`"}`, 400)
		},
		"deep": func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(`{"a":`, 100000)) },
		"deep list": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":1,"Resources":`+strings.Repeat(`[`, 9000)+strings.Repeat(`]`, 9000)+"}")
		},
		"long": func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"totalResults":1,"Resources":[`+strings.Repeat(`{"id":"x"},`, 200000))
		},
		"long error": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"detail":"`+strings.Repeat("x", 900000)+`"}`, 400)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/stolen", http.StatusTemporaryRedirect)
		},
		"many headers": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 2<<20)) },
		"status 101":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(999) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &lines{}
			g := start(t, entratest.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
			var count atomic.Int64
			scim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { count.Add(1); answer(w, r) }))
			t.Cleanup(scim.Close)
			a := g.app()
			ids, _ := g.company(a, 4, 1)
			g.configure(a, scim.URL+"?aadOptscim062020", scimToken, nil)
			g.step(a, 0)
			g.step(a, 40*time.Minute)
			g.onDemand(a, g.rule(a), ids[0], "User")
			if n := count.Load(); n == 0 || n > 200 {
				t.Errorf("%d requests", n)
			}
			state := fmt.Sprint(g.status(a), g.all("/auditLogs/provisioning?$top=999"), g.Requests(), log.String())
			if strings.Contains(state, scimToken) {
				t.Error("the token shows")
			}
			if len(state) > 1<<20 {
				t.Errorf("status, log and requests have %d bytes", len(state))
			}
		})
	}
}

// TestEndlessReply: a reply that never ends is cut, and takes no memory.
func TestEndlessReply(t *testing.T) {
	t.Parallel()
	g := start(t)
	scim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"totalResults":1,"Resources":["`)
		for chunk := strings.Repeat("x", 64<<10); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}))
	t.Cleanup(scim.Close)
	a := g.app()
	g.person(a, "ada")
	g.configure(a, scim.URL, scimToken, nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if status := g.step(a, 0); dig(status, "lastExecution", "state") != "EntryLevelErrors" {
		t.Errorf("status = %v, want one object that failed", status)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("an endless reply took %d MB", grown>>20)
	}
}

// silence is a SCIM service that never answers.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestSilence: a service that never answers ends the cycle after five requests of 30 seconds, and a
// context ends it at once.
func TestSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := entratest.New(entratest.WithSCIMClient(&http.Client{Transport: silence{}}))
		defer srv.Close()
		g := connect(t, srv, srv.PipeHTTPClient(), "http://127.0.0.1")
		a := g.app()
		g.company(a, 20, 2)
		g.configure(a, "http://scim.invalid", scimToken, nil)
		began := time.Now()
		status := g.step(a, 0)
		if took := time.Since(began); took != 150*time.Second || status["code"] != "Quarantine" {
			t.Errorf("the cycle took %v and ended in %v, want 2m30s and quarantine", took, status["code"])
		}
		g.must(204, "POST", a.path("/restart"), "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if err := srv.Advance(ctx, 0); err == nil || time.Since(began) != time.Second {
			t.Errorf("Advance = %v after %v, want the context's end after a second", err, time.Since(began))
		}
		if status := g.status(a); dig(status, "lastExecution", "state") != "Failed" || status["quarantine"] != nil {
			t.Errorf("after an interrupted cycle = %v, want nothing new", status)
		}
	})
}
