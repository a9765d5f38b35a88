package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
)

// build is what is compiled for a system.
type build struct {
	files     map[string]bool   // of this module
	functions map[string]string // bodies by import path, a dot and the name; a method goes by its own name
}

// load asks go list which files a build without cgo takes, of what the daemon is made of, and reads them.
func load(goos, goarch string) (build, error) {
	b := build{map[string]bool{}, map[string]string{}}
	cmd := exec.Command("go", "list", "-deps", "-f", `{{if not .Standard}}{{$p := .}}{{range .GoFiles}}{{$p.ImportPath}}/{{.}} {{$p.Dir}}{{"\n"}}{{end}}{{end}}`, ".")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return b, fmt.Errorf("go list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		file, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		source, err := os.ReadFile(dir + "/" + path.Base(file))
		if err != nil {
			return b, err
		}
		b.read(path.Dir(file), source)
		b.files[strings.TrimPrefix(file, "prngd/")] = true
	}
	return b, nil
}

// gofmt begins a function's line with func, and ends it there or by a brace that stands first.
var (
	function = regexp.MustCompile(`(?ms)^func (?:\([^)]*\) )?(\w+)(?:[^\n]*?\{ ([^\n]*)\}$|.*?\{\n(.*?)^\}$)`)
	called   = regexp.MustCompile(`(?:(\w+)\.)?(\w+)\(`)
	plain    = regexp.MustCompile(`^\s*(return|[\w, ]+:?=) `)
)

// read notes the functions of a file.
func (b build) read(pkg string, source []byte) {
	for _, f := range function.FindAllSubmatch(source, -1) {
		b.functions[pkg+"."+string(f[1])] = string(f[2]) + string(f[3])
	}
}

const library = "github.com/shirou/gopsutil/v3/"

// gathers says whether this build has a gatherer of System: not where all that it asks the library for is not
// implemented. Those of the table that name no function of a family behind their own name, as kernel, ask no library.
func (b build) gathers(name string) bool {
	family := regexp.MustCompile(`\("` + name + `", (\w+)\)`).FindStringSubmatch(b.functions["prngd/gatherers.System"])
	return family == nil || b.family(family[1])
}

// family tells whether the library implements anything that a function of gatherers calls there, also by way of others
// in that package.
func (b build) family(name string) bool {
	return slices.ContainsFunc(called.FindAllStringSubmatch(b.functions["prngd/gatherers."+name], -1), func(c []string) bool {
		switch c[1] {
		case "":
			return b.family(c[2])
		case "p": // a *process.Process
			return !b.stub(library+"process", c[2])
		}
		return !b.stub(library+c[1], c[2])
	})
}

// stub tells whether a function of the library says in its first line that it is not implemented, or asks one that does.
func (b build) stub(pkg, name string) bool {
	first, _, _ := strings.Cut(b.functions[pkg+"."+name], "\n")
	asked := called.FindAllStringSubmatch(first, -1)
	return first == "" || strings.Contains(first, "ErrNotImplementedError") ||
		plain.MatchString(first) && len(asked) == 1 && asked[0][1] == "" && b.functions[pkg+"."+asked[0][2]] != "" && b.stub(pkg, asked[0][2])
}
