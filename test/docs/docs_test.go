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

// exists reports whether the repository has a file or a directory of that name.
func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

// files lists those below dir whose names end so, as paths from the root.
func files(dir, suffix string) (list []string) {
	fs.WalkDir(os.DirFS(root), path.Clean(dir), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != "." || name == "dist") {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(name, suffix) {
			list = append(list, name)
		}
		return nil
	})
	return list
}

// found returns what the first group of a pattern matches in a text.
func found(pattern, text string) (list []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

var fenced = regexp.MustCompile("(?ms)^```.*?^```$")

// links returns where the links of a page lead, as paths from the root.
func links(t *testing.T, page string) (list []string) {
	t.Helper()
	for _, link := range found(`\]\(([^)\s]+)\)`, fenced.ReplaceAllString(text(t, page), "")) {
		to, _, _ := strings.Cut(link, "#")
		if to != "" && !strings.Contains(to, "://") && !strings.HasPrefix(to, "mailto:") {
			list = append(list, path.Join(path.Dir(page), to))
		}
	}
	return list
}

func TestLinks(t *testing.T) {
	pages := files(".", ".md")
	if len(pages) < 10 {
		t.Fatalf("only %d pages", len(pages))
	}
	for _, page := range pages {
		for _, to := range links(t, page) {
			if !exists(to) {
				t.Errorf("%s links to %s, which is not there", page, to)
			}
		}
	}
}

// In a package the documents lie below one directory, and their links lead to
// what the package holds.
func TestLinksInPackages(t *testing.T) {
	held := map[string]bool{}
	entry := regexp.MustCompile(`\{src: "?(?:\$\{STAGE\}/)?([^",]+)"?, dst: /usr/share/doc/prngd/([^,}]+)`)
	for _, m := range entry.FindAllStringSubmatch(text(t, "packaging/nfpm.yaml"), -1) {
		held[m[2]] = true
		for _, name := range files(m[1], "") {
			if inside := strings.TrimPrefix(name, m[1]+"/"); !strings.HasPrefix(inside, "man") {
				held[path.Join(m[2], strings.TrimPrefix(inside, m[1]))] = true
			}
		}
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
	for _, row := range found(`(?m)^(\| .*)$`, text(t, "docs/evidence.md")) {
		commands = append(commands, found("`((?:go test|scripts/)[^`]+)`", row)...)
	}
	if len(commands) < 25 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, command := range commands {
		if problem := wrong(command); problem != "" {
			t.Errorf("%s: %s", command, problem)
		}
	}
	for _, command := range []string{`go test -run 'TestScripts/privileges\|x' .`, "go test -run TestNothing ./egdproto",
		"go test -run TestScripts/nothing .", "scripts/nothing", "scripts/test nothing", "scripts/interop nothing"} {
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
		return err == nil && strings.Contains("\n"+string(parts), "\n"+part+" ")
	case "scripts/interop":
		return exists("scripts/interop.d/" + part)
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
		nested = nested && !exists(dir+"/testdata/script/"+sub+".txt") && !exists(dir+"/testdata/"+sub+".txtar")
	}
	if nested {
		return "no script " + sub
	}
	return ""
}

// tested reports whether a test file in dir, or below dir/..., has such a func.
func tested(dir string, wanted *regexp.Regexp) bool {
	dir, below := strings.CutSuffix(dir, "/...")
	return slices.ContainsFunc(files(dir, "_test.go"), func(name string) bool {
		source, err := os.ReadFile(filepath.Join(root, name))
		return err == nil && (below || path.Dir(name) == path.Clean(dir)) && wanted.Match(source)
	})
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
	known := found("(?m)^\\| `(prngd_\\w+)`", text(t, "docs/metrics.md"))
	n := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range found(`(prngd_\w+)`, target.Expr) {
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

// A program elsewhere imports egdproto as docs/protocol.md says, without a network.
func TestImport(t *testing.T) {
	_, section, _ := strings.Cut(text(t, "docs/protocol.md"), "## Writing a client")
	program, commands := found("(?ms)^```go\n(.*?)^```$", section), found("(?ms)^```sh\n(.*?)^```$", section)
	if len(program) == 0 || len(commands) == 0 {
		t.Fatal("docs/protocol.md has no program and no commands")
	}
	dir := t.TempDir()
	client := filepath.Join(dir, "client")
	here, err := filepath.Abs(root)
	for _, err := range []error{
		err,
		os.Symlink(here, filepath.Join(dir, "prngd")),
		os.Mkdir(client, 0o700),
		os.WriteFile(filepath.Join(client, "main.go"), []byte(program[0]), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("sh", "-e", "-c", commands[0])
	command.Dir, command.Env = client, append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(client, "client")); err != nil {
		t.Error(err)
	}
}
