package gatherers

import "time"

// State is how a source fares.
type State string

// The states of a source.
const (
	Waiting   State = "waiting"   // its first sample has not come yet
	Testing   State = "testing"   // its start-up test goes on: samples are mixed and count nothing
	Healthy   State = "healthy"   // its last sample was good
	Failing   State = "failing"   // its last sample was an error: LastError
	Hung      State = "hung"      // its sample has been under way for longer than its limit
	Absent    State = "absent"    // this system has no such source
	Exhausted State = "exhausted" // read to the end, once
	Retired   State = "retired"   // a health test failed for good: not sampled until the next reload
)

// Status is what is known about one source.
type Status struct {
	Name        string
	State       State
	Credit      Credit        // the configured one
	Used        Credit        // the one in force for the last sample: Credit, or an eighth of Estimate
	Estimate    float64       // min-entropy of a byte of the last sample that could be estimated, 0 to 8 bits
	Estimated   bool          // there is an Estimate
	Every       time.Duration // the period in force
	Samples     int           // good samples
	Bytes       int64         // their bytes
	Bits        int           // what they counted for
	Repeats     int           // samples that counted nothing because they came before
	Errors      int           // failed samples
	Dropped     int           // samples that a health test has dropped
	Needed      bool          // Retired, and no other credited source of this machine is healthy
	LastSample  time.Time     // end of the last good one; zero: none
	Duration    time.Duration // how long it took
	LastError   string        // "": none yet; stays after recovery
	LastErrorAt time.Time
	Detail      string // one line from the source itself, or ""
}

// Continue makes counters go on from those of before, the [Runner.Stats] of a
// program that this one follows. It is called before the first Run.
func (r *Runner) Continue(before []Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = make(map[string]Status, len(before))
	for _, st := range before {
		r.before[st.Name] = st
	}
}

// continued adds what was counted before to st. mu is held.
func (r *Runner) continued(st Status) Status {
	b := r.before[st.Name]
	st.Samples += b.Samples
	st.Bytes += b.Bytes
	st.Bits += b.Bits
	st.Repeats += b.Repeats
	st.Errors += b.Errors
	st.Dropped += b.Dropped
	return st
}
