package main

import (
	"encoding/base64"
	"encoding/hex"
	"io"
)

// lineLength of base64 is PEM's, RFC 7468 section 2.
const lineLength = 64

// encoder returns standard output behind the encoding that the options ask
// for; a terminal gets no raw bytes, but hexadecimal. Closing it ends the last
// line; standard output stays open.
func (c *call) encoder() (io.WriteCloser, error) {
	switch w := c.stdout; {
	case c.hex && c.base64:
		return nil, usageError("options --hex and --base64: expected one of them")
	case c.hex, !c.base64 && isTerminal(w):
		l := &lines{w: w}
		return &encoding{Writer: hex.NewEncoder(l), ends: []io.Closer{l}}, nil
	case c.base64:
		l := &lines{w: w, length: lineLength}
		e := base64.NewEncoder(base64.StdEncoding, l)
		return &encoding{Writer: e, ends: []io.Closer{e, l}}, nil
	default:
		return &encoding{Writer: w}, nil
	}
}

// encoding is a writer with what is to be closed after it, in order.
type encoding struct {
	io.Writer
	ends []io.Closer
}

func (e *encoding) Close() error {
	for _, end := range e.ends {
		if err := end.Close(); err != nil {
			return err
		}
	}
	return nil
}

// lines breaks text into lines of length bytes, 0 for a single one.
type lines struct {
	w      io.Writer
	length int
	column int
}

func (l *lines) Write(p []byte) (int, error) {
	var out []byte
	for rest := p; len(rest) > 0; {
		n := len(rest)
		if l.length > 0 {
			if l.column == l.length {
				out, l.column = append(out, '\n'), 0
			}
			n = min(n, l.length-l.column)
		}
		out, rest = append(out, rest[:n]...), rest[n:]
		l.column += n
	}
	if _, err := l.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close ends the line that was begun, if any.
func (l *lines) Close() error {
	if l.column == 0 {
		return nil
	}
	l.column = 0
	_, err := io.WriteString(l.w, "\n")
	return err
}
