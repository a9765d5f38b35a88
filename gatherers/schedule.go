package gatherers

import "time"

// next returns how long to wait for the source's next sample, and false if
// there will be none. elapsed is the time since the start of the Run.
func (r *Runner) next(s *source, elapsed time.Duration) (time.Duration, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case s.status.State == Exhausted, s.status.State == Retired, s.status.State == Absent && s.Credit <= 0:
		return 0, false // a credited one is probed again: kernels get seeded
	case s.status.State == Testing && s.Lane == nil:
		return 0, true // the start-up test goes on at once; commands take turns even so
	}
	period := r.period(s)
	tick := untilTick(elapsed-s.Phase, period)
	for range min(s.failures, 32) - 1 {
		tick += period
		period *= 2
		if tick >= maxBackOff {
			return max(maxBackOff, untilTick(elapsed-s.Phase, r.period(s))), true
		}
	}
	return tick, true
}

// untilTick returns the time to the next multiple of period. All sources of
// one period so wake together. A tick less than a second away is skipped, for
// the sake of an idle machine.
func untilTick(elapsed, period time.Duration) time.Duration {
	wait := period - elapsed%period
	if wait > period { // before the first tick: elapsed is negative
		wait -= period
	}
	if wait < min(time.Second, period/2) {
		wait += period
	}
	return wait
}

// period returns the period in force. mu is held.
func (r *Runner) period(s *source) time.Duration {
	if s.Relaxed > 0 && r.otherHealthy(s) {
		return max(s.Relaxed, time.Second)
	}
	return s.every()
}

// otherHealthy reports whether a credited source of this machine, s aside,
// works. mu is held.
func (r *Runner) otherHealthy(s *source) bool {
	for _, other := range r.sources {
		if other != s && other.Credit > 0 && !other.Untrusted && other.status.State == Healthy {
			return true
		}
	}
	return false
}
