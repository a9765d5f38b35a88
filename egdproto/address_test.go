package egdproto_test

import (
	"net"
	"strings"
	"testing"

	"prngd/egdproto"
)

func TestParseAddress(t *testing.T) {
	for s, want := range map[string]egdproto.Address{
		"/run/egd-pool":             {Network: "unix", Path: "/run/egd-pool"},
		"/a b":                      {Network: "unix", Path: "/a b"},
		"tcp/localhost:708":         {Network: "tcp", Host: "localhost", Port: 708},
		"tcp/127.0.0.1:65535":       {Network: "tcp", Host: "127.0.0.1", Port: 65535},
		"tcp/[::1]:1":               {Network: "tcp", Host: "::1", Port: 1},
		"tcp/[fe80::1%eth0]:4840":   {Network: "tcp", Host: "fe80::1%eth0", Port: 4840},
		"tcp/pool.example.org:4840": {Network: "tcp", Host: "pool.example.org", Port: 4840},
	} {
		got, err := egdproto.ParseAddress(s)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v", s, got, err)
		}
		if got.String() != s {
			t.Errorf("%q is written %q", s, got)
		}
	}
}

func TestParseAddressSaysWhatItExpected(t *testing.T) {
	for s, word := range map[string]string{
		"":                    "absolute path",
		"egd-pool":            "absolute path",
		"./egd-pool":          "absolute path",
		"/with\x00zero":       "absolute path",
		"localhost:708":       "tcp/HOST:PORT",
		"tcp/localhost":       "no port",
		"tcp/localhost:":      "port from 1",
		"tcp/localhost:0":     "port from 1",
		"tcp/localhost:65536": "port from 1",
		"tcp/localhost:+1":    "port from 1",
		"tcp/localhost:7o8":   "port from 1",
		"tcp/:708":            "host name",
		"tcp/::1:708":         "host name",
		"tcp/[::1:708":        "host name",
		"tcp/[127.0.0.1]:708": "host name",
		"tcp/a b:708":         "host name",
	} {
		a, err := egdproto.ParseAddress(s)
		if err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%q: got %+v, %v, want an error about %q", s, a, err, word)
		}
	}
}

func TestLoopback(t *testing.T) {
	for s, want := range map[string]bool{
		"tcp/localhost:1": true, "tcp/LocalHost:1": true, "tcp/127.9.9.9:1": true, "tcp/[::1]:1": true,
		"tcp/[::ffff:127.0.0.1]:1": true,
		"tcp/0.0.0.0:1":            false, "tcp/[::]:1": false, "tcp/192.0.2.1:1": false,
		"tcp/localhost.example.org:1": false, "/run/egd-pool": false,
	} {
		a, err := egdproto.ParseAddress(s)
		if err != nil || a.Loopback() != want {
			t.Errorf("%q: loopback %v, %v", s, a.Loopback(), err)
		}
	}
}

func TestDial(t *testing.T) {
	for s, want := range map[string][2]string{
		"/run/egd-pool":     {"unix", "/run/egd-pool"},
		"tcp/localhost:708": {"tcp", "localhost:708"},
		"tcp/[::1]:708":     {"tcp", net.JoinHostPort("::1", "708")},
	} {
		a, _ := egdproto.ParseAddress(s)
		if network, address := a.Dial(); network != want[0] || address != want[1] {
			t.Errorf("%q: dial %s %s", s, network, address)
		}
	}
}

// FuzzParseAddress: an address is written as it was read, give or take leading
// zeros of the port.
func FuzzParseAddress(f *testing.F) {
	f.Add("/run/egd-pool")
	f.Add("tcp/localhost:0708")
	f.Add("tcp/[::1]:708")
	f.Fuzz(func(t *testing.T, s string) {
		a, err := egdproto.ParseAddress(s)
		if err != nil {
			return
		}
		again, err := egdproto.ParseAddress(a.String())
		if err != nil || again != a {
			t.Fatalf("%q is %+v, written %q, read as %+v, %v", s, a, a, again, err)
		}
	})
}
