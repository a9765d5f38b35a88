package sources

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"prngd/gatherers"
	"prngd/internal/control"
	"prngd/internal/prng"
)

// G11: our own output that comes back through a relay is mixed and counts for nothing,
// however the relay cuts it; another generator's counts.
func TestOwnOutputThroughRelay(t *testing.T) {
	for _, row := range []struct {
		name  string
		read  int // bytes that the relay asks for at a time
		skip  int // bytes of each answer that it loses
		other bool
		bits  bool
	}{
		{"whole", 1024, 0, false, false},
		{"64 bytes at a time", 64, 0, false, false},
		{"31 of 37 bytes", 37, 6, false, false},
		{"another generator", 1024, 0, true, true},
	} {
		var daemon atomic.Pointer[bubble]
		twin, err := prng.New(prng.Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer twin.Close()
		twin.Source(prng.Policy{Name: "start"}).Add(bytes.Repeat([]byte{2}, 64), 512)
		relay := func(context.Context) (sample []byte, err error) {
			b := daemon.Load()
			if b == nil {
				return nil, errors.New("not connected")
			}
			for len(sample) < 1024 {
				answer := make([]byte, row.read)
				if row.other {
					twin.Generate(answer)
				} else {
					b.generator.Generate(answer)
				}
				sample = append(sample, answer[row.skip:]...)
			}
			return sample[:1024], nil
		}
		play(t, func(b *bubble) {
			daemon.Store(b)
			time.Sleep(2 * time.Hour)
			var r control.Report
			b.Report(&r)
			if relay := r.Sources[0]; (relay.Bits > 0) != row.bits || relay.Samples < 6 || (relay.Detail == "") != row.bits {
				t.Errorf("%s: %+v", row.name, relay)
			}
		}, gatherers.Gatherer{Name: "egd:/relay", Every: 10 * time.Minute, Credit: 0.5, Untrusted: true, Gather: relay})
	}
}
