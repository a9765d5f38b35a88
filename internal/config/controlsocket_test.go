package config_test

import (
	"strings"
	"testing"

	"prngd/internal/config"
)

// C1: two daemons on one host never share a control socket by default.
func TestControlSocket(t *testing.T) {
	defaults := config.DefaultPaths("linux", 0, func(string) string { return "" })
	for path, want := range map[string]string{
		"":                            "/run/prngd/status.sock",
		"/run/egd-pool":               "/run/prngd/status.sock",
		"/var/run/egd-pool":           "/run/prngd/status.sock",
		"/run/b/pool":                 "/run/b/pool.status",
		"/dev/egd-pool":               "/dev/egd-pool.status",
		"/" + strings.Repeat("a", 96): "/run/prngd/status.sock",
	} {
		if got := config.ControlSocket(path, defaults); got != want {
			t.Errorf("%q: got %s, expected %s", path, got, want)
		}
	}
}
