//go:build linux

// Package harness is what the system tests share: it builds the programs, starts a daemon in a directory, a
// namespace or a jail, plays clients of every kind, watches what they and the daemon go through, and counts.
//
// These tests take minutes, and some of them need root. They run where PRNGD_SYSTEM=1 is set, which scripts/test --all
// does, and say so otherwise:
//
//	PRNGD_SYSTEM=1 go test ./test/hostile -run TestAttacks/deaf -v
package harness

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Roles are what a process that Play starts can be, by name.
type Roles map[string]func(args []string)

// Main is a test binary's TestMain. The binary is also the program of the processes that Play starts.
func Main(m *testing.M, roles Roles) {
	if role := os.Getenv(RoleVariable); role != "" {
		roles[role](os.Args[1:])
		return
	}
	m.Run() // whose status becomes ours
	os.RemoveAll(programs.dir)
}

// System skips a test unless it was asked for.
func System(t testing.TB) {
	t.Helper()
	if os.Getenv("PRNGD_SYSTEM") == "" {
		t.Skip("system test: PRNGD_SYSTEM=1 or scripts/test --all runs it")
	}
}

// Root skips a test that only root can run.
func Root(t testing.TB, why string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: " + why)
	}
}

// Need returns the path of a program, or skips the test. It must be root's path too, where an ordinary user has none.
func Need(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	t.Skip("no " + name + " here")
	return ""
}

// By returns a command of root's that executes what follows it, in a namespace or a jail, or skips a test where it
// cannot.
func By(t testing.TB, command ...string) []string {
	t.Helper()
	Root(t, "namespaces do")
	try := append(slices.Clone(command), "true")
	if said, err := exec.Command(try[0], try[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%q does not work here: %s", try, said)
	}
	return command
}

// Figure is a line that scripts/test shows although all is well.
func Figure(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Logf("figure: "+format, args...)
}

// Dir is a directory with a short path that every user may pass through. It goes at the end of the test.
func Dir(t testing.TB) string {
	t.Helper()
	dir := public(t, "prngd")
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func public(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", name)
	Must(t, errors.Join(err, os.Chmod(dir, 0o755)))
	return dir
}

// UID is a user's, or the test is skipped where there is no such user.
func UID(t testing.TB, name string) int {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Skip(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	return uid
}

// Must fails the test for an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ReadFile is what stands in a file, or fails the test.
func ReadFile(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	Must(t, err)
	return string(text)
}

// WriteFile makes a file, or fails the test.
func WriteFile(t testing.TB, path, text string, mode os.FileMode) {
	t.Helper()
	// The mode is what it says, whatever our umask is.
	Must(t, errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)))
}

// Run runs a command and returns what it printed; its failure is the test's.
func Run(t testing.TB, name string, args ...string) string {
	t.Helper()
	var said strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s%s", cmd, err, out, &said)
	}
	return string(out)
}

// Program builds a package of this module, given from the top, as the releases are, and returns the path of the
// program: once for a whole run. $PRNGD names a daemon to be used instead of the one built here.
func Program(t testing.TB, pkg string) string {
	t.Helper()
	if given := os.Getenv("PRNGD"); given != "" && pkg == "." {
		return given
	}
	return build(t, pkg, "")
}

// Prngd is the daemon.
func Prngd(t testing.TB) string { t.Helper(); return Program(t, ".") }

// Egdquery is the admin's program.
func Egdquery(t testing.TB) string { t.Helper(); return Program(t, "./cmd/egdquery") }

// PrngdVersion builds the daemon with another version, as another program that it can be upgraded to.
func PrngdVersion(t testing.TB, version string) string { t.Helper(); return build(t, ".", version) }

// programs is the directory of those that this test binary has built.
var programs struct {
	sync.Mutex
	dir string
}

func build(t testing.TB, pkg, version string) string {
	t.Helper()
	programs.Lock()
	defer programs.Unlock()
	if programs.dir == "" {
		programs.dir = public(t, "prngd-programs")
	}
	path := filepath.Join(programs.dir, filepath.Base(filepath.Join("prngd", pkg))+version)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.Command("go", "build", "-trimpath", "-tags", "urfave_cli_no_docs", "-buildvcs=false", "-ldflags", "-X main.version=test"+version, "-o", path, pkg)
	cmd.Dir = "../.." // of every test's directory
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, said)
	}
	return path
}

// Block is the first block in a language of a page below docs: a recipe's configuration, word for word.
func Block(t testing.TB, page, language string) string {
	t.Helper()
	_, block, found := strings.Cut(ReadFile(t, "../../docs/"+page+".md"), "\n```"+language+"\n")
	block, _, ended := strings.Cut(block, "\n```")
	if !found || !ended {
		t.Fatalf("docs/%s.md has no block in %s", page, language)
	}
	return block + "\n"
}
