package config

import (
	"fmt"
	"path/filepath"
	"slices"
)

// Paths are the places prngd uses unless told otherwise.
type Paths struct {
	Socket string // the EGD socket
	Seed   string // "" = there is no place for one
	Config string // prngd.conf, which need not exist
	Status string // the control socket, in a directory of its own
}

// DefaultPaths returns the places for an operating system (a GOOS) and a user.
// A user other than root has sockets and a seed of its own; the configuration file
// is the system's for all, as PRNGD's was.
func DefaultPaths(goos string, uid int, getenv func(string) string) Paths {
	system := systemPaths(goos)
	if uid == 0 {
		return system
	}
	own := Paths{Config: system.Config}
	if dir := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		own.Socket = filepath.Join(dir, "egd-pool")
		own.Status = filepath.Join(dir, "prngd", "status.sock")
	} else {
		dir := filepath.Join(temporary(getenv), fmt.Sprintf("prngd-%d", uid))
		own.Socket = filepath.Join(dir, "egd-pool")
		own.Status = filepath.Join(dir, "status.sock")
	}
	// XDG Base Directory Specification: a relative path is invalid and to be
	// ignored; without XDG_STATE_HOME it is .local/state.
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		own.Seed = filepath.Join(dir, "prngd", "seed")
	} else if dir := getenv("HOME"); filepath.IsAbs(dir) {
		own.Seed = filepath.Join(dir, ".local", "state", "prngd", "seed")
	}
	return own
}

func systemPaths(goos string) Paths {
	run, state, etc := "/var/run", "/var/lib", "/etc"
	switch goos {
	case "linux":
		run = "/run"
	case "freebsd", "dragonfly":
		state, etc = "/var/db", "/usr/local/etc"
	case "netbsd", "openbsd", "darwin":
		state = "/var/db"
	}
	return Paths{
		Socket: run + "/egd-pool",
		Seed:   state + "/prngd/seed",
		Config: etc + "/prngd.conf",
		Status: run + "/prngd/status.sock",
	}
}

func temporary(getenv func(string) string) string {
	if dir := getenv("TMPDIR"); filepath.IsAbs(dir) {
		return dir
	}
	return "/tmp"
}

// ControlSocket returns the control socket of a daemon whose first listening Unix
// socket is path, where no status line names one: the system's own for the default
// path, and a path of its own beside any other, so that two daemons on one host
// never share it. "" is a daemon without a Unix socket. egdquery finds it by the
// same rule.
func ControlSocket(path string, defaults Paths) string {
	const longest = 103 // of a Unix socket's path, on the system that allows least
	beside := path + ".status"
	usual := slices.Contains([]string{"", defaults.Socket, "/var/run/egd-pool", "/run/egd-pool"}, path)
	if usual || len(beside) > longest {
		return defaults.Status
	}
	return beside
}

// firstPath returns the first path that is listened on, "" if there is none.
func firstPath(lines []Listen) string {
	for _, l := range lines {
		if l.Address.Network == "unix" {
			return l.Address.Path
		}
	}
	return ""
}
