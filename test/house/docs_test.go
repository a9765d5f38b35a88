package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exists reports whether the repository has a file or a directory of that name.
func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
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

// TestLinks: the links of every page lead somewhere. In a package the documents lie below one directory, and their
// links lead to what the package holds.
func TestLinks(t *testing.T) {
	pages, held := files(".md"), map[string]bool{}
	entry := regexp.MustCompile(`\{src: "?(?:\$\{STAGE\}/)?([^",]+)"?, dst: /usr/share/doc/prngd/([^,}]+)`)
	for _, m := range entry.FindAllStringSubmatch(text(t, "packaging/nfpm.yaml"), -1) {
		held[m[2]] = true
		for _, name := range files("") {
			if inside, below := strings.CutPrefix(name, m[1]+"/"); below && !strings.HasPrefix(inside, "man") {
				held[path.Join(m[2], path.Dir(inside))] = true
				held[path.Join(m[2], inside)] = true
			}
		}
	}
	if len(pages) < 10 || len(held) < 30 {
		t.Fatalf("only %d pages, and %d in the package", len(pages), len(held))
	}
	for page := range held {
		if path.Ext(page) == ".md" && !slices.Contains(pages, page) {
			t.Errorf("a package has %s, whose text is somewhere else here", page)
		}
	}
	for _, page := range pages {
		for _, to := range links(t, page) {
			if !exists(to) {
				t.Errorf("%s links to %s, which is not there", page, to)
			} else if held[page] && !held[to] {
				t.Errorf("in a package, %s links to %s, which is not there", page, to)
			}
		}
	}
}

// TestNames: the tests, files and metrics that a document names exist. A test of egdquery holds docs/metrics.md against
// the real ones.
func TestNames(t *testing.T) {
	var tests []string
	for _, file := range files("_test.go") {
		tests = append(tests, found(`(?m)^func ((?:Test|Fuzz)\w+)\(`, text(t, file))...)
	}
	metrics := found("(?m)^\\| `(prngd_\\w+)`", text(t, "docs/metrics.md"))
	for _, c := range []struct {
		pages  []string
		names  string
		least  int
		exists func(name string) bool
	}{
		{files(".md"), "\\b((?:Test|Fuzz)[A-Z]\\w*)\\b", 80, func(name string) bool { // -run TestMemory is a prefix
			return slices.ContainsFunc(tests, func(test string) bool { return strings.HasPrefix(test, name) })
		}},
		{files(".md"), `\b([a-z]+(?:/[a-z_]+)+\.go)\b`, 25, exists},
		{[]string{"packaging/monitoring/grafana.json"}, `(prngd_\w+)`, 15,
			func(name string) bool { return slices.Contains(metrics, strings.TrimSuffix(name, "_bucket")) }},
	} {
		count := 0
		for _, page := range c.pages {
			names := found(c.names, text(t, page))
			count += len(names)
			for _, name := range names {
				if !c.exists(name) {
					t.Errorf("%s: %s does not exist", page, name)
				}
			}
		}
		if count < c.least {
			t.Errorf("only %d names like %s", count, c.names)
		}
	}
	if !json.Valid([]byte(text(t, "packaging/monitoring/grafana.json"))) {
		t.Error("the Grafana dashboard is no JSON")
	}
}

// TestConformance: each answer of conformance.md names a test, or says why there is none.
func TestConformance(t *testing.T) {
	rows := found(`(?m)^\| (.*?)\|?$`, text(t, "docs/conformance.md"))
	rows = slices.DeleteFunc(rows, func(row string) bool { return strings.HasPrefix(row, "section ") })
	if len(rows) < 40 {
		t.Fatalf("only %d rows", len(rows))
	}
	reason := regexp.MustCompile("`(?:Test|Fuzz)[A-Z]\\w*`|No, because |by test only")
	for _, row := range rows {
		if !reason.MatchString(row[strings.LastIndex(row, "|")+1:]) {
			t.Errorf("neither a test nor a reason: %s", row)
		}
	}
}

// TestEvidence: C8, each command that a page names in its text or in a table is copied as it stands, and runs at least
// one test.
func TestEvidence(t *testing.T) {
	var commands []string
	for _, page := range files(".md") {
		commands = append(commands, found("`((?:go test|scripts/)[^`]+)`", fenced.ReplaceAllString(text(t, page), ""))...)
	}
	if len(commands) < 100 {
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

// TestBuilds: the programs are built everywhere with the modules that a release has, and no others.
func TestBuilds(t *testing.T) {
	var builds []string
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "Makefile"} {
		builds = append(builds, found(`(?m)^\s*(CGO_ENABLED=0 go build .*)$`, text(t, page))...)
	}
	if len(builds) < 4 {
		t.Errorf("only %d builds", len(builds))
	}
	for _, build := range builds {
		if !strings.Contains(build, " -tags urfave_cli_no_docs ") {
			t.Errorf("%s: no -tags urfave_cli_no_docs", build)
		}
	}
}

// wrong says why a command runs no test.
func wrong(command string) string {
	if strings.Contains(command, `\`) {
		return "it would have to be changed to be run"
	}
	words := strings.Fields(command)
	if words[0] == "go" {
		return wrongGo(words[2:])
	}
	if info, err := os.Stat(filepath.Join(root, words[0])); err != nil || len(words) > 1 && info.Mode()&0o111 == 0 {
		return "no such program"
	}
	parts, _ := os.ReadFile(filepath.Join(root, "scripts/parts"))
	for _, part := range words[1:] {
		if part[0] == '-' || part == strings.ToUpper(part) { // an option, or NAME
			continue
		}
		if words[0] == "scripts/test" && !strings.Contains("\n"+string(parts), "\n"+part+" ") ||
			words[0] == "scripts/interop" && !exists("scripts/interop.d/"+part) {
			return "no part " + part
		}
	}
	return ""
}

// wrongGo looks in the sources for a test that go test would run.
func wrongGo(args []string) string {
	name := "."
	if i := slices.Index(args, "-run"); i >= 0 {
		name, args = strings.Trim(args[i+1], "'"), slices.Delete(slices.Clone(args), i, i+2)
	}
	top, sub, nested := strings.Cut(name, "/")
	wanted, err := regexp.Compile(`(?m)^func ((Test|Fuzz|Example)\w*)?(` + top + `)`)
	if err != nil {
		return err.Error()
	}
	for _, dir := range args {
		if dir[0] == '-' {
			continue
		}
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
	return slices.ContainsFunc(files("_test.go"), func(name string) bool {
		source, err := os.ReadFile(filepath.Join(root, name))
		at, clean := path.Dir(name), path.Clean(dir)
		return err == nil && (at == clean || below && (clean == "." || strings.HasPrefix(at, clean+"/"))) && wanted.Match(source)
	})
}

// TestImport: a program elsewhere imports egdproto as docs/protocol.md says, without a network.
func TestImport(t *testing.T) {
	_, section, _ := strings.Cut(text(t, "docs/protocol.md"), "## Writing a client")
	program, commands := found("(?ms)^```go\n(.*?)^```$", section), found("(?ms)^```sh\n(.*?)^```$", section)
	if len(program) == 0 || len(commands) == 0 {
		t.Fatal("docs/protocol.md has no program and no commands")
	}
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	script := `ln -s "$1" prngd; mkdir client; cd client; cat >main.go` + "\n" + commands[0] + "\ntest -x client"
	command := exec.Command("sh", "-e", "-c", script, "sh", here)
	command.Dir, command.Stdin = t.TempDir(), strings.NewReader(program[0])
	command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
