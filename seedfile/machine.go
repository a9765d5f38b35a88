package seedfile

import (
	"bytes"
	"crypto/sha256"
)

// machineHash is what of the machine's identity stands in the file: hashed
// under a label of our own, since machine-id(5) asks that the id itself be kept
// from the outside. The zero hash means that there is no id, and matches
// nothing.
func machineHash(id []byte) (h [32]byte, ok bool) {
	id = bytes.TrimSpace(id)
	if len(id) == 0 || string(id) == "uninitialized" {
		return h, false
	}
	return sha256.Sum256(append([]byte("prngd seed machine-id "), id...)), true
}
