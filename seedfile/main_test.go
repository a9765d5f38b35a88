package seedfile_test

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"prngd/seedfile"
)

// TestMain starts this test binary again under another task where a test needs
// a process of its own, to be killed, traced, or to compete.
func TestMain(m *testing.M) {
	task := os.Getenv("SEEDFILE_TEST_TASK")
	if task == "" {
		os.Exit(m.Run())
	}
	if err := perform(task); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
}

func perform(task string) error {
	switch task {
	case "life":
		return life()
	case "observe":
		return observeAlone()
	case "stir":
		return stirMany()
	}
	return fmt.Errorf("no task %q", task)
}

// stream is generator output as far as a test can tell: never the same twice for
// one label, and the same for every run.
type stream struct {
	label string
	n     uint64
}

// drawn is a [seedfile.Generator] of what a reader gives.
type drawn struct {
	io.Reader
	sole bool
}

func (d drawn) Draw(p []byte) (sole bool, err error) {
	_, err = io.ReadFull(d.Reader, p)
	return d.sole, err
}

func (s *stream) Read(p []byte) (int, error) {
	for i := 0; i < len(p); {
		block := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(s.label), s.n))
		s.n++
		i += copy(p[i:], block[:])
	}
	return len(p), nil
}

// noise is n bytes that no text has.
func noise(label string, n int) []byte {
	b := make([]byte, n)
	(&stream{label: label}).Read(b)
	b[0] = 0xff
	return b
}

// shut is a generator that is not seeded.
type shut struct{}

var errShut = errors.New("not seeded")

func (shut) Read([]byte) (int, error) { return 0, errShut }

const machine = "0123456789abcdef0123456789abcdef"

func options(path string) seedfile.Options {
	return seedfile.Options{Path: path, MachineID: []byte(machine), Credit: true, Owner: os.Geteuid()}
}

// start is what the daemon does with a seed file at its start. It returns what
// may be credited, and why not more.
func start(f *seedfile.File, label string) (seedfile.Loaded, int, error) {
	l, err := f.Load()
	if err != nil {
		return l, 0, err
	}
	digest := sha256.Sum256([]byte(label))
	if err := f.Replace(seedfile.Successor(l.Data, digest, 1)); err != nil {
		return l, 0, err
	}
	return l, l.Bits, nil
}

// newest is the record that a loaded file counts for.
func newest(data []byte) (r seedfile.Record, ok bool) {
	for _, c := range records(data) {
		if !ok || c.Generation > r.Generation {
			r, ok = c, true
		}
	}
	return r, ok
}

func records(data []byte) (found []seedfile.Record) {
	for off := 0; off+seedfile.Size <= min(len(data), 2*seedfile.Size); off += seedfile.Size {
		if r, err := seedfile.Decode(data[off : off+seedfile.Size]); err == nil {
			found = append(found, r)
		}
	}
	return found
}

// seedBytes is a file as an earlier run left it on this machine: one record, or
// two if it could not rename.
func seedBytes(t testing.TB, dir string, twoSlots bool) []byte {
	t.Helper()
	path := dir + "/made"
	defer os.Remove(path)
	f, err := seedfile.Open(options(path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := &stream{label: t.Name()}
	var data []byte
	for range 2 {
		if err := f.Save(drawn{r, true}); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, b...)
	}
	if !twoSlots {
		return data[seedfile.Size:]
	}
	return data
}

// tester is the user a tested daemon runs as: root would not be stopped by the
// mode of a directory.
func tester() int {
	if os.Geteuid() == 0 {
		return 65534
	}
	return os.Geteuid()
}

// fastDir is a directory that every user may enter, in memory where that can be
// had: what is synced, and when, is seen in the calls; the disk itself would only
// take its time.
func fastDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "seedfile")
	if err != nil {
		dir, err = os.MkdirTemp("", "seedfile")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// Only root can empty a directory that a test made unwritable.
		inside, _ := filepath.Glob(dir + "/*")
		for _, path := range append(inside, dir) {
			if info, err := os.Lstat(path); err == nil && info.IsDir() {
				os.Chmod(path, 0o700)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
