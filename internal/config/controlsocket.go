package config

import "slices"

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
