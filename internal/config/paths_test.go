package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prngd/egdproto"
	"prngd/internal/config"
)

func TestDefaultPaths(t *testing.T) {
	xdg := map[string]string{"XDG_RUNTIME_DIR": "/run/user/7", "XDG_STATE_HOME": "/home/a/state", "HOME": "/home/a", "TMPDIR": "/t"}
	relative := map[string]string{"XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state", "HOME": "/home/a", "TMPDIR": "t"}
	for _, tc := range []struct {
		goos string
		uid  int
		env  map[string]string
		want config.Paths
	}{
		{"linux", 0, xdg, config.Paths{"/run/egd-pool", "/var/lib/prngd/seed", "/etc/prngd.conf", "/run/prngd/status.sock"}},
		{"freebsd", 0, nil, config.Paths{"/var/run/egd-pool", "/var/db/prngd/seed", "/usr/local/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"dragonfly", 0, nil, config.Paths{"/var/run/egd-pool", "/var/db/prngd/seed", "/usr/local/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"netbsd", 0, nil, config.Paths{"/var/run/egd-pool", "/var/db/prngd/seed", "/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"openbsd", 0, nil, config.Paths{"/var/run/egd-pool", "/var/db/prngd/seed", "/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"darwin", 0, nil, config.Paths{"/var/run/egd-pool", "/var/db/prngd/seed", "/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"solaris", 0, nil, config.Paths{"/var/run/egd-pool", "/var/lib/prngd/seed", "/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"illumos", 0, nil, config.Paths{"/var/run/egd-pool", "/var/lib/prngd/seed", "/etc/prngd.conf", "/var/run/prngd/status.sock"}},
		{"aix", 0, nil, config.Paths{"/var/run/egd-pool", "/var/lib/prngd/seed", "/etc/prngd.conf", "/var/run/prngd/status.sock"}},

		{"linux", 7, xdg, config.Paths{"/run/user/7/egd-pool", "/home/a/state/prngd/seed", "/etc/prngd.conf", "/run/user/7/prngd/status.sock"}},
		{"linux", 7, relative, config.Paths{"/tmp/prngd-7/egd-pool", "/home/a/.local/state/prngd/seed", "/etc/prngd.conf", "/tmp/prngd-7/status.sock"}},
		{"freebsd", 7, map[string]string{"TMPDIR": "/t"}, config.Paths{"/t/prngd-7/egd-pool", "", "/usr/local/etc/prngd.conf", "/t/prngd-7/status.sock"}},
		{"linux", 7, nil, config.Paths{"/tmp/prngd-7/egd-pool", "", "/etc/prngd.conf", "/tmp/prngd-7/status.sock"}},
	} {
		got := config.DefaultPaths(tc.goos, tc.uid, func(key string) string { return tc.env[key] })
		if got != tc.want {
			t.Errorf("%s, uid %d, %v\ngot  %+v\nwant %+v", tc.goos, tc.uid, tc.env, got, tc.want)
		}
	}
}

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

// C1: the control socket of a daemon that runs is found by its configuration, files that it includes as well; what else is
// wrong there does not hide it.
func TestConfiguredControl(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("more.conf", "status /run/m/ctl\n")
	env := config.System(os.Getuid())
	env.GOOS = "linux"
	env.Getwd = func() (string, error) { return dir, nil }
	second := []egdproto.Address{{Network: "unix", Path: "/run/c/one"}, {Network: "unix", Path: "/run/c/two"}}
	for _, tc := range []struct {
		text      string
		addresses []egdproto.Address
		want      string
	}{
		{"listen /run/x\nstatus /run/y/ctl mode=0660\n", nil, "/run/y/ctl"},
		{"include /nowhere\nnonsense here\nstatus /run/z", nil, "/run/z"},
		{"include " + dir + "/more.conf\nlisten /run/x\n", nil, "/run/m/ctl"},
		{"listen tcp/localhost:4000\nlisten /run/x\nlisten /run/y\n", nil, "/run/x.status"},
		{"listen /run/x\n", second, "/run/c/one.status"},
	} {
		write("prngd.conf", tc.text)
		got, err := config.ConfiguredControl(config.Options{CmdFile: "prngd.conf", PIDFile: "pid", Addresses: tc.addresses}, env)
		if got != tc.want || err != nil {
			t.Errorf("%q: %s, %v, expected %s", tc.text, got, err, tc.want)
		}
	}
	for _, path := range []string{dir, dir + "/none"} {
		if got, err := config.ConfiguredControl(config.Options{CmdFile: path}, env); err == nil {
			t.Errorf("%s: %s", path, got)
		}
	}
}
