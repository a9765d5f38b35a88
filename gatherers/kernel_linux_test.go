package gatherers

import "testing"

// No door leads here where getrandom works.
func TestURandomWithoutGetrandom(t *testing.T) {
	var a, b [64]byte
	if p := readURandom(a[:]); p != KernelSeeded {
		t.Fatalf("state %d: the kernel that runs this test is seeded", p)
	}
	readURandom(b[:])
	if a == b {
		t.Fatal("the same bytes twice")
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
