package sources

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"prngd/gatherers"
	"prngd/internal/prng"
)

// G15: after an upgrade the VM generation is still watched, by the descriptor that was
// opened as root, and a clone that was made in between holds replies.
func TestGenerationGoesOn(t *testing.T) {
	page := make([]byte, 4096) // struct vmclock_abi, linux/vmclock-abi.h
	copy(page, "VCLK")
	binary.LittleEndian.PutUint32(page[4:], 4096)
	page[8], page[25], page[104] = 1, 1, 7
	device, err := os.Create(filepath.Join(t.TempDir(), "vmclock0"))
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	for now, want := range map[byte]prng.Event{7: prng.NoEvent, 8: prng.Cloned} {
		page[104] = 7
		device.WriteAt(page, 0)
		before := New(Options{Log: quiet()})
		before.clones.generation, err = gatherers.AdoptGeneration(device, [16]byte{7})
		if err != nil {
			t.Fatal(err)
		}
		before.clones.note()
		text, err := json.Marshal(before.HandOver())
		if err != nil {
			t.Fatal(err)
		}
		state := new(State)
		if err := json.Unmarshal(text, state); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(state.Descriptors(), state.Generation) {
			t.Errorf("%v stay open, not %d", state.Descriptors(), state.Generation)
		}
		if state.Generation, err = unix.Dup(state.Generation); err != nil { // of the next program
			t.Fatal(err)
		}
		state.Messages, state.Devices = 0, nil
		page[104] = now
		device.WriteAt(page, 0)
		after := New(Options{Log: quiet(), Before: state})
		if event := after.Event(gatherers.Clocks()()); event != want {
			t.Errorf("generation 7, then %d: %v, expected %v", now, event, want)
		}
		if flags, err := unix.FcntlInt(uintptr(state.Generation), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("commands inherit the device: %v", err)
		}
		after.clones.generation.Device().Close()
	}
}

// G23: a jump of the clocks between the last look of one program and the first of the
// next is seen by the latter, whose runtime begins to count again.
func TestJumpDuringAnUpgrade(t *testing.T) {
	for moved, want := range map[time.Duration]prng.Event{0: prng.NoEvent, -time.Hour: prng.Jumped, time.Hour: prng.Jumped} {
		text, err := json.Marshal(New(Options{Log: quiet()}).HandOver())
		if err != nil {
			t.Fatal(err)
		}
		state := new(State)
		if err := json.Unmarshal(text, state); err != nil {
			t.Fatal(err)
		}
		state.Messages, state.Devices, state.Generation = 0, nil, 0
		after := New(Options{Log: quiet(), Before: state})
		real, mono := gatherers.Clocks()()
		if event := after.Event(real+int64(moved), mono); event != want {
			t.Errorf("moved by %v: %v, expected %v", moved, event, want)
		}
	}
}
