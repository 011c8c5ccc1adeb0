package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/iamscim/iamscim/provision/idp"
	"github.com/iamscim/iamscim/scimclient/audit"
)

// CSV writes, when the audit ends, a roster of what failed into a folder:
// failed-users.csv, failed-groups.csv, failed-memberships.csv and
// failed-leavers.csv. It has the users, groups and leavers with findings, and the
// groups and memberships of these users.
// [idp.Files] reads it again, so that it can be audited after the repair, with the
// IDs that were found. The
// column #findings says what was found; the reader skips it. The folder must
// exist.
func CSV(dir string, roster idp.Roster) Handler {
	c := &failed{dir: dir, roster: roster, ids: map[string]string{}, needed: map[string]bool{}, users: map[string][]string{}, groups: map[string][]string{}}
	return func(m audit.Message) error {
		switch {
		case m.Finding != nil:
			c.add(*m.Finding)
		case m.Result != nil || m.Failure != nil:
			return c.write()
		}
		return nil
	}
}

// failed collects what a folder of CSV files will have.
type failed struct {
	dir    string
	roster idp.Roster
	needed map[string]bool     // groups of failed users, by key
	ids    map[string]string   // of users in the tenant, by key
	users  map[string][]string // findings by key, leavers included
	groups map[string][]string // findings by key
}

func (c *failed) add(f audit.Finding) {
	text := string(f.Code)
	if f.Attribute != "" {
		text += " " + f.Attribute
	}
	if f.User != "" {
		if f.Group != "" {
			text += " " + f.Group
			c.needed[f.Group] = true
		}
		c.users[f.User] = append(c.users[f.User], text)
		if f.UserID != "" {
			c.ids[f.User] = f.UserID
		}
	} else if f.Group != "" {
		c.groups[f.Group] = append(c.groups[f.Group], text)
	}
}

func (c *failed) write() error {
	attributes, err := c.attributes()
	if err != nil {
		return err
	}
	columns := []string{"key", "userName", "externalId", "displayName", "email", "active", "id"}
	errs := []error{table(c, "users", slices.Concat(columns, attributes, []string{"#findings"}), c.roster.Users, func(u idp.User) [][]string {
		texts, bad := c.users[u.Key]
		if !bad {
			return nil
		}
		return [][]string{append(c.userCells(u, attributes), strings.Join(texts, "; "))}
	})}
	if c.roster.Leavers != nil {
		errs = append(errs, table(c, "leavers", slices.Concat(columns, attributes, []string{"gone", "#findings"}), c.roster.Leavers, func(l idp.Leaver) [][]string {
			texts, bad := c.users[l.Key]
			if !bad {
				return nil
			}
			return [][]string{append(c.userCells(l.User, attributes), strconv.FormatBool(l.Gone), strings.Join(texts, "; "))}
		}))
	}
	if c.roster.Memberships != nil {
		errs = append(errs, table(c, "memberships", []string{"group", "user"}, c.roster.Memberships, func(m idp.Membership) [][]string {
			if _, bad := c.users[m.User]; !bad {
				return nil
			}
			c.needed[m.Group] = true
			return [][]string{{m.Group, m.User}}
		}))
	}
	if c.roster.Groups != nil {
		errs = append(errs, table(c, "groups", []string{"key", "displayName", "externalId", "id", "#findings"}, c.roster.Groups, func(g idp.Group) [][]string {
			texts, bad := c.groups[g.Key]
			if !bad && !c.needed[g.Key] {
				return nil
			}
			return [][]string{{g.Key, g.DisplayName, g.ExternalID, g.ID, strings.Join(texts, "; ")}}
		}))
	}
	return errors.Join(errs...)
}

// attributes are the names of the further attributes that failed users have.
func (c *failed) attributes() ([]string, error) {
	names := map[string]bool{}
	err := idp.Each(c.roster.Users, func(u idp.User) error {
		if _, bad := c.users[u.Key]; bad {
			for name := range u.Attributes {
				names[name] = true
			}
		}
		return nil
	})
	return slices.Sorted(maps.Keys(names)), err
}

func (c *failed) userCells(u idp.User, attributes []string) []string {
	// The reader takes one e-mail. Of several, which are a finding, it gets none.
	email := ""
	if len(u.Emails) == 1 {
		email = u.Emails[0]
	}
	if id, found := c.ids[u.Key]; found {
		u.ID = id
	}
	cells := []string{u.Key, u.UserName, u.ExternalID, u.DisplayName, email, strconv.FormatBool(!u.Inactive), u.ID}
	for _, name := range attributes {
		cells = append(cells, u.Attributes[name])
	}
	return cells
}

// table writes the rows of one list, and the end mark. The file appears when it's
// whole: the roster may be read from the one that it replaces.
func table[T any](c *failed, name string, columns []string, list func(func(T, error) bool), rowsOf func(T) [][]string) (err error) {
	f, err := os.CreateTemp(c.dir, ".failed-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename
	w := csv.NewWriter(f)
	rows := 0
	err = errors.Join(w.Write(columns), idp.Each(list, func(v T) error {
		for _, row := range rowsOf(v) {
			rows++
			for i := range row {
				row[i] = neutral(row[i])
			}
			if err := w.Write(row); err != nil {
				return err
			}
		}
		return nil
	}))
	mark := make([]string, len(columns)) // every line has as many cells
	mark[0], mark[1] = "#end", fmt.Sprint(rows)
	err = errors.Join(err, w.Write(mark))
	w.Flush()
	if err = errors.Join(err, w.Error(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(c.dir, "failed-"+name+".csv"))
}

// neutral keeps a spreadsheet from running a cell. A cell that looks as if it was
// neutralized gets another apostrophe, so that the reader gives back what was
// there.
func neutral(cell string) string {
	rest := strings.TrimLeft(cell, "'")
	if rest != "" && strings.IndexByte("=+-@\t\r", rest[0]) >= 0 {
		return "'" + cell
	}
	return cell
}
