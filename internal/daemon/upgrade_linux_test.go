package daemon

import (
	"testing"

	"prngd/internal/control"
)

// A reload that is asked for during an upgrade, by SIGHUP or else, is carried out by
// the new program: what the preflight has read may be older, and a signal that comes
// in the exec is gone.
func TestReloadDuringUpgrade(t *testing.T) {
	for _, c := range []struct {
		what, conf string
		asked      bool
		want       bool
	}{
		{"nothing changed", conf, false, false},
		{"another line", conf + more, false, true},
		{"a line that is wrong", conf + "max-connections many\n", false, true},
		{"a reload was waiting", conf, true, true},
	} {
		old := newBench(t)
		old.daemon.settings.Store(old.settings)
		old.admin, old.parts = old.newAdmin(), nil
		if c.asked {
			old.changes.submit(control.Reload)
		}
		s, err := old.daemon.state()
		if err != nil {
			t.Fatal(err)
		}
		next := newBench(t)
		next.daemon.settings.Store(old.settings)
		if _, err := s.get("origin", &next.origin); err != nil {
			t.Fatal(err)
		}
		old.configure(c.conf)
		next.catchUp()
		if got := next.changes.waiting(control.Reload); got != c.want {
			t.Errorf("%s: reload %v, expected %v", c.what, got, c.want)
		}
	}
}
