package seedfile

import (
	"bytes"
	"encoding/hex"
	"os"
)

// MachineID identifies this installation, or is nil where nothing does. On
// Linux it is /etc/machine-id (machine-id(5): 32 hexadecimal digits). Absent,
// empty, "uninitialized" and all-zero files, as golden images and read-only
// roots have them, are no identity.
func MachineID() []byte {
	b, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return nil
	}
	b = bytes.TrimSpace(b)
	raw := make([]byte, hex.DecodedLen(len(b)))
	if _, err := hex.Decode(raw, b); err != nil || len(raw) != 16 || bytes.Count(raw, []byte{0}) == 16 {
		return nil
	}
	return b
}
