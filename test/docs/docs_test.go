// Package docs holds nothing but the tests of the documents: that their links
// lead somewhere, and that what they tell a reader to run can be run.
package docs

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pages lists the Markdown files, as paths from the root.
func pages(t *testing.T) (list []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." && d.Name() != "../.." || d.Name() == "dist") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(name, ".md") {
			rel, err := filepath.Rel(root, name)
			list = append(list, rel)
			return err
		}
		return nil
	})
	if err != nil || len(list) < 10 {
		t.Fatalf("%d pages, %v", len(list), err)
	}
	return list
}

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fenced = regexp.MustCompile("(?ms)^```.*?^```$")
)

// links returns where the links of a page lead, as paths from the root.
func links(t *testing.T, page string) (list []string) {
	t.Helper()
	for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(text(t, page), ""), -1) {
		to, _, _ := strings.Cut(m[1], "#")
		if to != "" && !strings.Contains(to, "://") && !strings.HasPrefix(to, "mailto:") {
			list = append(list, path.Join(path.Dir(page), to))
		}
	}
	return list
}

func TestLinks(t *testing.T) {
	for _, page := range pages(t) {
		for _, to := range links(t, page) {
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// In a package the documents lie below one directory, and their links lead to
// what the package holds.
func TestLinksInPackages(t *testing.T) {
	const base = "/usr/share/doc/prngd/"
	held := map[string]bool{}
	entry := regexp.MustCompile(`\{src: "?([^",]+)"?, dst: ([^,}]+)`)
	for _, m := range entry.FindAllStringSubmatch(text(t, "packaging/nfpm.yaml"), -1) {
		to, inside := strings.CutPrefix(m[2], base)
		if !inside {
			continue
		}
		held[to] = true
		from := strings.TrimPrefix(m[1], "${STAGE}/")
		filepath.WalkDir(filepath.Join(root, from), func(name string, _ fs.DirEntry, err error) error {
			if rel, err2 := filepath.Rel(filepath.Join(root, from), name); err == nil && err2 == nil && !strings.HasPrefix(rel, "man") {
				held[path.Join(to, rel)] = true
			}
			return nil
		})
	}
	if len(held) < 30 {
		t.Fatalf("the package holds %d documents", len(held))
	}
	for page := range held {
		if !strings.HasSuffix(page, ".md") {
			continue
		}
		for _, to := range links(t, page) {
			if !held[to] {
				t.Errorf("in a package, %s links to %s, which is not there", page, to)
			}
		}
	}
}

// C8: each command of the page of claims is copied as it stands, and runs at least
// one test.
func TestEvidence(t *testing.T) {
	var commands []string
	for _, line := range strings.Split(text(t, "docs/evidence.md"), "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		for _, m := range regexp.MustCompile("`((?:go test|scripts/)[^`]+)`").FindAllStringSubmatch(line, -1) {
			commands = append(commands, m[1])
		}
	}
	if len(commands) < 25 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, command := range commands {
		if problem := wrong(command); problem != "" {
			t.Errorf("%s: %s", command, problem)
		}
	}
	for _, command := range []string{`go test -run 'TestScripts/privileges\|x' .`, "go test -run TestNothing ./egdproto", "go test -run TestScripts/nothing .", "scripts/nothing", "scripts/test nothing", "scripts/interop nothing"} {
		if wrong(command) == "" {
			t.Errorf("%s: nothing wrong is found", command)
		}
	}
}

// wrong says why a command runs no test.
func wrong(command string) string {
	if strings.ContainsAny(command, `\'`) {
		return "it would have to be changed to be run"
	}
	words := strings.Fields(command)
	if words[0] == "go" {
		return wrongGo(words[2:])
	}
	if info, err := os.Stat(filepath.Join(root, words[0])); err != nil || info.Mode()&0o111 == 0 {
		return "no such program"
	}
	for _, part := range words[1:] {
		if !strings.HasPrefix(part, "-") && !known(words[0], part) {
			return "no part " + part
		}
	}
	return ""
}

// known reports whether a script has a part of that name; only two have parts.
func known(script, part string) bool {
	switch script {
	case "scripts/test":
		parts, err := os.ReadFile(filepath.Join(root, "scripts/parts"))
		return err == nil && regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(part)+` `).Match(parts)
	case "scripts/interop":
		_, err := os.Stat(filepath.Join(root, "scripts/interop.d", part))
		return err == nil
	}
	return true
}

// wrongGo looks in the sources for a test that go test would run.
func wrongGo(args []string) string {
	name := "."
	if i := slices.Index(args, "-run"); i >= 0 {
		name, args = args[i+1], slices.Delete(slices.Clone(args), i, i+2)
	}
	top, sub, nested := strings.Cut(name, "/")
	wanted, err := regexp.Compile(`(?m)^func ((Test|Fuzz|Example)\w*)?` + top)
	if err != nil {
		return err.Error()
	}
	for _, dir := range args {
		if !tested(dir, wanted) {
			return "no test of that name in " + dir
		}
		for _, file := range []string{"testdata/script/" + sub + ".txt", "testdata/" + sub + ".txtar"} {
			_, err := os.Stat(filepath.Join(root, dir, file))
			nested = nested && err != nil
		}
	}
	if nested {
		return "no script " + sub
	}
	return ""
}

// tested reports whether a test file in dir, or below dir/..., has such a func.
func tested(dir string, wanted *regexp.Regexp) (found bool) {
	dir, below := strings.CutSuffix(dir, "/...")
	top := filepath.Join(root, dir)
	filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != top && !below {
			return filepath.SkipDir
		}
		if err == nil && strings.HasSuffix(name, "_test.go") {
			source, err := os.ReadFile(name)
			found = found || err == nil && wanted.Match(source)
		}
		return nil
	})
	return found
}

// The Grafana dashboard asks only for metrics that docs/metrics.md lists, which a
// test of egdquery holds against the real ones.
func TestGrafana(t *testing.T) {
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(text(t, "packaging/monitoring/grafana.json")), &board); err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(prngd_\\w+)`").FindAllStringSubmatch(text(t, "docs/metrics.md"), -1) {
		known = append(known, m[1])
	}
	n := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`prngd_\w+`).FindAllString(target.Expr, -1) {
				n++
				if !slices.Contains(known, strings.TrimSuffix(name, "_bucket")) {
					t.Errorf("%s asks for %s", p.Title, name)
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d metrics are asked for", n)
	}
}

// block returns the n-th (1) block of a page in a language.
func block(t *testing.T, page, language string, n int) string {
	t.Helper()
	_, section, _ := strings.Cut(text(t, page), "## Writing a client")
	all := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(section, -1)
	if len(all) < n {
		t.Fatalf("%s has %d blocks in %s", page, len(all), language)
	}
	return all[n-1][1]
}

// A program elsewhere imports egdproto as docs/protocol.md says, without a network.
func TestImport(t *testing.T) {
	dir := t.TempDir()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(dir, "client")
	for _, err := range []error{
		os.Symlink(here, filepath.Join(dir, "prngd")),
		os.Mkdir(client, 0o700),
		os.WriteFile(filepath.Join(client, "main.go"), []byte(block(t, "docs/protocol.md", "go", 1)), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("sh", "-e", "-c", block(t, "docs/protocol.md", "sh", 1))
	command.Dir = client
	command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(client, "client")); err != nil {
		t.Error(err)
	}
}
