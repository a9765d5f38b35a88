// Package control is the protocol between prngd and its admin: one request
// line on a Unix socket, one JSON answer. It is to egdquery what egdproto is
// to EGD clients, and shares nothing with the public sockets.
package control

import "time"

// Version is that of the Report. It grows when a field changes its meaning or
// goes away; new fields do not change it.
const Version = 1

// Report is everything that status tells. Times are RFC 3339 in UTC and absent
// when there was none; durations are seconds; counters run since the start of
// the process, across upgrades.
type Report struct {
	Version   int       `json:"version"`
	Program   string    `json:"program"` // "prngd 0.1.0"
	PID       int       `json:"pid"`
	UID       int       `json:"uid"`
	Started   time.Time `json:"started"`
	Now       time.Time `json:"now"`
	Generator Generator `json:"generator"`
	Sources   []Source  `json:"sources"`
	Seed      Seed      `json:"seed"`
	Exchange  []File    `json:"exchange,omitempty"`
	Listeners []Socket  `json:"listeners"`
	Clients   Clients   `json:"clients"`
	Process   Process   `json:"process"`
	Config    Config    `json:"config"`
	Checks    []Check   `json:"checks,omitempty"`
	Change    *Change   `json:"change,omitempty"`
	Log       []string  `json:"log,omitempty"` // the last warnings
}

// Check is one thing that was asked for, beside what was read back from the
// system. They are equal, or health is not OK.
type Check struct {
	What     string `json:"what"`               // "uid", "capabilities", "socket /run/egd-pool"
	Asked    string `json:"expected"`           // "mode 0660 group 8"
	Is       string `json:"actual"`             // as Asked, or "unknown: REASON"
	Critical bool   `json:"critical,omitempty"` // a difference is critical, not degraded
}

// OK reports whether what was read back is what was asked for.
func (c Check) OK() bool { return c.Asked == c.Is }

// Change is a reload or an upgrade that was refused. It stays in the report until
// one succeeds, or the configuration is what it was.
type Change struct {
	Kind   string    `json:"kind"`   // "reload" or "upgrade"
	At     time.Time `json:"at"`     // when it was refused
	Status int       `json:"status"` // 75: it may work later; 78: it never can
	Error  string    `json:"error"`  // names file, line and thing
}

// The states of the generator.
const (
	StateUnseeded       = "unseeded"        // never seeded: nothing is answered
	StateReseedRequired = "reseed_required" // was seeded; replies wait for a reseed
	StateSeeded         = "seeded"          // every request is answered in full
)

// Generator is the state of pools and DRBG.
type Generator struct {
	State             string     `json:"state"`           // StateUnseeded, StateReseedRequired or StateSeeded
	FirstSeedBits     int        `json:"first_seed_bits"` // credited so far, until the first seed takes FirstSeedRequired
	FirstSeedRequired int        `json:"first_seed_required_bits"`
	SeededAt          *time.Time `json:"seeded_at,omitempty"`
	SeedSeconds       float64    `json:"seed_seconds,omitempty"` // from the start to the first seed
	SeededBy          []string   `json:"seeded_by,omitempty"`
	Reseeds           uint64     `json:"reseeds"` // SP 800-90A
	LastReseed        *time.Time `json:"last_reseed,omitempty"`
	Stirs             uint64     `json:"stirs"` // Fortuna
	Generates         uint64     `json:"generate_requests"`
	Bytes             uint64     `json:"bytes"`
	Kernel            bool       `json:"kernel_rng"`
	Clones            uint64     `json:"clones"`
	ClockJumps        uint64     `json:"clock_jumps"`
	Unsettled         string     `json:"unresolved_event,omitempty"`   // an event after which no independent noise has come
	Unprotected       []string   `json:"memory_unprotected,omitempty"` // what mlock and its kin refused
}

