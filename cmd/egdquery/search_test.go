package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// The control socket that prngd.conf names is found by every verb; what is no
// configuration, or names none, is passed over.
func TestConfiguredControl(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"listen /run/x\nstatus /run/y/ctl mode=0660\n":   "/run/y/ctl",
		"include /nowhere\nnonsense here\nstatus /run/z": "/run/z",
		"listen /run/x\n": "",
	} {
		path := filepath.Join(dir, "prngd.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var got string
		for _, p := range configuredControl(path) {
			got += p.address.String()
		}
		if got != want {
			t.Errorf("%q: %s, expected %s", text, got, want)
		}
	}
	for _, path := range []string{dir, dir + "/none"} {
		if got := configuredControl(path); got != nil {
			t.Errorf("%s: %v", path, got)
		}
	}
}
