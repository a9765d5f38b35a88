package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	maxLine = 64 << 10
	// maxFile keeps a mistaken "-c /dev/zero" from reading for ever.
	maxFile = 16 << 20
)

const blanks = " \t"

// Parse reads a prngd.conf; name is what messages call it.
//
// The error joins what is wrong in lines of ours, each with file, line and
// what was expected. Other bad lines are skipped, as PRNGD does, and told in
// Problems. The Config holds what was understood, with an error as well: for
// a report, not for use.
func Parse(name string, r io.Reader) (*Config, error) {
	p := parser{name: name, directives: Directives(), c: Default()}
	limit := &io.LimitedReader{R: r, N: maxFile + 1}
	in := bufio.NewReaderSize(limit, maxLine+1) // the newline included
	for {
		line, long, err := readLine(in)
		if limit.N == 0 {
			p.errs = append(p.errs, fmt.Errorf("%s: expected at most %d MiB, is this a prngd.conf?", name, maxFile>>20))
			break
		}
		if err == nil || len(line) > 0 {
			p.line(line, long)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			p.errs = append(p.errs, fmt.Errorf("reading %s: %w", name, err))
			break
		}
	}
	return p.c, errors.Join(p.errs...)
}

// readLine returns the next line without its newline. Of a line that is too
// long it returns the beginning, and skips the rest.
func readLine(in *bufio.Reader) (line string, long bool, err error) {
	b, err := in.ReadSlice('\n')
	line = string(bytes.TrimSuffix(b, []byte("\n")))
	for err == bufio.ErrBufferFull {
		long = true
		_, err = in.ReadSlice('\n')
	}
	return line, long, err
}

type parser struct {
	name       string
	directives []Directive
	c          *Config
	errs       []error
}

// line files one line under what it is. A carriage return at the end is the
// other half of a newline.
func (p *parser) line(s string, long bool) {
	p.c.Lines.All++
	s = strings.TrimRight(s, blanks+"\r")
	s = strings.TrimLeft(s, blanks)
	word, rest := cutWord(s)
	switch d := p.find(word); {
	case s == "" && !long:
		p.c.Lines.Blank++
	case strings.HasPrefix(s, "#"):
		p.c.Lines.Comment++
	case d != nil:
		p.c.Lines.Ours++
		p.directive(d, rest, long)
	case long:
		p.reject(fmt.Sprintf("expected a line of at most %d bytes", maxLine))
	case strings.HasPrefix(s, `"`):
		p.entry(s)
	default:
		p.reject(p.strange(word))
	}
}

func (p *parser) find(name string) *Directive {
	for i := range p.directives {
		if p.directives[i].Name == name {
			return &p.directives[i]
		}
	}
	return nil
}

func (p *parser) directive(d *Directive, rest string, long bool) {
	words, err := split(rest)
	switch {
	case long:
		err = fmt.Errorf("expected a line of at most %d bytes", maxLine)
	case err == nil:
		err = d.parse(p, words)
	}
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s:%d: %s: %w", p.name, p.c.Lines.All, d.Name, err))
	}
}

func (p *parser) entry(s string) {
	e, warning, err := parseEntry(s)
	switch {
	case err == errUndef:
		p.c.Undef++
		return
	case err != nil:
		p.reject(err.Error())
		return
	}
	e.Line = p.c.Lines.All
	p.c.Commands = append(p.c.Commands, e)
	for _, w := range warning {
		p.warn(w)
	}
}

func (p *parser) reject(message string) {
	p.c.Rejected++
	p.c.Problems = append(p.c.Problems, Problem{File: p.name, Line: p.c.Lines.All, Message: message})
}

func (p *parser) warn(message string) {
	p.c.Problems = append(p.c.Problems, Problem{File: p.name, Line: p.c.Lines.All, Message: message, Warning: true})
}
