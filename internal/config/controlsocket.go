package config

// ControlSocket returns the control socket of a daemon whose first listening Unix
// socket is path, where no status line names one: the system's own for the default
// path, and a path of its own beside any other, so that two daemons on one host
// never share it. "" is a daemon without a Unix socket.
func ControlSocket(path string, defaults Paths) string {
	switch path {
	case "", defaults.Socket, "/var/run/egd-pool", "/run/egd-pool":
		return defaults.Status
	}
	return path + ".status"
}
