package gatherers

import "time"

// State is how a source fares.
type State string

// The states of a source.
const (
	Waiting State = "waiting" // its first sample has not come yet
	Healthy State = "healthy" // its last sample was good
	Failing State = "failing" // its last sample was an error: LastError
	Hung    State = "hung"    // its sample has been under way for longer than its limit
	Absent  State = "absent"  // this system has no such source
	Spent   State = "spent"   // read to the end, once
)

// Status is what is known about one source.
type Status struct {
	Name        string
	State       State
	Credit      Credit
	Every       time.Duration // the period in force
	Samples     int           // good samples
	Bytes       int64         // their bytes
	Bits        int           // what they counted for
	Repeats     int           // samples that counted nothing because they came before
	Errors      int           // failed samples
	LastSample  time.Time     // end of the last good one; zero: none
	Duration    time.Duration // how long it took
	LastError   string        // "": none yet; stays after recovery
	LastErrorAt time.Time
	Detail      string // one line from the source itself, or ""
}
