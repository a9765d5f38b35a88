package config_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
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
	e.Stat = func(path string) (fs.FileInfo, error) { return ownedBy(0)(os.Stat(path)) }
	e.Open = func(path string) (fs.File, error) {
		f, err := config.System(0).Open(path)
		return ownedFile{f, 0}, err
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

// ownedBy makes a file one of uid's.
func ownedBy(uid uint32) func(fs.FileInfo, error) (fs.FileInfo, error) {
	return func(info fs.FileInfo, err error) (fs.FileInfo, error) {
		if err != nil {
			return nil, err
		}
		st := *info.Sys().(*syscall.Stat_t)
		st.Uid = uid
		return ownedInfo{info, &st}, nil
	}
}

type ownedInfo struct {
	fs.FileInfo
	st *syscall.Stat_t
}

func (i ownedInfo) Sys() any { return i.st }

type ownedFile struct {
	fs.File
	uid uint32
}

func (f ownedFile) Stat() (fs.FileInfo, error) { return ownedBy(f.uid)(f.File.Stat()) }

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
		write(t, filepath.Join(dir, name), strings.ReplaceAll(text, "DIR", dir))
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// resolveIn resolves the file c in a directory.
func resolveIn(dir string, e config.Env) (*config.Settings, error) {
	s, _, err := config.Resolve(config.Options{CmdFile: dir + "/c"}, e)
	return s, err
}

func resolve(t *testing.T, text string) *config.Settings {
	t.Helper()
	s, err := resolveIn(directory(t, map[string]string{"c": text}), env())
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	s.Path, s.Options.CmdFile = "", ""
	return s
}

// refused asserts that the file c in dir cannot be used, with an exit status, and
// for what reason.
func refused(t *testing.T, dir string, e config.Env, status int, says ...string) {
	t.Helper()
	s, err := resolveIn(dir, e)
	if err == nil || s != nil {
		t.Errorf("%s: accepted, want %q", dir, says)
		return
	}
	if got := change.ExitStatus(err); got != status {
		t.Errorf("exit status %d, want %d: %v", got, status, err)
	}
	for _, part := range says {
		if part = strings.ReplaceAll(part, "DIR", dir); !strings.Contains(err.Error(), part) {
			t.Errorf("got  %v\nwant %s", err, part)
		}
	}
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

// TestCommandLineWins over the file, and modes and paths are as they were meant.
func TestCommandLineWins(t *testing.T) {
	dir := directory(t, map[string]string{"c": "listen /file mode=0600\nseedfile /seed\nlog level=error format=json\n"})
	e := env()
	e.Getwd = func() (string, error) { return dir, nil }
	zero := fs.FileMode(0)
	s, _, err := config.Resolve(config.Options{
		CmdFile: "c", SeedFile: "seed", PIDFile: "pid", Mode: &zero, Debug: true, LogFormat: "text",
		Addresses: []egdproto.Address{unix("/a"), tcp("LOCALHOST.", 708)},
	}, e)
	if err != nil {
		t.Fatal(err)
	}
	if s.Path != dir+"/c" || s.Seed.Path != dir+"/seed" || s.PIDFile.Path != dir+"/pid" || s.Options.PIDFile != dir+"/pid" {
		t.Errorf("paths: %+v", s)
	}
	if s.Listen[0].Address != unix("/a") || s.Listen[0].Mode != 0 || s.Listen[0].Where != "command line" || // A16
		s.Listen[1].Address != tcp("localhost", 708) || s.Log.Level != "debug" || s.Log.Format != "text" {
		t.Errorf("got %+v", s)
	}
	if s, _, err = config.Resolve(config.Options{CmdFile: dir + "/c", NoSeedFile: true, LogLevel: "info"}, e); err != nil || s.Seed.Path != "" || s.Log.Level != "info" || s.Listen[0].Mode != 0o600 {
		t.Errorf("got %+v, %v", s, err)
	}
	e.Getwd = func() (string, error) { return "", fs.ErrNotExist }
	if _, _, err := config.Resolve(config.Options{PIDFile: "pid"}, e); err == nil || !strings.Contains(err.Error(), "working directory") {
		t.Errorf("without a working directory: %v", err)
	}
}

// TestCollisions: A1 and A24. Two lines that lead to one place are refused, and
// the message names both.
func TestCollisions(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"listen DIR/run/s\nlisten DIR/link/s", "listen: DIR/link/s leads to the same place as DIR/run/s (listen, DIR/c:1)"},
		{"listen DIR/run/s\nlisten DIR/run//s", "listen: "},
		{"listen DIR/run/s\nlisten DIR/link/../run/./s", "listen: "},
		{"listen DIR/run/new/s\nlisten DIR/link/new//s", "listen: "},
		{"listen DIR/run/hard1\nlisten DIR/run/hard2", "listen: "},
		{"listen DIR/run/s\nstatus DIR/link/s", "status: "},
		{"listen tcp/localhost:708\nlisten tcp/127.0.0.1:0708", "listen: "},
		{"listen tcp/[::1]:708\nlisten tcp/localhost:708", "listen: "},
		{"listen tcp/LocalHost:708\nlisten tcp/localhost.:708 allow=::1", "listen: "},
		{"listen tcp/[0:0:0:0:0:0:0:1]:708\nlisten tcp/[::1]:708", "listen: "},
		{"listen tcp/[FD00:0::1]:708 allow=::/0\nlisten tcp/[fd00::1]:708 allow=::/0", "listen: "},
		{"listen tcp/[::ffff:127.0.0.1]:708\nlisten tcp/127.0.0.1:708", "listen: "},
		{"listen tcp/GATE:708 allow=::/0\nlisten tcp/gate:708 allow=::/0", "listen: "},
		{"listen tcp/0.0.0.0:708 allow=::/0\nlisten tcp/10.0.0.1:708 allow=::/0", "listen: "},
		{"listen tcp/10.0.0.1:708 allow=::/0\nlisten tcp/[::]:708 allow=::/0", "listen: "},
		{"seedfile DIR/run/x\nlog target=file:DIR/link/x", "log: "},
		{"seedfile DIR/run/x\nexchange DIR/run/x", "exchange: "},
		{"seedfile DIR/run/x\nlisten DIR/run/x", "seedfile: DIR/run/x leads to the same place as DIR/run/x (listen, DIR/c:2)"},
		{"seedfile DIR/run/x\nsource file:DIR/link/x credit=8", "source: "},
		{"listen DIR/run/x\nsource egd:DIR/link/x credit=1", "source: "},
		{"source file:DIR/run/hard1 credit=1\nsource dev:DIR/run/hard2 credit=1", "source: "},
		{"listen tcp/127.0.0.1:708\nsource egd:tcp/localhost:708", "source: "},
		{"listen DIR/run/x\nsource stream:DIR/link/x credit=1", "source: "},
		{"seedfile DIR/run/x\nsource fifo:DIR/link/x credit=8", "source: "},
		{"#\nseedfile DIR/c", "seedfile: DIR/c leads to the same place as DIR/c (configuration, command line)"},
		{"#\nlog target=file:DIR/conf-link", "log: "},
		{"#\nexchange DIR/c", "exchange: "},
		{"#\nseedfile DIR/pid", "pidfile: DIR/pid leads to the same place as DIR/pid (seedfile, DIR/c:2)"},
	} {
		dir := directory(t, map[string]string{"c": tc.text, "run/hard1": ""})
		for _, err := range []error{
			os.Symlink("run", dir+"/link"), os.Symlink("c", dir+"/conf-link"), os.Link(dir+"/run/hard1", dir+"/run/hard2"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := config.Resolve(config.Options{CmdFile: dir + "/c", PIDFile: dir + "/pid"}, env())
		says := strings.ReplaceAll(tc.says, "DIR", dir)
		if err == nil || !strings.Contains(err.Error(), says) || change.ExitStatus(err) != 78 {
			t.Errorf("%s\ngot  %v\nwant %s", tc.text, err, says)
		}
	}
}

// TestNoCollision: what looks alike and is not the same.
func TestNoCollision(t *testing.T) {
	for _, text := range []string{
		"listen DIR/run/s\nlisten DIR/run/S\nstatus DIR/run/s.ctl",
		"listen tcp/127.0.0.1:708\nlisten tcp/127.0.0.2:708\nlisten tcp/localhost:709",
		"seedfile DIR/a/seed\nexchange DIR/b/seed\nlisten DIR/a/seed/s",
		"seedfile /dev/null\nlog target=file:/dev/null",
		"listen tcp/gate:708 allow=::/0\nlisten tcp/gate2:708 allow=::/0",
	} {
		if _, err := resolveIn(directory(t, map[string]string{"c": text, "run/x": ""}), env()); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// TestUsers is A13: a name that was written must exist, a number need not, and
// only the default may be missing.
func TestUsers(t *testing.T) {
	for _, tc := range []struct {
		text string
		want config.Account
	}{
		{"#", config.Account{Name: "prngd", UID: 901, GID: 901, Groups: []int{901, 7}, Where: "default"}},
		{"user mail", config.Account{Name: "mail", UID: 8, GID: 8, Groups: []int{8, 7}, Where: "c:1"}},
		{"user 8", config.Account{Name: "8", UID: 8, GID: 8, Groups: []int{8, 7}, Where: "c:1"}},
		{"user 1000", config.Account{Name: "1000", UID: 1000, GID: 1000, Where: "c:1"}},
		{"user root", config.Account{Name: "root", Groups: []int{0, 7}, Where: "c:1"}},
	} {
		dir := directory(t, map[string]string{"c": tc.text})
		s, err := resolveIn(dir, env())
		if err != nil {
			t.Errorf("%s: %v", tc.text, err)
			continue
		}
		s.User.Where = strings.TrimPrefix(s.User.Where, dir+"/")
		if !reflect.DeepEqual(s.User, tc.want) || s.User.Written() != (tc.text != "#") {
			t.Errorf("%s: got %+v, want %+v", tc.text, s.User, tc.want)
		}
	}
	for _, text := range []string{
		"user prngdd", "user 2147483648", "user -1", "command-user nobdy", "command-user root", "command-user 0",
		"listen /a group=mial", "status /a group=mial",
	} {
		dir := directory(t, map[string]string{"c": text})
		name, _, _ := strings.Cut(text, " ")
		refused(t, dir, env(), 78, "DIR/c:1: "+name+": ", "expected")
	}
	s := resolve(t, "listen /a group=mail\nlisten /b group=12345\nlisten /c")
	if s.Listen[0].GID != 8 || s.Listen[1].GID != 12345 || s.Listen[2].GID != -1 {
		t.Errorf("groups: %+v", s.Listen)
	}
}

// TestMissingDefaults: a system without our users, or without a user database.
func TestMissingDefaults(t *testing.T) {
	dir := directory(t, map[string]string{"c": "#"})
	e := env()
	lookup := e.LookupUser
	e.LookupUser = func(name string) (config.Account, error) {
		if strings.HasPrefix(name, "prngd") {
			return config.Account{}, user.UnknownUserError(name)
		}
		return lookup(name)
	}
	s, err := resolveIn(dir, e)
	if err != nil || !s.User.Missing || s.User.UID != -1 || s.CommandUser.Name != "nobody" || s.CommandUser.Missing {
		t.Errorf("got %+v, %v", s, err)
	}
	e.LookupUser = func(string) (config.Account, error) {
		return config.Account{}, &fs.PathError{Op: "open", Path: "/etc/passwd", Err: fs.ErrNotExist}
	}
	e.LookupUserID = func(int) (config.Account, error) { return e.LookupUser("") }
	if s, err = resolveIn(dir, e); err != nil || !s.User.Missing || !s.CommandUser.Missing {
		t.Errorf("without a database: got %+v, %v", s, err)
	}
	e.Owner = 1000 // not root, and so cannot become another user
	e.LookupUser = func(string) (config.Account, error) { return config.Account{}, errors.New("asked") }
	if s, err = resolveIn(dir, e); err != nil || !s.User.Missing {
		t.Errorf("not root: got %+v, %v", s, err)
	}
}

// TestLater: what a user database that cannot be read now would have said, later.
func TestLater(t *testing.T) {
	broken := func(string) (config.Account, error) { return config.Account{}, errors.New("database locked") }
	for _, tc := range []struct {
		text   string
		status int
	}{
		{"#", 75},
		{"user mail", 75},
		{"command-user 8", 75},
		{"user mail\nper-uid 0", 78},
	} {
		e := env()
		e.LookupUser = broken
		refused(t, directory(t, map[string]string{"c": tc.text}), e, tc.status, "database locked")
	}
	e := env()
	e.LookupGroup = func(string) (int, error) { return -1, errors.New("database locked") }
	refused(t, directory(t, map[string]string{"c": "listen /a group=8"}), e, 75, "DIR/c:1: listen: group=8: database locked")
}

// TestLongSocketPath is A12.
func TestLongSocketPath(t *testing.T) {
	dir := directory(t, map[string]string{"c": "listen /" + strings.Repeat("x", 107) + "\nstatus /" + strings.Repeat("y", 108)})
	refused(t, dir, env(), 78, "DIR/c:1: listen: found a path of 108 bytes", "DIR/c:2: status: found a path of 109 bytes")
}

// TestSettingsJSON: an upgrade hands the settings over without loss, also where
// paths and words are not UTF-8.
func TestSettingsJSON(t *testing.T) {
	dir := directory(t, map[string]string{
		"c": "listen DIR/\xff mode=0660 group=mail\nlisten tcp/[fd00::1]:1 allow=fd00::/8,10.0.0.1\nseedfile DIR/\xc3\xa9\n" +
			"\"a \xfe\" /bin/\xf0 0.1\nnonsense\nsource dev:/dev/null credit=0.1\nsource \"program:/p \xff\"\nexchange DIR/x every=7s\nwrite-credit uid=0 alone\n" +
			"gatherer jitter off\nuser 1000\ninclude DIR/d\nlog target=file:DIR/\"a b\"\n",
		"d/one.conf": "command-timeout 61s\n",
	})
	zero := fs.FileMode(0)
	s, _, err := config.Resolve(config.Options{CmdFile: dir + "/c", Mode: &zero, PIDFile: dir + "/\x80"}, env())
	if err != nil {
		t.Fatal(err)
	}
	checkJSON(t, s)
}

func checkJSON(t *testing.T, s *config.Settings) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got config.Settings
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, s) {
		t.Errorf("got  %+v\nwant %+v", got, s)
	}
}

// FuzzResolve: every file gives settings that survive JSON, or an error that says
// where; and resolving what is in effect again changes nothing.
func FuzzResolve(f *testing.F) {
	for _, d := range config.Directives() {
		f.Add([]byte(d.Name + " " + d.Default + "\nlisten /a group=mail\n\"a \xff\" /b 1\n"))
	}
	f.Add([]byte("listen tcp/[::]:1 allow=::/0\nlisten tcp/h:1 allow=10.0.0.0/8\nsource egd:tcp/h:2\nstatus /a\nuser 7"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "include") {
			return // of whatever file there is
		}
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/c", text, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := resolveIn(dir, env())
		if err != nil {
			for _, line := range strings.Split(err.Error(), "\n") {
				if !strings.HasPrefix(line, dir+"/c:") && !strings.HasPrefix(line, "default: ") && !strings.HasPrefix(line, "command line: ") {
					t.Errorf("%q: error without a place: %s", text, line)
				}
			}
			return
		}
		checkJSON(t, s)
		e := env()
		e.Now = s
		again, err := resolveIn(dir, e)
		if err != nil || !reflect.DeepEqual(again, s) || !again.SameText(s) {
			t.Errorf("again: %v\ngot  %+v\nwant %+v", err, again, s)
		}
	})
}
