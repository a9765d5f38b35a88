package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prngd/internal/peercred"
)

// When nobody answers, every place is listed with its reason. From inside the
// package: the real places may have daemons.
func TestSearchInVain(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	places := []place{at(dir + "/none"), at(stale), at(dir), ours("/x", dir)}
	_, err = search(places, time.Second)
	var failed *exitError
	if !errors.As(err, &failed) || failed.code != exitUnavailable {
		t.Fatalf("got %v, expected status %d", err, exitUnavailable)
	}
	want := "no daemon answers; tried\n" +
		"  " + dir + "/none: connect: no such file or directory\n" +
		"  " + stale + ": connect: connection refused\n" +
		"  " + dir + ": connect: connection refused\n" +
		"  /x: expected " + dir + " to be a directory that only we can write to"
	if err.Error() != want {
		t.Errorf("got\n%v, expected\n%s", err, want)
	}
}

// B2: no place where somebody else could answer, so no port.
func TestUsualPlaces(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/4711")
	t.Setenv("TMPDIR", "/var/tmp")
	var got []string
	for _, p := range usualPlaces() {
		got = append(got, p.address.String())
	}
	const want = "/run/user/4711/egd-pool /var/tmp/prngd-UID/egd-pool /run/egd-pool /var/run/egd-pool " +
		"/dev/egd-pool /etc/egd-pool /etc/entropy"
	list := strings.Join(got, " ")
	if start, rest, ok := strings.Cut(list, "prngd-"); ok {
		_, end, _ := strings.Cut(rest, "/")
		list = start + "prngd-UID/" + end
	}
	if list != want {
		t.Errorf("got\n%s, expected\n%s", list, want)
	}
}

// C1: a socket beside that of the daemon, which the daemon, root or we did not make, may say any pid.
func TestExpectPeer(t *testing.T) {
	const daemon, stranger = 4242, 4711
	for _, tc := range []struct {
		name   string
		shared bool
		uid    int
		uids   []int
		ok     bool
	}{
		{"the daemon's", true, daemon, []int{-1, daemon}, true},
		{"root's", true, 0, []int{daemon}, true},
		{"ours", true, os.Getuid(), nil, true},
		{"a stranger's", true, stranger, []int{-1, daemon}, false},
		{"a stranger's while the daemon is silent", true, stranger, nil, false},
		{"named by the user", false, stranger, nil, true},
		{"unknown to the kernel", true, -1, nil, true},
	} {
		err := place{shared: tc.shared}.expectPeer(peercred.Cred{UID: tc.uid}, tc.uids...)
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
