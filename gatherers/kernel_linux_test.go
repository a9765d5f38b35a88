package gatherers

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Where getrandom is missing, forbidden or has nothing yet, the device is asked;
// and getrandom is asked so that it does not wait.
func TestGetrandomFallsBack(t *testing.T) {
	for _, errno := range []unix.Errno{unix.ENOSYS, unix.EPERM, unix.EAGAIN} {
		var b [64]byte
		flags := 0
		state := readGetrandom(b[:], func(_ []byte, f int) (int, error) { flags = f; return 0, errno })
		if state != KernelSeeded || b == [64]byte{} || flags&unix.GRND_NONBLOCK == 0 {
			t.Errorf("%v: state %d, flags %#x", errno, state, flags)
		}
	}
}

// No door leads here where getrandom works.
func TestURandomWithoutGetrandom(t *testing.T) {
	var a, b [64]byte
	if p := readURandom(a[:], "/dev/random", "/dev/urandom"); p != KernelSeeded {
		t.Fatalf("state %d: the kernel that runs this test is seeded", p)
	}
	readURandom(b[:], "/dev/random", "/dev/urandom")
	if a == b {
		t.Fatal("the same bytes twice")
	}
}

// Bytes count for nothing where /dev/random is missing or is another device.
func TestURandomWithoutRandom(t *testing.T) {
	for _, random := range []string{"/nonexistent", "/dev/zero", "/dev/urandom"} {
		var b [64]byte
		if state := readURandom(b[:], random, "/dev/urandom"); state != KernelUnproven || b == [64]byte{} {
			t.Errorf("%s: state %d, %x", random, state, b)
		}
	}
}

func TestOtherDevicesAreNotURandom(t *testing.T) {
	for _, path := range []string{"/dev/null", "/dev/zero", "/proc/stat", "/", "/nonexistent"} {
		if fd := openDevice(path, devURandom); fd >= 0 {
			t.Errorf("%s was taken for /dev/urandom", path)
		}
	}
	if readable("/dev/zero", devRandom) {
		t.Error("/dev/zero was asked whether the kernel is seeded")
	}
}

// G19: a node of the same number is the same device, whatever its name, and so may be
// one that cannot be looked at.
func TestIsKernelDevice(t *testing.T) {
	for path, want := range map[string]bool{
		"/dev/random": true, "/dev/urandom": true, "/dev/null": false, "/dev": false, "/nonexistent": true,
	} {
		if got := isKernelDevice(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
