// Command prngd serves random bytes over the EGD protocol and never drains. It
// takes PRNGD 0.9.29's command line and prngd.conf.
package main

import (
	"os"
	"time"

	"prngd/internal/daemon"
	_ "prngd/internal/hostenv" // HOST_PROC and its like do not apply to the daemon
)

// Set by the linker: -X main.version=1.2.3 -X main.date=2026-01-31.
var (
	version = "0.1.0-dev"
	date    = "" // "" = the commit's, where the build knows it
)

func main() {
	program := daemon.Program{Version: version, Date: date}
	os.Exit(program.Main(time.Now(), os.Args, os.Stdout, os.Stderr))
}
