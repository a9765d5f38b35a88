// Command licences prints a table of modules and their licences, read from the
// texts that lie in them, and ends with 1 if one has none or one that is not
// allowed where the module is used.
//
//	licences <LIST
//
// Each line of LIST is a module, its version, its directory, and where it is
// used, with commas: prngd, egdquery, tests, packaging.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// run reads the list to its end, so that one mistake does not hide another.
func run(list io.Reader, table io.Writer) error {
	var refused []string
	fmt.Fprint(table, "| module | version | licence | used by |\n|---|---|---|---|\n")
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		m, err := parseModule(lines.Text())
		if err != nil {
			return err
		}
		ids, err := m.licences()
		if err == nil {
			err = m.allowed(ids)
		}
		if err != nil {
			refused = append(refused, fmt.Sprintf("%s %s: %v", m.path, m.version, err))
			continue
		}
		fmt.Fprintf(table, "| %s | %s | %s | %s |\n", m.path, m.version, strings.Join(ids, " AND "), strings.Join(m.uses, ", "))
	}
	if len(refused) > 0 {
		return fmt.Errorf("%d modules refused:\n%s", len(refused), strings.Join(refused, "\n"))
	}
	return lines.Err()
}

// module is one line of the list.
type module struct {
	path, version, dir string
	uses               []string
}

func parseModule(line string) (module, error) {
	words := strings.Fields(line)
	if len(words) != 4 {
		return module{}, fmt.Errorf("%q: expected module, version, directory and users", line)
	}
	return module{words[0], words[1], words[2], strings.Split(words[3], ",")}, nil
}

// What we give away may hold works that ask for no more than a notice, or for
// the source of their own files, which NOTICES names. What only runs here may
// ask as much of the programs that link it.
var (
	forPrograms = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"}
	forUs       = append([]string{"LGPL-3.0"}, forPrograms...)
)

// allowed says which of the licences is refused where m is used.
func (m module) allowed(ids []string) error {
	list := forUs
	if slices.Contains(m.uses, "prngd") || slices.Contains(m.uses, "egdquery") {
		list = forPrograms
	}
	for _, id := range ids {
		choice := strings.Split(id, " OR ")
		if !slices.ContainsFunc(choice, func(one string) bool { return slices.Contains(list, one) }) {
			return fmt.Errorf("%s is not on the list for %s", id, strings.Join(m.uses, ", "))
		}
	}
	return nil
}
