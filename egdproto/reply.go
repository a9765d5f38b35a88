package egdproto

import (
	"encoding/binary"
	"strconv"
)

// Level is the answer to Count once there is any, in bits: 32 pools of 256.
// It does not fall as clients read. Clients decode it as a signed number.
const Level = 8192

// noPID stands for pid 1 on the wire. A client outside our container that
// sends SIGTERM to what it reads gets ESRCH instead of reaching its own init.
const noPID = 1<<31 - 1

// AppendLevel appends the reply to Count: bits as four bytes, big endian.
func AppendLevel(dst []byte, bits uint32) []byte {
	return binary.BigEndian.AppendUint32(dst, bits)
}

// AppendPID appends the reply to PID: a length byte and pid in plain decimal,
// as EGD does it, with neither PRNGD's blanks nor a zero byte. In place of
// pid 1 it says 2147483647.
func AppendPID(dst []byte, pid int) []byte {
	at := len(dst)
	dst = strconv.AppendInt(append(dst, 0), int64(WirePID(pid)), 10)
	dst[at] = byte(len(dst) - at - 1)
	return dst
}

// WirePID returns pid as a daemon tells it: 2147483647 in place of 1.
func WirePID(pid int) int {
	if pid == 1 {
		return noPID
	}
	return pid
}
