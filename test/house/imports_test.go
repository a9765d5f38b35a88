package house

import (
	"go/build"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// rule says what a package may import of this module and of others, by prefix, and what of the standard library it
// must not. Arrows point down this table only: docs/design.md draws them.
type rule struct{ may, never string }

const (
	logrus = " github.com/sirupsen/logrus"
	sys    = " golang.org/x/sys"
)

var rules = map[string]rule{
	"egdproto":            {"", "net os syscall time log log/slog"},
	"internal/prng":       {sys, "net os os/exec io/fs log log/slog"},
	"internal/peercred":   {sys, ""},
	"internal/change":     {"", ""},
	"internal/config":     {"egdproto internal/change github.com/urfave/cli/v2 github.com/xrash/smetrics", ""},
	"internal/credit":     {"gatherers seedfile internal/peercred internal/prng", ""},
	"internal/control":    {"egdproto internal/change internal/peercred" + sys + logrus, ""},
	"internal/hostenv":    {"", ""},
	"internal/ticker":     {sys, ""},
	"internal/kernelrng":  {sys, ""},
	"internal/memscan":    {"", ""},
	"internal/listen":     {"egdproto internal/change internal/control" + sys + logrus, ""},
	"internal/logging":    {"internal/change internal/control" + sys + logrus, ""},
	"gatherers":           {"egdproto internal/peercred github.com/shirou/gopsutil/v3" + sys + logrus, ""},
	"seedfile":            {sys + logrus, ""},
	"internal/session":    {"egdproto internal/prng internal/peercred", "net os syscall unsafe"},
	"internal/transcript": {"internal/prng", ""},
	"internal/server":     {"egdproto internal/credit internal/listen internal/prng internal/peercred internal/session" + sys + logrus, ""},
	"internal/sources": {"egdproto gatherers internal/change internal/config internal/control internal/credit internal/prng internal/ticker" +
		sys + logrus, ""},
	"internal/process":    {"egdproto internal/change internal/peercred internal/privileges kernel.org/pub/linux/libs/security/libcap/psx" + sys, ""},
	"internal/privileges": {"internal/change internal/control github.com/landlock-lsm/go-landlock kernel.org/pub/linux/libs/security/libcap/psx" + sys, ""},
	"internal/commands":   {"internal/process" + sys, ""},
	"internal/upgrade":    {"internal/change internal/process internal/privileges" + sys, ""},
	"internal/daemon":     {"egdproto gatherers seedfile internal" + sys + logrus, ""},
	"contrib":             {"egdproto", ""},
}

// unbound are the programs, the tools and the system tests: they are where things meet.
var unbound = []string{".", "cmd", "scripts", "test"}

// TestImports looks at every package on five systems.
func TestImports(t *testing.T) {
	module := strings.TrimSuffix(reflect.TypeFor[rule]().PkgPath(), "/test/house")
	for _, system := range []string{"linux/amd64", "freebsd/amd64", "solaris/amd64", "aix/ppc64", "darwin/amd64"} {
		context := build.Default
		context.GOOS, context.GOARCH, _ = strings.Cut(system, "/")
		for _, p := range packages(context) {
			for _, wrong := range forbidden(module, p.ImportPath, p.Imports) {
				t.Errorf("%s on %s %s", p.ImportPath, system, wrong)
			}
		}
	}
}

// forbidden says which of these imports the package in dir must not have.
func forbidden(module, dir string, imports []string) (wrong []string) {
	if slices.ContainsFunc(unbound, func(top string) bool { return dir == top || top != "." && below(dir, top) }) {
		return nil
	}
	r, ok := rules[dir]
	if !ok {
		return []string{"has no row in test/house/imports_test.go"}
	}
	for _, path := range imports {
		first, _, _ := strings.Cut(path, "/")
		own := strings.TrimPrefix(path, module+"/")
		foreign := own != path || strings.Contains(first, ".")
		allowed := slices.ContainsFunc(strings.Fields(r.may), func(p string) bool { return below(own, p) })
		if foreign && !allowed || slices.Contains(strings.Fields(r.never), path) {
			wrong = append(wrong, "must not import "+path)
		}
	}
	return wrong
}

func below(path, top string) bool { return path == top || strings.HasPrefix(path, top+"/") }

// TestImportsSees shows the rule imports that go the wrong way.
func TestImportsSees(t *testing.T) {
	for _, c := range []struct{ dir, path string }{
		{"gatherers", "m/internal/prng"}, {"internal/prng", "os"}, {"egdproto", "github.com/sirupsen/logrus"}, {"newcomer", "fmt"},
	} {
		if forbidden("m", c.dir, []string{c.path}) == nil {
			t.Errorf("%s may import %s", c.dir, c.path)
		}
	}
	if wrong := forbidden("m", "internal/server", []string{"m/internal/prng", "os", "golang.org/x/sys/unix"}); wrong != nil {
		t.Errorf("%q", wrong)
	}
}
