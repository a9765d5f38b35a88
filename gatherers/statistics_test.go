package gatherers_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"prngd/gatherers"
)

// statistics are the gatherers that ask gopsutil.
func statistics() (list []gatherers.Gatherer) {
	for _, g := range gatherers.System() {
		if g.Name != "kernel" && g.Name != "jitter" {
			list = append(list, g)
		}
	}
	return list
}

// Issue 13: the library that runs in production gives samples that differ over
// time, or says that this system has no such numbers. Some counters only move
// when something happens: the loop makes it happen.
func TestStatisticsDifferOverTime(t *testing.T) {
	activity := newActivity(t)
	for _, g := range statistics() {
		t.Run(g.Name, func(t *testing.T) {
			first, err := g.Take(t.Context())
			if errors.Is(err, errors.ErrUnsupported) {
				t.Skip(err)
			}
			for same := true; same; {
				next, nextErr := g.Take(t.Context())
				if err != nil || nextErr != nil || len(first) == 0 || len(next) == 0 {
					t.Fatalf("%d bytes, %v; then %d bytes, %v", len(first), err, len(next), nextErr)
				}
				same = bytes.Equal(first, next)
				activity.happen(t)
			}
		})
	}
}

// An activity moves the counters of this machine.
type activity struct {
	file *os.File
	conn net.PacketConn
	page []byte
}

func newActivity(t *testing.T) *activity {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Skip("no loopback interface")
	}
	t.Cleanup(func() { conn.Close() })
	return &activity{file: file, conn: conn}
}

// happen writes to the disk and to the loopback interface, and dirties memory.
func (a *activity) happen(t *testing.T) {
	a.page = bytes.Repeat([]byte{1}, 64<<10)
	if _, err := a.file.Write(a.page); err != nil {
		t.Fatal(err)
	}
	if err := a.file.Sync(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.conn.WriteTo(a.page[:100], a.conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
}

func TestAbsence(t *testing.T) {
	for text, err := range map[string]error{
		"gopsutil's sentinel": errors.New("not implemented yet"),
		"no file":             os.ErrNotExist, "no permission": os.ErrPermission,
	} {
		if got := gatherers.Absence(err); !errors.Is(got, errors.ErrUnsupported) || !errors.Is(got, err) {
			t.Errorf("%s: %v", text, got)
		}
	}
	other := errors.New("other")
	if gatherers.Absence(other) != other || gatherers.Absence(nil) != nil {
		t.Error("what is no absence was taken for one")
	}
}

// Whatever a sample asks for, nothing stays open after it.
func TestStatisticsKeepNothingOpen(t *testing.T) {
	count := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip(err)
		}
		return len(entries)
	}
	sampleAll(t.Context())
	before := count()
	sampleAll(t.Context())
	if after := count(); after != before {
		t.Errorf("%d descriptors before a sample of each, %d after", before, after)
	}
}

func sampleAll(ctx context.Context) {
	for _, g := range statistics() {
		g.Take(ctx)
	}
}
