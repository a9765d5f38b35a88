package upgrade_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain gives the tests programs to start: each name is this test binary
// under another one.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each costs a second with -race
	testscript.Main(m, map[string]func(){"upgrader": upgrader, "caught": caughtBeforeExec, "answering": answering, "guarded": guarded, "attacker": attacker, "victim": victim})
}

// othersMayRunUs reports whether another user may execute this program, which was
// made with the umask of the one who runs the tests.
func othersMayRunUs() bool {
	info, err := os.Stat("/proc/self/exe")
	return err != nil || info.Mode()&0o005 == 0o005
}

// run returns what a program printed and its exit status.
func run(name string, args ...string) (stdout, stderr string, status int) {
	var out, errs strings.Builder
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.Run()
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// ok ends the program if err is one.
func ok(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}
