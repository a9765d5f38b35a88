// Command prngd serves random bytes over the EGD protocol and never drains. It
// takes PRNGD 0.9.29's command line and prngd.conf.
package main

import (
	"os"
	"runtime/debug"
	"time"

	"prngd/internal/daemon"
	_ "prngd/internal/hostenv" // HOST_PROC and its like do not apply to the daemon
)

// Set by the linker: -X main.version=1.2.3 -X main.date=2026-01-31.
var (
	version = "0.1.0-dev"
	date    = "" // "" = the commit's, where the build knows it
)

// gcPercent keeps an idle daemon, whose garbage is gopsutil's, 1.4 MB smaller than
// Go's 100 does. Serving makes none.
const gcPercent = 25

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	program := daemon.Program{Version: version, Date: date}
	os.Exit(program.Main(time.Now(), os.Args, os.Stdout, os.Stderr))
}
