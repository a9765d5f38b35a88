//go:build linux

package failcalls

// verdict is what a client saw.
type verdict string

const (
	answered verdict = "all answered"
	dropped  verdict = "closed early"
	noEnd    verdict = "all answered, not closed"
	hung     verdict = "hangs"
)

// failure is one error of one call.
type failure struct {
	call, errno string
	cost        verdict // what the client at hand may see
	networks    string  // where the call is made
}

const both = "unix tcp"

// plan is every error that these calls have by their manual pages and could have
// here. Two of them mean that the peer is gone; every other is survived by the
// very connection that it happens to.
var plan = []failure{
	{"accept4", "EINTR", answered, both},
	{"accept4", "EAGAIN", answered, both},
	{"accept4", "ECONNABORTED", answered, both},
	{"accept4", "EMFILE", answered, both},
	{"accept4", "ENFILE", answered, both},
	{"accept4", "ENOBUFS", answered, both},
	{"accept4", "ENOMEM", answered, both},
	{"accept4", "EPERM", answered, both},
	{"accept4", "EPROTO", answered, "tcp"},
	{"getsockopt", "EINTR", answered, "unix"},
	{"getsockopt", "ENOBUFS", answered, "unix"},
	{"getsockopt", "ENOMEM", answered, "unix"},
	{"setsockopt", "ENOBUFS", answered, "tcp"},
	{"setsockopt", "ENOMEM", answered, "tcp"},
	{"recvfrom", "EINTR", answered, both},
	{"recvfrom", "EAGAIN", answered, both},
	{"recvfrom", "ENOBUFS", answered, both},
	{"recvfrom", "ENOMEM", answered, both},
	{"recvfrom", "ECONNRESET", dropped, both},
	{"sendto", "EINTR", answered, both},
	{"sendto", "EAGAIN", answered, both},
	{"sendto", "ENOBUFS", answered, both},
	{"sendto", "ENOMEM", answered, both},
	{"sendto", "EPIPE", dropped, both},
	{"sendto", "ECONNRESET", dropped, both},
	{"epoll_ctl", "ENOMEM", answered, both},
	{"epoll_ctl", "ENOSPC", answered, both},
	{"epoll_wait", "EINTR", answered, both},
	{"epoll_pwait", "EINTR", answered, both},
	{"timerfd_settime", "EINTR", answered, both},
	{"close", "EINTR", noEnd, "unix"},
	{"close", "EIO", noEnd, "tcp"},
}

// newListener is what can fail when a listener is added to a serving daemon.
var newListener = []failure{
	{"read", "EINTR", answered, ""},
	{"fcntl", "EMFILE", answered, ""},
	{"epoll_ctl", "ENOMEM", answered, ""},
	{"epoll_ctl", "ENOSPC", answered, ""},
}

// calls are the names in a list of failures.
func calls(list []failure) (names []string) {
	seen := map[string]bool{}
	for _, f := range list {
		if !seen[f.call] {
			seen[f.call] = true
			names = append(names, f.call)
		}
	}
	return names
}
