package commands_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain gives the tests programs to start: each name is this test binary
// under another one.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // else each costs a second with -race
	testscript.Main(m, map[string]func(){"startrunner": startrunner})
}

// ok ends the program if err is one.
func ok(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}
