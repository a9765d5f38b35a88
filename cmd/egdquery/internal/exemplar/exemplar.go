// Package exemplar has a report for tests: a healthy daemon with something in
// every field.
package exemplar

import (
	"time"

	"prngd/internal/control"
)

// Report returns a new copy.
func Report() *control.Report {
	now := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
	ago := func(d time.Duration) *time.Time { t := now.Add(-d); return &t }
	estimate := 2.5
	return &control.Report{
		Version: control.Version, Program: "prngd 1.0", PID: 4711, UID: 120,
		Started: *ago(3*time.Hour + 12*time.Minute), Now: now,
		Generator: control.Generator{
			State: control.StateSeeded, FirstSeedBits: 512, FirstSeedRequired: 512, SeededAt: ago(3*time.Hour + 12*time.Minute), SeedSeconds: 0.0021,
			SeededBy: []string{"kernel 512 bits"}, Reseeds: 23, LastReseed: ago(4*time.Minute + 12*time.Second), Stirs: 1204,
			Generates: 93412, Bytes: 1 << 30, Kernel: true, Clones: 1, ClockJumps: 2, Unprotected: []string{"mlock"},
		},
		Sources: []control.Source{
			{Name: "kernel", State: "healthy", Every: 600, Credit: 8, Used: 8, Samples: 20, Bytes: 1280, Bits: 10240, LastSample: ago(4 * time.Minute), Took: 0.0001},
			{Name: "jitter", State: "healthy", Every: 60, Credit: 1. / 64, Used: 1. / 64, Estimate: &estimate, Dropped: 1, Samples: 192, Bytes: 3 << 20, Bits: 49152, LastSample: ago(20 * time.Second), Took: 0.3},
			{Name: "net", State: "failing", Every: 10, Samples: 1000, Bytes: 90000, Errors: 7, LastSample: ago(time.Minute),
				LastError: "open /proc/net/dev: permission denied", LastErrorAt: ago(10 * time.Second)},
			{Name: "tcp/ntp.example:708", State: "waiting", Every: 600},
		},
		Seed: control.Seed{Path: "/var/lib/prngd/seed", Loaded: "own", Bits: 256, LastSave: ago(12 * time.Minute), Creditable: true},
		Exchange: []control.File{
			{Path: "/var/lib/postfix/prng_exch", Cycles: 190, Skipped: 1, LastStir: ago(34 * time.Second)},
		},
		Listeners: []control.Socket{{Address: "/run/egd-pool"}, {Address: "tcp/localhost:708"}},
		Clients: control.Clients{
			Now: 12, Ever: 3401, Requests: map[string]uint64{"get": 3, "read": 900, "readb": 1200, "write": 3, "pid": 8},
			BytesOut: 2 << 30, Empty: 3, Refused: map[string]uint64{"per uid": 2}, LastRefusal: ago(time.Hour),
			Unknown: 1, Partial: 2, Timeouts: 3, CreditDenied: 4,
		},
		Process: control.Process{Upgrades: 2, Sandbox: []string{"landlock", "seccomp"}, Missing: []string{"no new privileges: not supported"}},
		Config:  control.Config{Path: "/etc/prngd.conf", Commands: 12, Undef: 3, Rejected: 1, Pending: []string{"user"}},
		Checks:  []control.Check{{What: "uid", Asked: "120", Is: "120", Critical: true}, {What: "socket /run/egd-pool", Asked: "mode 0777", Is: "mode 0777"}},
		Log: []string{`2026-01-02T15:03:55Z time="2026-01-02T15:03:55.100Z" level=warning msg="source fails" ` +
			`error="open /proc/net/dev: permission denied" source=net`},
	}
}
