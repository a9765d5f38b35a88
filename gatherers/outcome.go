package gatherers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"time"
)

// begin notes that a sample is under way.
func (r *Runner) begin(s *source) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.began = time.Now()
	return s.began
}

// overdue notes that the sample begun then has passed its limit. Whether it
// ever comes back is the gatherer's affair: its goroutine waits, nobody else.
func (r *Runner) overdue(ctx context.Context, s *source, began time.Time) {
	r.mu.Lock()
	hung := ctx.Err() == nil && s.began.Equal(began)
	var change change
	if hung {
		s.status.State = Hung
		change = s.fault(s.late())
	}
	r.mu.Unlock()
	r.report(s, change, s.late())
}

// finish notes the outcome of a sample. It returns the bits that it counts for,
// and whether it is mixed at all.
func (r *Runner) finish(s *source, began time.Time, data []byte, counts bool, err error) (bits int, mixed bool) {
	r.mu.Lock()
	s.began = time.Time{}
	bits, change := s.outcome(time.Since(began), data, counts, err)
	r.mu.Unlock()
	r.report(s, change, err)
	_, unhealthy := errors.AsType[*HealthError](err)
	return bits, !unhealthy
}

// report writes to the log, without the lock: a log may be slow.
func (r *Runner) report(s *source, c change, err error) {
	log := r.log.WithField("source", s.Name)
	switch c {
	case fails:
		log.WithError(err).Warn("source fails")
	case works:
		log.Info("source works again")
	case retires:
		log.WithError(err).Error("source retired until the next reload: permanent health failure")
	}
}

// change is what the log is told of a sample: nothing, mostly.
type change int

const (
	steady change = iota
	fails
	works
	retires
)

// outcome notes a sample that took so long, and what it counts for.
func (s *source) outcome(took time.Duration, data []byte, counts bool, err error) (int, change) {
	var why Uncredited
	var unhealthy *HealthError
	switch {
	case err == nil, errors.As(err, &why):
		return s.good(took, data, counts, why)
	case errors.Is(err, errors.ErrUnsupported) && s.status.Samples == 0:
		// One that has worked before is supported: then it is a failure.
		s.status.State, s.status.Detail = Absent, err.Error()
		return 0, steady
	case errors.As(err, &unhealthy):
		s.status.Dropped++
		if unhealthy.Permanent {
			s.status.State = Retired
			s.status.LastError, s.status.LastErrorAt = err.Error(), time.Now()
			return 0, retires
		}
	}
	s.status.State = Failing
	s.status.Errors++
	s.failures++
	return 0, s.fault(err)
}

// good notes a good sample, and the end of a failure if there was one.
func (s *source) good(took time.Duration, data []byte, counts bool, why Uncredited) (bits int, c change) {
	if s.reported {
		s.reported, c = false, works
	}
	s.failures = 0
	st := &s.status
	st.State, st.Detail = s.goodState(why), string(why)
	st.Samples++
	st.Bytes += int64(len(data))
	st.LastSample, st.Duration = time.Now(), took
	if why == "" && s.monitor != nil {
		bits = s.worth(data, counts)
		st.Used, st.Estimate, st.Estimated = s.monitor.used(), s.monitor.estimate, s.monitor.estimated
	}
	st.Bits += bits
	return bits, c
}

// goodState is the state after a good sample. One that is uncredited is no part of
// a start-up test, which would go on at once and for ever.
func (s *source) goodState(why Uncredited) State {
	switch {
	case s.Once:
		return Exhausted
	case s.monitor != nil && !s.monitor.proven && why == "":
		return Testing
	}
	return Healthy
}

// fault keeps an error for the status. Only the first of a row is news.
func (s *source) fault(err error) change {
	s.status.LastError, s.status.LastErrorAt = err.Error(), time.Now()
	if s.reported {
		return steady
	}
	s.reported = true
	return fails
}

// recent remembers a source's last 64 different samples by 64 bits of their
// SHA-256: enough to know a device that plays a loop, and half a kilobyte.
type recent struct {
	digests [64]uint64
	n       int // ever remembered
}

// has tells whether data is among the samples remembered, and remembers it.
func (r *recent) has(data []byte) bool {
	sum := sha256.Sum256(data)
	d := binary.LittleEndian.Uint64(sum[:])
	if slices.Contains(r.digests[:min(r.n, len(r.digests))], d) {
		return true
	}
	r.digests[r.n%len(r.digests)] = d
	r.n++
	return false
}
