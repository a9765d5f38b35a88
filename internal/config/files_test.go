package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	sys "golang.org/x/sys/unix"

	"prngd/internal/change"
	"prngd/internal/config"
)

// TestInclude reads files in their order, names each in messages, and the last
// line wins across files.
func TestInclude(t *testing.T) {
	dir := directory(t, map[string]string{
		"c":             "per-uid 1\ninclude DIR/conf.d\ninclude DIR/more\nmax-connections 5\n",
		"conf.d/b.conf": "per-uid 3\n\"b\" /b 0.1\n",
		"conf.d/a.conf": "per-uid 2\n\"a\" /a 0.1\n",
		"conf.d/a.txt":  "not read\n", "conf.d/.x.conf": "not read\n", "conf.d/c.conf~": "not read\n",
		"more": "listen DIR/s\njunk\nmax-connections 4\n",
	})
	s, problems, err := config.Resolve(config.Options{CmdFile: dir + "/c"}, env())
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	for _, f := range s.Files {
		read = append(read, strings.TrimPrefix(f.Path, dir+"/")+" by "+strings.TrimPrefix(f.Where, dir+"/"))
	}
	if got := strings.Join(read, ", "); got != "c by command line, conf.d/a.conf by c:2, conf.d/b.conf by c:2, more by c:3" {
		t.Errorf("read %s", got)
	}
	if s.PerUID != 3 || s.MaxConnections != 5 || len(s.Commands) != 2 || s.Commands[0].Where != dir+"/conf.d/a.conf:2" || s.Listen[0].Where != dir+"/more:1" {
		t.Errorf("got %+v", s)
	}
	if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), dir+"/more:2: ") || s.Lines.All != 11 || s.Rejected != 1 {
		t.Errorf("problems %v, lines %+v", problems, s.Lines)
	}
}

// TestIncludeErrors names the file with the include line, and the included one.
func TestIncludeErrors(t *testing.T) {
	deep := map[string]string{}
	for _, n := range []string{"c", "1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		deep[n] = "include DIR/" + string(n[0]+1)
	}
	deep["c"] = "include DIR/1"
	for name, tc := range map[string]struct {
		files map[string]string
		says  string
	}{
		"missing":   {map[string]string{"c": "#\ninclude DIR/none"}, "DIR/c:2: include: stat DIR/none"},
		"itself":    {map[string]string{"c": "include DIR/c"}, "DIR/c:1: include: DIR/c is the file DIR/c, which was read before (command line)"},
		"cycle":     {map[string]string{"c": "include DIR/d", "d": "include DIR/c"}, "DIR/d:1: include: DIR/c is the file"},
		"twice":     {map[string]string{"c": "include DIR/d\ninclude DIR/d", "d": "#"}, "DIR/c:2: include: DIR/d is the file DIR/d, which was read before (DIR/c:1)"},
		"deep":      {deep, "DIR/8:1: include: DIR/9: expected at most 8 files that include each other"},
		"bad line":  {map[string]string{"c": "include DIR/d", "d": "#\nper-uid no"}, "DIR/d:2: per-uid: expected"},
		"utf-16":    {map[string]string{"c": "include DIR/d", "d": "\xff\xfe"}, "DIR/d:1: found UTF-16 text"},
		"subfolder": {map[string]string{"c": "include DIR/d", "d/x.conf/y": ""}, "DIR/c:1: include: DIR/d/x.conf: found a directory, expected a regular file"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, directory(t, tc.files), env(), 78, tc.says) })
	}
}

// TestFIFO is A11 and B5: no file that could block is opened.
func TestFIFO(t *testing.T) {
	dir := directory(t, map[string]string{"include": "include DIR/fifo", "directory/x": ""})
	if err := sys.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	e := env()
	open := e.Open
	e.Open = func(path string) (fs.File, error) {
		if path != dir+"/include" {
			t.Errorf("%s was opened", path)
		}
		return open(path)
	}
	for file, says := range map[string]string{
		"fifo":      dir + "/fifo: found a FIFO, expected a regular file",
		"include":   dir + "/include:1: include: " + dir + "/fifo: found a FIFO, expected a regular file",
		"directory": dir + "/directory: found a directory, expected a regular file",
		"/dev/zero": "/dev/zero: found a device, expected a regular file",
	} {
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		_, _, err := config.Resolve(config.Options{CmdFile: file}, e)
		if err == nil || !strings.Contains(err.Error(), says) || !errors.Is(err, config.ErrUnreadable) || change.ExitStatus(err) != 78 {
			t.Errorf("got %v\nwant %s", err, says)
		}
	}
	if s, _, err := config.Resolve(config.Options{CmdFile: "/dev/null"}, env()); err != nil || s.Path != "/dev/null" {
		t.Errorf("the null device: %v", err)
	}
}

