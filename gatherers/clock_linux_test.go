package gatherers

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIsNewGeneration(t *testing.T) {
	const (
		device   = "change@/devices/LNXSYSTM:00/VMGENCTR:00\x00ACTION=change\x00DEVPATH=/devices/LNXSYSTM:00/VMGENCTR:00\x00SUBSYSTEM=acpi\x00"
		platform = "change@/devices/platform/VMGENCTR:00\x00ACTION=change\x00DEVPATH=/devices/platform/VMGENCTR:00\x00SUBSYSTEM=platform\x00"
		rest     = "DRIVER=vmgenid\x00MODALIAS=acpi:VMGENCTR:VM_GEN_COUNTER:\x00SEQNUM=820\x00"
	)
	for message, want := range map[string]bool{
		device + "NEW_VMGENID=1\x00SEQNUM=2211\x00":                              true,
		device + "SEQNUM=2211\x00NEW_VMGENID=1":                                  true,
		platform + "NEW_VMGENID=1\x00" + rest:                                    true,
		platform + "SYNTH_UUID=0\x00" + rest:                                     false,
		device + "SEQNUM=2211\x00":                                               false,
		device + "NEW_VMGENID=10\x00":                                            false,
		device + "SYNTH_ARG_NEW_VMGENID=1\x00":                                   false,
		"add@/devices/x\x00ACTION=add\x00NEW_VMGENID=1\x00":                      false,
		"change@/devices/NEW_VMGENID=1\x00ACTION=change\x00":                     false,
		"libudev\x00\xfe\xed\xca\xfe(\x00\x00\x00change@/d\x00NEW_VMGENID=1\x00": false,
		"NEW_VMGENID=1": false,
		"\x00\x00":      false,
		"":              false,
	} {
		if got := isNewGeneration([]byte(message)); got != want {
			t.Errorf("%q: %v", message, got)
		}
	}
}

// Another process may send to the socket, and messages may be lost.
func TestSaysClone(t *testing.T) {
	clone := []byte("change@/x\x00NEW_VMGENID=1\x00")
	for _, row := range []struct {
		kernel   bool
		message  []byte
		err      error
		want, ok bool
	}{
		{true, clone, nil, true, true},
		{false, clone, nil, false, true},
		{true, []byte("change@/x\x00"), nil, false, true},
		{false, nil, unix.ENOBUFS, true, true},
		{true, nil, unix.EBADF, false, false},
	} {
		if got, err := saysClone(row.message, row.kernel, row.err); got != row.want || (err == nil) != row.ok {
			t.Errorf("%+v: %v, %v", row, got, err)
		}
	}
}

func TestUeventOfAProcessIsNotTheKernels(t *testing.T) {
	socket, err := openUevents()
	if err != nil {
		t.Skip(err)
	}
	defer socket.Close()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		var own unix.Sockaddr
		if own, err = unix.Getsockname(int(fd)); err == nil {
			err = unix.Sendto(int(fd), []byte("change@/x\x00NEW_VMGENID=1\x00"), 0, &unix.SockaddrNetlink{
				Family: unix.AF_NETLINK, Pid: own.(*unix.SockaddrNetlink).Pid})
		}
	})
	if err != nil {
		t.Skip(err)
	}
	buf := make([]byte, 8192)
	for { // events of the kernel may come first
		n, kernel, err := receive(raw, buf)
		if err != nil {
			t.Fatal(err)
		}
		if isNewGeneration(buf[:n]) {
			if kernel {
				t.Error("a process was taken for the kernel")
			}
			return
		}
	}
}

func TestWatchGenerationEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := WatchGeneration(ctx, func() { t.Error("changed") })
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
}

// vmclock returns a page as a hypervisor with a generation counter shows it.
func vmclock(generation uint64) []byte {
	page := make([]byte, vmclockPage)
	copy(page, "VCLK")
	binary.LittleEndian.PutUint32(page[vmclockSize:], vmclockPage)
	binary.LittleEndian.PutUint16(page[vmclockVersion:], 1)
	binary.LittleEndian.PutUint64(page[vmclockFlags:], vmclockHasGen|1<<7)
	binary.LittleEndian.PutUint64(page[vmclockGeneration:], generation)
	return page
}

func TestVMClock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "vmclock0")
	if err := os.WriteFile(name, vmclock(7), 0o600); err != nil {
		t.Fatal(err)
	}
	read, device, err := openVMClock(name)
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	g := &Generation{read: read, device: device}
	g.last, _ = read()
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, row := range []struct {
		generation uint64
		changed    bool
	}{{7, false}, {8, true}, {8, false}, {7, true}, {7 << 56, true}, {7 << 56, false}} {
		if _, err := f.WriteAt(vmclock(row.generation), 0); err != nil {
			t.Fatal(err)
		}
		if got := g.Changed(); got != row.changed {
			t.Errorf("generation %d: changed %v", row.generation, got)
		}
		id := g.Value()
		if got := binary.LittleEndian.Uint64(id[:]); got != row.generation {
			t.Errorf("value %d, want %d", got, row.generation)
		}
	}
	if n := testing.AllocsPerRun(100, func() { g.Changed() }); n != 0 {
		t.Errorf("%v allocations a look", n)
	}
}

func TestVMClockWithoutGeneration(t *testing.T) {
	spoil := map[string]func(page []byte) []byte{
		"magic":        func(p []byte) []byte { p[0] = 0; return p },
		"version":      func(p []byte) []byte { p[vmclockVersion] = 2; return p },
		"flag":         func(p []byte) []byte { p[vmclockFlags+1] = 0; return p },
		"structure":    func(p []byte) []byte { copy(p[vmclockSize:], []byte{111, 0, 0, 0}); return p },
		"empty device": func([]byte) []byte { return make([]byte, vmclockPage) },
	}
	for what, f := range spoil {
		name := filepath.Join(t.TempDir(), "vmclock0")
		if err := os.WriteFile(name, f(vmclock(7)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := openVMClock(name); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("bad %s: %v", what, err)
		}
	}
	if _, _, err := openVMClock(filepath.Join(t.TempDir(), "none")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no device: %v", err)
	}
}

// G15: a program that follows in the same process need not open the device, and
// notices a change in between.
func TestAdoptedGeneration(t *testing.T) {
	name := filepath.Join(t.TempDir(), "vmclock0")
	if err := os.WriteFile(name, vmclock(7), 0o600); err != nil {
		t.Fatal(err)
	}
	for last, changed := range map[byte]bool{7: false, 6: true} {
		device, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer device.Close()
		g, err := AdoptGeneration(device, [16]byte{last})
		if err != nil {
			t.Fatal(err)
		}
		if g.Changed() != changed || g.Changed() || g.Value() != [16]byte{7} || g.Device() != device {
			t.Errorf("%d before: changed is not %v, or the value is %v", last, changed, g.Value())
		}
	}
	none, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := AdoptGeneration(none, [16]byte{}); !errors.Is(err, errors.ErrUnsupported) || none.Close() == nil {
		t.Errorf("a device without a page: %v, or it is open", err)
	}
}
