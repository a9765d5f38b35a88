package daemon

import (
	"os"
	"path/filepath"
	"testing"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"golang.org/x/sys/unix"

	"prngd/internal/config"
	"prngd/internal/prng"
	"prngd/internal/server"
	"prngd/seedfile"
)

// The seed file goes on without a gap: whoever asks for a save the moment after an
// upgrade is not told that there is no file.
func TestSeedFileIsTakenOverAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seed")
	before, err := seedfile.Open(seedfile.Options{Path: path, Owner: os.Getuid()})
	if err != nil {
		t.Fatal(err)
	}
	file, dir := before.Descriptors()
	h := &handover{Seed: handedFile{Path: path, FD: copyOf(t, file), Dir: copyOf(t, dir)}, secret: make([]byte, 64)}
	pool, err := prng.New(prng.Env{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	log, _ := logtest.NewNullLogger()
	d := &daemon{log: log, pool: pool, server: server.New(server.Config{Pool: pool, Log: log}), legacy: h}
	d.settings.Store(&config.Settings{Seed: config.Seed{Path: path}})
	d.takeOver(h)
	f := d.seed.Load()
	if f == nil || !d.recalled {
		t.Fatalf("after the takeover the seed file is %v, recalled %v", f, d.recalled)
	}
	f.Close()
}

func copyOf(t *testing.T, f *os.File) int {
	t.Helper()
	fd, err := unix.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