// TestReplacedMeanwhile: what Stat saw may not be what Open finds.
func TestReplacedMeanwhile(t *testing.T) {
	dir := directory(t, map[string]string{"c": "#", "x": ""})
	if err := sys.Mkfifo(dir+"/fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	e := env()
	open := e.Open
	e.Open = func(string) (fs.File, error) { return open(dir + "/fifo") }
	refused(t, dir, e, 78, "found a FIFO")
}

// TestTrust is B5: when root acts on a file or directory, others must not be able
// to change it, whatever kind it is.
func TestTrust(t *testing.T) {
	for _, name := range []string{"c", "d", "dir", "dir/x.conf"} {
		for _, stranger := range []bool{true, false} {
			dir := directory(t, map[string]string{"c": "include DIR/d\ninclude DIR/dir", "d": "#", "dir/x.conf": "#"})
			path := filepath.Join(dir, name)
			e, says := env(), "writable by others"
			if stranger {
				stat, open := e.Stat, e.Open
				e.Stat = func(p string) (fs.FileInfo, error) {
					if p == path {
						return ownedBy(1000)(os.Stat(p))
					}
					return stat(p)
				}
				e.Open = func(p string) (fs.File, error) {
					f, err := open(p)
					if p == path {
						return ownedFile{f, 1000}, err
					}
					return f, err
				}
				says = "belongs to uid 1000"
			} else if err := os.Chmod(path, 0o775); err != nil {
				t.Fatal(err)
			}
			refused(t, dir, e, 78, "configuration "+path, says)
			e.Owner = 1000
			if _, err := resolveIn(dir, e); err != nil {
				t.Errorf("%s, not root: %v", name, err)
			}
		}
	}
}

// TestReadErrors may pass; a file that is not there needs somebody to make it.
func TestReadErrors(t *testing.T) {
	dir := directory(t, map[string]string{"c": "#"})
	e := env()
	e.Open = func(string) (fs.File, error) { return nil, fs.ErrPermission }
	refused(t, dir, e, 75, "permission")
	e.Stat = func(string) (fs.FileInfo, error) { return nil, syscall.EIO }
	refused(t, dir, e, 75, "reading configuration: input/output error")
	refused(t, "/nonexistent", env(), 78, "reading configuration: ", "/nonexistent/c")

	dir = directory(t, map[string]string{"c": "include DIR/d", "d/x.conf": ""})
	e = env()
	e.ReadDir = func(string) ([]fs.DirEntry, error) { return nil, syscall.EIO }
	refused(t, dir, e, 75, "DIR/c:1: include: input/output error")
}

// TestEmptied is A1: an editor that has emptied or removed the file this moment
// does not take the daemon back to its defaults. At a start both are none.
func TestEmptied(t *testing.T) {
	dir := directory(t, map[string]string{"c": "listen DIR/s\n", "d/a.conf": ""})
	e := env()
	var err error
	if e.Now, err = resolveIn(dir, e); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/c", "")
	refused(t, dir, e, 75, "configuration DIR/c: found 0 bytes")
	if _, err := resolveIn(dir, env()); err != nil {
		t.Errorf("at a start: %v", err)
	}
	write(t, dir+"/c", "include "+dir+"/d\n")
	write(t, dir+"/d/a.conf", "listen "+dir+"/s\n")
	included := env()
	if included.Now, err = resolveIn(dir, included); err != nil {
		t.Fatal(err)
	}
	write(t, dir+"/d/a.conf", "")
	refused(t, dir, included, 75, "configuration DIR/d/a.conf: found 0 bytes")
	if err := os.Remove(dir + "/d/a.conf"); err != nil {
		t.Fatal(err)
	}
	if _, err := resolveIn(dir, included); err != nil { // that is how to be rid of it
		t.Errorf("a file less in a directory: %v", err)
	}
	write(t, dir+"/c", "#\n") // on purpose
	s, err := resolveIn(dir, e)
	if err != nil || s.Listen[0].Where != "default" || s.SameText(e.Now) {
		t.Errorf("a comment: %+v, %v", s, err)
	}

	// The default file, which need not be there.
	var now config.Settings = *s
	now.Path = s.Defaults.Config
	now.Files = []config.File{{Path: now.Path, Size: 1}}
	e.Now = &now
	e.Stat = func(path string) (fs.FileInfo, error) {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: fs.ErrNotExist}
	}
	_, _, err = config.Resolve(config.Options{}, e)
	if err == nil || !strings.Contains(err.Error(), "found none") || change.ExitStatus(err) != 75 {
		t.Errorf("gone: %v", err)
	}
	e.Now = nil
	if s, _, err := config.Resolve(config.Options{}, e); err != nil || s.Path != "" {
		t.Errorf("gone at a start: %+v, %v", s, err)
	}
}

// TestTakenBack: SameText sees a change, and that it was taken back.
func TestTakenBack(t *testing.T) {
	dir := directory(t, map[string]string{"c": "include DIR/d\n", "d/a.conf": "#\n"})
	text := func() *config.Settings {
		s, err := resolveIn(dir, env())
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := text()
	write(t, dir+"/d/a.conf", "#a\n")
	if text().SameText(first) {
		t.Error("a changed file was not seen")
	}
	write(t, dir+"/d/a.conf", "#\n")
	if !text().SameText(first) {
		t.Error("a change that was taken back is still one")
	}
	write(t, dir+"/d/b.conf", "")
	if text().SameText(first) {
		t.Error("a new file was not seen")
	}
}
