package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard answers /healthz and keeps web pages out. A page in a browser on this machine reaches
// loopback addresses: by a name of its own that resolves to one (then Host is that name), or from
// another origin (then the browser says so). Clients of the API send neither.
func guard(next http.Handler, loopback bool, hosts []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/healthz" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			fmt.Fprintln(w, "ok")
		case (loopback || len(hosts) > 0) && !allowedHost(r.Host, hosts):
			refuse(w, fmt.Sprintf("Host %q isn't this emulator; allow it by -host.", clip(r.Host)))
		case foreign(r):
			refuse(w, "Requests of web pages are refused.")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// allowedHost reports whether a Host header is a loopback name or one that was given.
func allowedHost(hostport string, hosts []string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback() || slices.Contains(hosts, host)
}

// foreign reports whether a browser sent the request for a page of another origin. An image or a
// form has no Origin, but newer browsers say where it comes from.
func foreign(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return true
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "cross-site" || site == "same-site"
}

func refuse(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, `{"error":{"code":403,"message":%q,"status":"PERMISSION_DENIED"}}`+"\n", text)
}

// clip keeps an echo short.
func clip(s string) string { return s[:min(len(s), 100)] }
