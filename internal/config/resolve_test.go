package config_test

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"prngd/egdproto"
	"prngd/internal/change"
	"prngd/internal/config"
)

// env is a Linux system with the users prngd, prngd-cmd, nobody and mail, on
// which root starts the daemon and owns every file.
func env() config.Env {
	e := config.System(0)
	e.GOOS = "linux"
	e.Getenv = func(string) string { return "" }
	e.Stat = func(path string) (fs.FileInfo, error) { return roots(os.Stat(path)) }
	e.Open = func(path string) (fs.File, error) {
		f, err := config.System(0).Open(path)
		return rootsFile{f}, err
	}
	ids := map[string]int{"prngd": 901, "prngd-cmd": 902, "nobody": 65534, "root": 0, "mail": 8}
	e.LookupUser = func(name string) (config.Account, error) {
		uid, is := ids[name]
		if !is {
			return config.Account{}, user.UnknownUserError(name)
		}
		return config.Account{Name: name, UID: uid, GID: uid, Groups: []int{uid, 7}}, nil
	}
	e.LookupUserID = func(uid int) (config.Account, error) {
		for name, id := range ids {
			if id == uid {
				return e.LookupUser(name)
			}
		}
		return config.Account{}, user.UnknownUserIdError(uid)
	}
	e.LookupGroup = func(name string) (int, error) {
		gid, is := ids[name]
		if !is {
			return -1, user.UnknownGroupError(name)
		}
		return gid, nil
	}
	return e
}

// directory returns a new one; every DIR in texts is replaced by its path, and
// each text is written to the file of its name.
func directory(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "conf") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func resolve(t *testing.T, text string) *config.Settings {
	t.Helper()
	dir := directory(t, map[string]string{"c": text})
	s, _, err := config.Resolve(config.Options{CmdFile: dir + "/c"}, env())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s.Path, s.Options.CmdFile = "", ""
	return s
}

// TestDefaultsFillGaps, and only gaps.
func TestDefaultsFillGaps(t *testing.T) {
	s := resolve(t, "")
	if len(s.Listen) != 1 || s.Listen[0].Address.Path != "/run/egd-pool" || s.Listen[0].Where != "default" || s.Listen[0].Mode != 0o777 ||
		s.Seed.Path != "/var/lib/prngd/seed" || s.Status.Address.Path != "/run/prngd/status.sock" || s.Status.Mode != 0o600 {
		t.Errorf("empty: got %+v", s)
	}
	s = resolve(t, "listen /a mode=0\nseedfile off\nstatus /b mode=0\n")
	if len(s.Listen) != 1 || s.Listen[0].Address != unix("/a") || s.Listen[0].Mode != 0 || // A16
		s.Seed.Path != "" || s.Status.Address.Path != "/b" || s.Status.Mode != 0 {
		t.Errorf("full: got %+v", s)
	}
}

var _ = egdproto.Address{}
var _ = change.ExitStatus
