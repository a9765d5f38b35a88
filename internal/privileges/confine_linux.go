package privileges

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// writing is every right of Landlock to change what is in a file system; reading
// is left alone, since gatherers read wherever there is something to be read.
const writing = ll.AccessFSWriteFile | ll.AccessFSTruncate |
	ll.AccessFSRemoveFile | ll.AccessFSRemoveDir |
	ll.AccessFSMakeReg | ll.AccessFSMakeSock | ll.AccessFSMakeDir | ll.AccessFSMakeFifo |
	ll.AccessFSMakeSym | ll.AccessFSMakeChar | ll.AccessFSMakeBlock

// Of these, what a daemon does below its own directories, and to /dev/null, which
// the programs that it starts have for input.
const (
	ownWriting  = ll.AccessFSWriteFile | ll.AccessFSTruncate | ll.AccessFSRemoveFile | ll.AccessFSMakeReg | ll.AccessFSMakeSock
	nullWriting = ll.AccessFSWriteFile | ll.AccessFSTruncate
)

// ConfineWrites lets this process, all its threads and all that it will start,
// write to nothing but files and sockets below dirs, for good; descriptors that
// are open stay what they are. It returns what it did in a few words. It is to be
// called once: the layers add up over exec, and the 17th is refused
// (landlock(7)). sockets are those of others that it goes on connecting to, which
// some systems want to know. The error is [errors.ErrUnsupported] where the system
// has no way to do it. Source: landlock(7); rights that this kernel does not know
// are left out.
func ConfineWrites(dirs, sockets []string) (did string, err error) {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil || abi < 1 {
		return "", fmt.Errorf("no Landlock: %w, it is not in this kernel or not enabled", errors.ErrUnsupported)
	}
	err = landlock.Config{HandledAccessFS: writing}.BestEffort().RestrictPaths(
		landlock.PathAccess(ownWriting, dirs...).IgnoreIfMissing(),
		landlock.PathAccess(nullWriting, os.DevNull).IgnoreIfMissing(),
	)
	if err != nil {
		return "", fmt.Errorf("no Landlock: %w", err)
	}
	return fmt.Sprintf("Landlock, version %d: writes below %s only", abi, strings.Join(slices.Sorted(slices.Values(dirs)), " ")), nil
}
