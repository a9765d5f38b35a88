package config

import (
	"io/fs"
	"os"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// Env is all that Resolve asks of the system. Its functions may be called by one
// goroutine at a time only.
type Env struct {
	Owner  int    // the uid that started the daemon
	UID    int    // the effective one of this process
	GOOS   string // the operating system, as runtime.GOOS
	Getenv func(string) string
	Getwd  func() (string, error)

	Stat    func(path string) (fs.FileInfo, error) // follows links
	Open    func(path string) (fs.File, error)     // for reading, never blocks
	ReadDir func(path string) ([]fs.DirEntry, error)

	// LookupUser and LookupUserID return the account without Groups' duplicates; if
	// there is none the error is a user.UnknownUserError or UnknownUserIdError.
	LookupUser   func(name string) (Account, error)
	LookupUserID func(uid int) (Account, error)
	// LookupGroup returns a gid; if there is none the error is a user.UnknownGroupError.
	LookupGroup func(name string) (int, error)

	// Now is what is in effect, nil at a start: a file that had content and is empty
	// or gone now is an accident at a reload.
	Now *Settings
}

// System returns the Env of this process.
func System(owner int) Env {
	return Env{
		Owner: owner, UID: os.Geteuid(), GOOS: runtime.GOOS, Getenv: os.Getenv, Getwd: os.Getwd,
		Stat: os.Stat, ReadDir: os.ReadDir,
		Open: func(path string) (fs.File, error) {
			return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		},
		LookupUser:   func(name string) (Account, error) { return account(user.Lookup(name)) },
		LookupUserID: func(uid int) (Account, error) { return account(user.LookupId(strconv.Itoa(uid))) },
		LookupGroup: func(name string) (int, error) {
			g, err := user.LookupGroup(name)
			if err != nil {
				return -1, err
			}
			return strconv.Atoi(g.Gid)
		},
	}
}

func account(u *user.User, err error) (Account, error) {
	if err != nil {
		return Account{}, err
	}
	a := Account{Name: u.Username}
	if a.UID, err = strconv.Atoi(u.Uid); err != nil {
		return Account{}, err
	}
	if a.GID, err = strconv.Atoi(u.Gid); err != nil {
		return Account{}, err
	}
	groups, err := u.GroupIds()
	for _, g := range groups {
		if gid, err := strconv.Atoi(g); err == nil {
			a.Groups = append(a.Groups, gid)
		}
	}
	return a, err
}
