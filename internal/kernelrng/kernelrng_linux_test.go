package kernelrng

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// G1: the kernel is told the bytes, what they count for, and to reseed from them,
// in this order; an error of one request does not keep the other from being made.
func TestReseed(t *testing.T) {
	b := bytes.Repeat([]byte{7}, 64)
	var requests []uint
	err := reseed(b, func(request uint, arg unsafe.Pointer) error {
		requests = append(requests, request)
		if request == unix.RNDADDENTROPY {
			info := unsafe.Slice((*byte)(arg), 8+64)
			bits, size := binary.NativeEndian.Uint32(info), binary.NativeEndian.Uint32(info[4:])
			if bits != 512 || size != 64 || !bytes.Equal(info[8:], b) {
				t.Errorf("rand_pool_info: %d bits, %d bytes, %x", bits, size, info[8:])
			}
			return errors.New("refused")
		}
		return nil
	})
	if err == nil || len(requests) != 2 || requests[1] != unix.RNDRESEEDCRNG {
		t.Errorf("requests %#x, error %v", requests, err)
	}
	if reseed(b[:31], nil) == nil {
		t.Error("31 bytes are taken")
	}
}
