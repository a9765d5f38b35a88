//go:build cgo && linux

package contrib

import (
	"encoding/binary"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPreload has a program that knows nothing of EGD ask libc, by way of libegd-preload.so.
func TestPreload(t *testing.T) {
	program := compile(t, builds[0], "asks.c")
	library := filepath.Join(t.TempDir(), "libegd-preload.so")
	out, err := exec.Command("cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden", "-DEGD_API=",
		"-o", library, "libegd/preload.c", "libegd/egd.c", "-pthread").CombinedOutput()
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	// The numbers that arc4random draws, one a request: 2^32 mod 6 is 4, so that 6 sides are fair from 4 on.
	drawn := []uint32{3, 0, 4, 13}
	m := startImpostor(t, "unix", func(_ int, c net.Conn) {
		each(c, func(k int, n byte) []byte {
			if n == 4 {
				return binary.NativeEndian.AppendUint32([]byte{4}, drawn[min(k, len(drawn)-1)])
			}
			return truthful(k, n)
		})
	})
	nobody := filepath.Join(t.TempDir(), "none")
	for _, c := range []struct{ socket, ask, want string }{
		{m.address, "getrandom 255", "255 ffff \n"},
		{m.address, "getentropy 7", "0 0707 \n"},
		{m.address, "getentropy 257", "-1 0000 Input/output error\n"},
		{m.address, "arc4random", "3 0000 \n"},
		{m.address, "uniform 6", "4 0000 \n"},
		{m.address, "uniform 0", "0 0000 \n"},
		{m.address, "uniform 1", "0 0000 \n"},
		{nobody, "getrandom 255", "-1 0000 Input/output error\n"},
		{nobody, "getentropy 7", "-1 0000 Input/output error\n"},
		{nobody, "arc4random", "libegd-preload: arc4random: no random bytes: there is no such socket\nsignal: aborted"},
		{"none", "getrandom 255", "-1 0000 Input/output error\n"},
		{"none", "arc4random", "libegd-preload: arc4random: no random bytes: Invalid argument\nsignal: aborted"},
	} {
		cmd := exec.Command(program[0], strings.Fields(c.ask)...)
		cmd.Env = []string{"LD_PRELOAD=" + library, "EGD_SOCKET=" + c.socket, "EGD_WAIT=0"}
		out, err := cmd.CombinedOutput()
		got := string(out)
		if err != nil {
			got += strings.TrimSuffix(err.Error(), " (core dumped)")
		}
		if got != c.want {
			t.Errorf("%s by %s: got %q, want %q", c.ask, c.socket, got, c.want)
		}
	}
}
