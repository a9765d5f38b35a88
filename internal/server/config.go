package server

import (
	"time"

	"github.com/sirupsen/logrus"

	"prngd/internal/peercred"
	"prngd/internal/prng"
)

// Config is what a Server needs. Generator and Log are required.
type Config struct {
	Generator *prng.Generator
	Log       *logrus.Logger
	PID       int // the answer to command 4; 0: that of this process

	// UnseededWait is how long command 1 waits for the first seed, 0 to 9 s;
	// then it is answered with nothing. Command 2 waits without a limit.
	UnseededWait time.Duration

	MaxConnections int // 0: DefaultConnections; the caller knows whether descriptors allow less
	PerUID         int // 0: half of MaxConnections

	// CreditsWrites is the write-credit policy: it reports whether what this Unix
	// peer claims for its writes may count. Nil credits no writes. It is never
	// asked about uid 65534.
	CreditsWrites func(peercred.Cred) bool
	// Alone reports whether the writes of a peer that CreditsWrites has let count may
	// seed the generator by themselves. Those of all others together count for half
	// of the first seed at most. Nil: nobody's may.
	Alone func(peercred.Cred) bool
}

// maxUnseededWait keeps command 1 inside the 10 s that Postfix waits.
const maxUnseededWait = 9 * time.Second

// nobody is the uid that systems give to users that have none here: those of
// another container, the root of an NFS client. It stands for no user in particular.
const nobody = 65534

// creditsWrites reports whether what a Unix peer claims for its writes may count by
// this policy.
func creditsWrites(policy func(peercred.Cred) bool, c peercred.Cred) bool {
	return policy != nil && c.UID != -1 && c.UID != nobody && policy(c)
}
