package control

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"prngd/egdproto"
	"prngd/internal/peercred"
)

// The verbs. All but Status are for uid 0 and the uid that started the daemon.
const (
	Status  = "status"  // the Report
	Reseed  = "reseed"  // answered once new state is in use
	Save    = "save"    // answered once the seed file is on disk
	Reload  = "reload"  // as SIGHUP
	Upgrade = "upgrade" // as SIGUSR2; answered by the new program, or with the reason why not
	Fresh   = "fresh"   // "fresh N": N bytes, 1 to MaxFresh, made after a reseed that this request caused
)

var verbs = []string{Status, Reseed, Save, Reload, Upgrade, Fresh}

const (
	// maxLine bounds a request; the longest one and a newline take 12 bytes.
	maxLine = 64
	// MaxFresh is the most bytes that one Fresh request gives: as many as one
	// generate request of SP 800-90A Hash_DRBG may.
	MaxFresh = 1 << 16
	// maxAnswer bounds an answer. A report of 1,000 sources takes 400 KiB.
	maxAnswer = 4 << 20
)

// An Answer is the one JSON object that a request gets.
type Answer struct {
	Version int     `json:"version"`
	Error   string  `json:"error,omitempty"`  // empty: done
	Denied  bool    `json:"denied,omitempty"` // the error is about the user that asks, not about the request
	Status  int     `json:"status,omitempty"` // exit status for the error: 75, it may work later; 78, it never can
	Report  *Report `json:"report,omitempty"`
	Data    []byte  `json:"data,omitempty"` // of Fresh; base64
}

// RefusedError is a daemon's answer that it did not do what it was asked. An
// action of a [Handler] may return one to choose its Status.
type RefusedError struct {
	Reason string // the daemon's own words
	Denied bool   // others may ask this
	Status int    // as in Answer; 0 is 75
}

// Error returns the reason.
func (e *RefusedError) Error() string { return e.Reason }

// request is a verb with its number, which only Fresh has.
type request struct {
	verb string
	n    int
}

// errEGD is about a client of the EGD protocol: no request of ours begins with one
// of its commands.
var errEGD = errors.New("reading control request: found one of the EGD protocol")

// readLine reads the request, of which said has come before. With an error it
// returns what there is of it.
func readLine(r io.Reader, said string) (string, error) {
	all := io.LimitReader(io.MultiReader(strings.NewReader(said), r), maxLine)
	in := bufio.NewReaderSize(all, maxLine)
	if first, _ := in.Peek(1); len(first) == 1 && first[0] <= byte(egdproto.PID) {
		return "", errEGD
	}
	line, err := in.ReadString('\n')
	if err != nil {
		return line, fmt.Errorf("reading control request: expected one line of at most %d bytes: %w", maxLine, peercred.WithoutName(err))
	}
	return line, nil
}

// parseRequest parses a line.
func parseRequest(line string) (request, error) {
	line = strings.TrimRight(line, "\r\n")
	verb, number, numbered := strings.Cut(line, " ")
	if !slices.Contains(verbs, verb) || numbered != (verb == Fresh) {
		return request{}, fmt.Errorf("control request %q: expected one of %s N", line, strings.Join(verbs, ", "))
	}
	if !numbered {
		return request{verb: verb}, nil
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n < 1 || n > MaxFresh {
		return request{}, fmt.Errorf("control request %q: expected %s and a number from 1 to %d", line, Fresh, MaxFresh)
	}
	return request{verb, int(n)}, nil
}

// Ask sends one verb over rw and returns the report that came with the answer,
// if any, its text cleaned as by [Clean]. An answer over 4 MiB is an error.
// Deadlines are the caller's. A refusal is a [RefusedError].
func Ask(rw io.ReadWriter, verb string) (*Report, error) {
	a, err := exchange(rw, verb)
	if err != nil {
		return nil, err
	}
	return a.Report, nil
}

// AskFresh asks for n bytes, 1 to [MaxFresh], that are made after a reseed which
// this request causes. Errors are those of [Ask].
func AskFresh(rw io.ReadWriter, n int) ([]byte, error) {
	a, err := exchange(rw, Fresh+" "+strconv.Itoa(n))
	if err != nil {
		return nil, err
	}
	if len(a.Data) != n {
		clear(a.Data)
		return nil, fmt.Errorf("control answer has %d bytes of data, expected %d", len(a.Data), n)
	}
	return a.Data, nil
}

func exchange(rw io.ReadWriter, line string) (*Answer, error) {
	// A refusal may come before the request, and the daemon then closes: the
	// answer matters even if the request could not be sent.
	_, unsent := io.WriteString(rw, line+"\n")
	a, err := readAnswer(rw)
	switch {
	case err != nil && unsent != nil:
		return nil, fmt.Errorf("sending control request: %w", unsent)
	case err == io.EOF:
		return nil, errors.New("reading control answer: found none before the end, expected prngd's control socket")
	case err != nil:
		return nil, fmt.Errorf("reading control answer: %w", err)
	case a.Error != "":
		return nil, &RefusedError{a.Error, a.Denied, a.Status}
	case a.Version != Version:
		return nil, fmt.Errorf("control answer is of version %d, expected %d", a.Version, Version)
	}
	return a, nil
}

// readAnswer reads an answer and cleans its text: this is the only place where
// an admin's program takes in what a daemon says of itself.
func readAnswer(r io.Reader) (*Answer, error) {
	limited := &io.LimitedReader{R: r, N: maxAnswer}
	a := new(Answer)
	err := json.NewDecoder(limited).Decode(a)
	if err != nil && limited.N <= 0 {
		return nil, fmt.Errorf("expected at most %d MiB", maxAnswer>>20)
	}
	if err != nil {
		return nil, err
	}
	cleanStrings(a)
	return a, nil
}
