package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/iamscim/iamscim/scimtest"
)

// options are what the flags say.
type options struct {
	host, port string
	hosts      []string
	seed       string
	verbose    bool
	scimtest   []scimtest.Option

	idp    string        // "" or "entra"
	people string        // file with its users and groups
	cycle  time.Duration // between two of its cycles
}

const usage = `Emulator serves an in-memory Google Cloud: IAM workforce pools and their SCIM service. With -idp entra
it serves an in-memory Microsoft Entra ID beside it, which pushes into that SCIM service.

  emulator [flags]

The address that it listens on is the first line of standard output. SIGINT and SIGTERM end it.
The status is 0 then, 2 for wrong flags, and 1 if it can't serve.

`

// parseOptions reads the flags. What is wrong with them is printed and is errUsage.
func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	add := func(opt scimtest.Option) error { o.scimtest = append(o.scimtest, opt); return nil }
	f := flag.NewFlagSet("emulator", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, usage)
		f.PrintDefaults()
	}
	addr := f.String("addr", "127.0.0.1:8085", "`address` to listen on; without a host it is 127.0.0.1, port 0 takes a free one")
	organization := f.String("organization", scimtest.DefaultOrganization, "`number` of the organization")
	f.StringVar(&o.seed, "seed", "", "JSON `file` with what is there from the start: pools, providers, scimTenants, tokens, directories")
	f.BoolVar(&o.verbose, "v", false, "log each request on standard error, with the query and the reason of a refusal")
	f.Func("host", "`name` that requests may have in Host beside loopback names; may be given again", func(s string) error {
		if s == "" || strings.ContainsAny(s, "/: ") {
			return errors.New("want a host name without port")
		}
		o.hosts = append(o.hosts, strings.ToLower(s))
		return nil
	})
	f.Func("lag", "replication lag: the `time` until a write is seen", func(s string) error {
		d, err := positive(s)
		if err != nil {
			return err
		}
		return add(scimtest.WithReplicationLag(d))
	})
	f.Func("token-lifetime", "`time` after which SCIM tokens expire; they don't by default", func(s string) error {
		d, err := positive(s)
		if err != nil {
			return err
		}
		return add(scimtest.WithTokenLifetime(d))
	})
	f.Func("quota", "requests per minute and SCIM tenant: off, `N`, or N/window to count by the minute instead of refilling evenly; Google's is 3000", func(s string) error {
		n, model, err := quota(s)
		if err != nil {
			return err
		}
		return errors.Join(add(scimtest.WithQuota(n)), add(scimtest.WithBehavior(scimtest.QuotaModel, model)))
	})
	f.BoolFunc("granted", "bind roles/iam.scimSyncer to new service agents, as Google usually does", func(s string) error {
		granted, err := strconv.ParseBool(s)
		if err != nil || !granted {
			return err
		}
		return add(scimtest.WithSyncerGranted())
	})
	f.Func("idp", "identity `provider` to serve too: entra", func(s string) error {
		if s != "entra" {
			return errors.New("want entra")
		}
		o.idp = s
		return nil
	})
	f.StringVar(&o.people, "idp-seed", "", "JSON `file` with the identity provider's users and groups")
	f.Func("idp-cycle", "`time` between two cycles of the identity provider, to which each is 40 minutes; 10s by default", func(s string) error {
		d, err := positive(s)
		if err != nil || d == 0 {
			return errors.New("want a time such as 10s")
		}
		o.cycle = d
		return nil
	})
	f.Func("shuffle", "`seed` that draws an answer for every unknown behavior; see scimtest/BEHAVIORS.md", func(s string) error {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return errors.New("want a number")
		}
		return add(scimtest.WithShuffledBehaviors(seed))
	})
	f.Func("behavior", "`ID=ANSWER` of a row of scimtest/BEHAVIORS.md; may be given again", func(s string) error {
		id, answer, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("want ID=ANSWER")
		}
		opt := scimtest.WithBehavior(scimtest.Behavior(id), answer)
		if err := scimtest.New(opt).Err(); err != nil {
			return err
		}
		return add(opt)
	})
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, errUsage // the flag package has printed it
	case o.idp == "" && (o.people != "" || o.cycle > 0):
		return nil, o.wrong(stderr, errors.New("-idp-seed and -idp-cycle need -idp"))
	case f.NArg() > 0:
		return nil, o.wrong(stderr, fmt.Errorf("unexpected argument %q", f.Arg(0)))
	}
	o.scimtest = append(o.scimtest, scimtest.WithOrganization(*organization))
	var err error
	if o.host, o.port, err = net.SplitHostPort(*addr); err != nil {
		return nil, o.wrong(stderr, fmt.Errorf("-addr: %w", err))
	}
	if n, err := strconv.ParseUint(o.port, 10, 16); err != nil {
		return nil, o.wrong(stderr, fmt.Errorf("-addr %s: port %d isn't a number up to 65535", *addr, n))
	}
	if o.host == "" {
		o.host = "127.0.0.1"
	}
	return o, nil
}

// wrong prints what is wrong with the flags.
func (o *options) wrong(stderr io.Writer, err error) error {
	fmt.Fprintln(stderr, "emulator:", err)
	return errUsage
}

func positive(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("want a time such as 80s, not negative")
	}
	return d, nil
}

// quota reads "off", "3000" or "3000/window".
func quota(s string) (perMinute int, model string, err error) {
	if s == "off" {
		return 0, "BUCKET", nil
	}
	number, window := strings.CutSuffix(s, "/window")
	perMinute, err = strconv.Atoi(number)
	if err != nil || perMinute < 1 {
		return 0, "", errors.New("want off, N or N/window")
	}
	if window {
		return perMinute, "WINDOW", nil
	}
	return perMinute, "BUCKET", nil
}
