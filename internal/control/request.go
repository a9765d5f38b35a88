package control

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The verbs. All but Status change something and are for uid 0 and the uid
// that started the daemon.
const (
	Status  = "status"  // the Report
	Reseed  = "reseed"  // answered once new state is in use
	Save    = "save"    // answered once the seed file is on disk
	Reload  = "reload"  // as SIGHUP
	Upgrade = "upgrade" // as SIGUSR2; answered by the new program, or with the reason why not
)

var verbs = []string{Status, Reseed, Save, Reload, Upgrade}

// maxLine bounds a request; the longest verb and a newline take 8 bytes.
const maxLine = 64

// An Answer is the one JSON object that a request gets.
type Answer struct {
	Version int     `json:"version"`
	Error   string  `json:"error,omitempty"`  // empty: done
	Denied  bool    `json:"denied,omitempty"` // the error is about who asks, not about what
	Report  *Report `json:"report,omitempty"`
}

// RefusedError is a daemon's answer that it did not do what it was asked.
type RefusedError struct {
	Reason string // the daemon's own words
	Denied bool   // others may ask this
}

func (e *RefusedError) Error() string { return e.Reason }

// readRequest reads one line and returns its verb.
func readRequest(r io.Reader) (string, error) {
	line, err := bufio.NewReaderSize(io.LimitReader(r, maxLine), maxLine).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("reading control request: expected one line of at most %d bytes: %w", maxLine, err)
	}
	verb := strings.TrimRight(line, "\r\n")
	if !slices.Contains(verbs, verb) {
		return "", fmt.Errorf("control request %q: expected one of %s", verb, strings.Join(verbs, ", "))
	}
	return verb, nil
}

// Ask sends one verb over rw and returns the report that came with the answer,
// if any. Deadlines are the caller's. A refusal is a [RefusedError].
func Ask(rw io.ReadWriter, verb string) (*Report, error) {
	// Who may ask for nothing is told so before he asks: the answer matters even
	// where the request found nobody.
	_, unsent := io.WriteString(rw, verb+"\n")
	var a Answer
	if err := json.NewDecoder(rw).Decode(&a); err != nil && unsent != nil {
		return nil, fmt.Errorf("sending control request: %w", unsent)
	} else if err != nil {
		return nil, fmt.Errorf("reading control answer: %w", err)
	}
	if a.Error != "" {
		return nil, &RefusedError{a.Error, a.Denied}
	}
	if a.Version != Version {
		return nil, fmt.Errorf("control answer is of version %d, expected %d", a.Version, Version)
	}
	return a.Report, nil
}
