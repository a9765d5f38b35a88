package config_test

import (
	"reflect"
	"strings"
	"testing"

	"prngd/internal/config"
)

// Issue 14: generators without a device.
func TestRawSources(t *testing.T) {
	c := parse(t, "source fifo:/f credit=1\nsource stream:/s credit=.5\nsource stream:tcp/localhost:709\n"+
		"source \"program:/p  --raw\t-1\" credit=2\nsource program:/p")
	if want := []config.Source{
		{Kind: "fifo", Target: "/f", Credit: 1, Where: at(1)},
		{Kind: "stream", Target: "/s", Address: unix("/s"), Credit: 0.5, Where: at(2)},
		{Kind: "stream", Target: "tcp/localhost:709", Address: tcp("localhost", 709), Where: at(3)},
		{Kind: "program", Target: "/p --raw -1", Argv: []string{"/p", "--raw", "-1"}, Credit: 2, Where: at(4)},
		{Kind: "program", Target: "/p", Argv: []string{"/p"}, Where: at(5)},
	}; !reflect.DeepEqual(c.Sources, want) {
		t.Errorf("got  %+v\nwant %+v", c.Sources, want)
	}
	for line, says := range map[string]string{
		"source stream:x":         "absolute path or tcp/HOST:PORT",
		"source fifo:f":           "absolute path",
		"source program:":         "absolute path",
		"source program:infnoise": "absolute path",
		"source program:/p --raw": "credit=",
	} {
		if _, err := config.Parse("f", strings.NewReader(line)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want it to say %s", line, err, says)
		}
	}
}