// Source is one gatherer, or one kind of data from outside.
type Source struct {
	Name        string     `json:"name"`
	State       string     `json:"state"`
	Every       float64    `json:"every_seconds,omitempty"`
	Credit      float64    `json:"credit_bits_per_byte"`
	Used        float64    `json:"effective_credit_bits_per_byte"`   // the credit in force: the least of Credit and an eighth of Estimate
	Estimate    *float64   `json:"estimate_bits_per_byte,omitempty"` // min-entropy of the last samples that could be estimated; nil: none could
	Dropped     uint64     `json:"dropped,omitempty"`                // samples that a health test has dropped
	Needed      bool       `json:"needed,omitempty"`                 // retired, and no other credited source is healthy
	Samples     uint64     `json:"samples"`
	Bytes       uint64     `json:"bytes"`
	Bits        uint64     `json:"credited_bits"`
	Errors      uint64     `json:"errors,omitempty"`
	LastSample  *time.Time `json:"last_sample,omitempty"`
	Took        float64    `json:"sample_seconds,omitempty"`
	LastError   string     `json:"last_error,omitempty"`
	LastErrorAt *time.Time `json:"last_error_at,omitempty"`
	Detail      string     `json:"detail,omitempty"`
}

// SourceStates returns every value of Source.State.
func SourceStates() []string {
	return []string{"waiting", "testing", "healthy", "failing", "hung", "absent", "exhausted", "retired", "passive"}
}

// Troubled reports whether the source gives nothing though it should.
func (s Source) Troubled() bool {
	return s.State == "failing" || s.State == "hung" || s.State == "retired"
}

// Seed is the state of the seed file.
type Seed struct {
	Path       string     `json:"path,omitempty"` // empty: none is kept
	Loaded     string     `json:"loaded,omitempty"`
	Bits       int        `json:"credited_bits"`
	LastSave   *time.Time `json:"last_save,omitempty"`
	Error      string     `json:"error,omitempty"` // of the last save; empty when it succeeded
	Creditable bool       `json:"creditable"`
}

// File is the state of one exchange file.
type File struct {
	Path     string     `json:"path"`
	Cycles   uint64     `json:"cycles"`
	Skipped  uint64     `json:"skipped"`
	LastStir *time.Time `json:"last_stir,omitempty"`
	Locked   float64    `json:"longest_lock_seconds"` // that we have held its lock
	Error    string     `json:"error,omitempty"`
}

// Socket is one listening address.
type Socket struct {
	Address string `json:"address"`
	Missing bool   `json:"missing,omitempty"` // its path no longer leads to our socket
	Error   string `json:"error,omitempty"`   // why it cannot be opened, or does not answer
}

// Clients counts what the public sockets did.
type Clients struct {
	Now          int64             `json:"connected"`
	Ever         uint64            `json:"admitted"`
	Requests     map[string]uint64 `json:"requests"` // by command
	BytesOut     uint64            `json:"sent_bytes"`
	Short        uint64            `json:"short_replies"`     // while seeded: always 0
	Empty        uint64            `json:"empty_replies"`     // while unseeded
	Refused      map[string]uint64 `json:"refused,omitempty"` // by reason
	LastRefusal  *time.Time        `json:"last_refusal,omitempty"`
	Unknown      uint64            `json:"unknown_commands"`
	Partial      uint64            `json:"partial_requests"`
	Timeouts     uint64            `json:"timeouts"`
	CreditDenied uint64            `json:"credit_denied"` // writes that claimed bits and were not credited
}

// Process is what the operating system gave.
type Process struct {
	Upgrades   uint64   `json:"upgrades"`
	Sandbox    []string `json:"protections"`                   // protections in force
	Missing    []string `json:"protections_missing,omitempty"` // protections that are not available, and why
	Nice       int      `json:"nice"`                          // 0 as well where it is not known
	Goroutines int      `json:"goroutines"`                    // of the program that runs now
	Heap       uint64   `json:"heap_bytes"`                    // of its objects, some of them dead
}

// Config is what was read from prngd.conf.
type Config struct {
	Path     string   `json:"path,omitempty"`
	Commands int      `json:"commands"`
	Undef    int      `json:"undef"`
	Rejected int      `json:"rejected"`
	Pending  []string `json:"needs_restart,omitempty"` // what a reload could not apply
}

// When is t for a Report, by the clock as it goes now: nil if it has not come yet.
// So an age is right also when the clock was set meanwhile.
func When(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	now := time.Now()
	t = now.Add(-now.Sub(t)).UTC() // Sub uses the monotonic clock where t has it
	return &t
}
