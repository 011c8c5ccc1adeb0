package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/iamscim/iamscim"
	"github.com/iamscim/iamscim/claimmap"
	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// flags are the flags of audit.
type flags struct {
	baseURI, tokenFile, mapping string
	files                       idp.Files
	options                     audit.Options
	claims                      string
	sample                      int
	confidence                  float64
	seed                        uint64
	html, csv, ndjson           string
	estimate, demo, quiet       bool
	live                        live
}

const purpose = `Usage: scimctl audit [flags]

Audit compares a SCIM tenant with the roster of its identity provider.

The roster is files of CSV, JSON Lines, SCIM ListResponses, or exports of
Microsoft Graph and Okta. Each flag for files can be given several times, and can
be a pattern ("members/*.json"). With -roster entra or okta it's read from the
identity provider, which then says why each user or group with a finding wasn't
pushed. Its credentials are in files or environment variables. Nothing is changed.

Exit status: 0 no errors, 1 findings that are errors, 2 failed, 3 refused by a
guard. With -demo it's 0 if the audit finds exactly the planted errors.

Flags:
`

func parseFlags(args []string, stderr io.Writer) (*flags, error) {
	f := &flags{}
	set := flag.NewFlagSet("scimctl audit", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(stderr, purpose)
		set.PrintDefaults()
	}
	set.BoolVar(&f.demo, "demo", false, "audit an in-memory tenant with planted errors")
	set.StringVar(&f.baseURI, "base-uri", "", "base `URI` of the tenant")
	set.StringVar(&f.tokenFile, "token-file", "", "`file` with the SCIM token (default: the environment variable SCIM_TOKEN)")
	set.StringVar(&f.mapping, "mapping", "", "claim `mapping` of the tenant, as in gcloud's --claim-mapping")
	files(set, &f.files.Users, "users", "users of the roster")
	files(set, &f.files.Groups, "groups", "groups of the roster")
	files(set, &f.files.Memberships, "memberships", "memberships of the roster")
	files(set, &f.files.Leavers, "leavers", "people who left")
	set.Func("count", "known `number` of rows of files without an end mark, as users=5000", f.count)
	set.StringVar(&f.files.EntraExternalID, "entra-external-id", "id", "`property` of Microsoft Graph that is mapped to externalId: id, mailNickname or -")
	set.StringVar(&f.claims, "claims", "", "JSON `file` with attributeMapping of the provider and assertions by user, to compare subjects with")
	set.IntVar(&f.options.PerMinute, "rate", 1500, "requests per `minute`; a tenant has 3000, which the identity provider needs too")
	set.DurationVar(&f.options.Settle, "settle", 2*time.Minute, "`time` after which a difference is read again")
	set.IntVar(&f.sample, "sample", 0, "check this `number` of random users only")
	set.Float64Var(&f.confidence, "confidence", 0.95, "confidence of the bounds of -sample")
	set.Uint64Var(&f.seed, "seed", 1, "seed of -sample")
	set.StringVar(&f.options.Checkpoint, "checkpoint", "", "`file` to resume an interrupted audit from; file.roster keeps a live roster until it ends")
	set.BoolVar(&f.options.Resume, "resume", false, "go on from -checkpoint")
	set.StringVar(&f.options.Guard.Accepted, "accepted", "", "`file` that keeps the numbers of the last accepted roster")
	set.Func("allow-missing", "`change` that a guard refuses and this run accepts, as users=312", func(text string) error {
		f.options.Guard.Allow = append(f.options.Guard.Allow, text)
		return nil
	})
	set.StringVar(&f.html, "html", "", "write an HTML page to this `file`")
	set.StringVar(&f.csv, "csv", "", "write a roster of what failed, failed-users.csv and so on, to this `folder`")
	set.StringVar(&f.ndjson, "ndjson", "", "write all messages to this `file`")
	f.live.flags(set)
	set.BoolVar(&f.estimate, "estimate", false, "say what the audit costs, and end")
	set.BoolVar(&f.quiet, "quiet", false, "show no progress")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	return f, f.check(set)
}

// files adds a flag for files.
func files(set *flag.FlagSet, list *[]string, name, what string) {
	set.Func(name, "`file` with "+what, func(pattern string) error {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			names = []string{pattern} // which reports that there is no such file
		}
		*list = append(*list, names...)
		return nil
	})
}

func (f *flags) count(text string) error {
	kind, number, _ := strings.Cut(text, "=")
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 {
		return errors.New("expected a kind and a number, as users=5000")
	}
	switch kind {
	case "users":
		f.files.Counts.Users = n
	case "groups":
		f.files.Counts.Groups = n
	case "memberships":
		f.files.Counts.Memberships = n
	case "leavers":
		f.files.Counts.Leavers = n
	default:
		return errors.New("the kind is users, groups, memberships or leavers")
	}
	return nil
}

// check checks what flags must be together, and reads what they name.
func (f *flags) check(set *flag.FlagSet) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if set.NArg() > 0 {
		fail("unexpected argument %q: quote patterns, as in -users 'users.*.json'", set.Arg(0))
	}
	given := map[string]bool{}
	set.Visit(func(g *flag.Flag) { given[g.Name] = true })
	if f.demo {
		for _, name := range []string{"base-uri", "token-file", "mapping", "users", "groups", "memberships", "leavers", "claims", "accepted", "resume", "count"} {
			if given[name] {
				fail("-demo has a tenant and a roster of its own: leave out -%s", name)
			}
		}
	} else {
		for _, name := range []string{"base-uri", "mapping", "users"} {
			if !given[name] && (name != "users" || f.live.source == "files") {
				fail("-%s is missing", name)
			}
		}
	}
	errs = append(errs, f.live.check(given, f.demo)...)
	if f.options.PerMinute < 1 {
		fail("-rate is %d: at least 1", f.options.PerMinute)
	}
	if f.sample < 0 {
		fail("-sample is %d: at least 1", f.sample)
	}
	if f.sample > 0 {
		f.options.Sample = &audit.Sample{Users: f.sample, Confidence: f.confidence, Seed: f.seed}
	} else if given["confidence"] || given["seed"] {
		fail("-confidence and -seed go with -sample")
	}
	if f.mapping != "" {
		var err error
		if f.options.Mapping, err = claimmap.Parse(f.mapping); err != nil {
			errs = append(errs, err)
		}
	}
	if f.claims != "" {
		text, err := os.ReadFile(f.claims)
		if err != nil {
			errs = append(errs, err)
		} else if err := json.Unmarshal(text, &f.options.Claims); err != nil {
			fail("-claims: %s isn't JSON with attributeMapping and assertions", f.claims)
		}
	}
	return errors.Join(errs...)
}

// token reads the SCIM token.
func (f *flags) token() (iamscim.Secret, error) {
	text := os.Getenv("SCIM_TOKEN")
	if f.tokenFile != "" {
		b, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return iamscim.Secret{}, err
		}
		text = string(b)
	}
	if text = strings.TrimSpace(text); text == "" {
		return iamscim.Secret{}, errors.New("there is no token: give -token-file, or set SCIM_TOKEN")
	}
	return iamscim.NewSecret(text), nil
}
