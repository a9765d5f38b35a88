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
	// maxText bounds all configuration files together, so that a mistaken path
	// does not fill the memory.
	maxText = 16 << 20
)

// Parse reads a prngd.conf that includes no other file; name is what messages
// call it.
//
// The error joins what is wrong in lines of ours, each with file, line and
// what was expected. Other bad lines are skipped, as PRNGD does, and listed in
// Problems, unless they look like a directive that is misspelt. The Config holds
// what was understood, with an error as well: for a report, not for use.
func Parse(name string, r io.Reader) (*Config, error) {
	p := newParser()
	p.read(name, r)
	return p.c, errors.Join(p.errs...)
}

// parser reads one configuration, a line at a time.
type parser struct {
	directives []Directive
	name       string // of the file that is read
	at         int    // the line in that file, from 1
	c          *Config
	errs       []error
	include    func(path string) error // nil: include is an error
}

func newParser() *parser { return &parser{directives: Directives(), c: Default()} }

// where is "FILE:LINE" of the line that is read.
func (p *parser) where() string { return fmt.Sprintf("%s:%d", p.name, p.at) }

// read reads one file in the middle of another one.
func (p *parser) read(name string, r io.Reader) {
	outer, at := p.name, p.at
	p.name, p.at = name, 0
	defer func() { p.name, p.at = outer, at }()
	limit := &io.LimitedReader{R: r, N: maxText + 1}
	in := bufio.NewReaderSize(limit, maxLine+1) // the newline included
	if err := beginning(in); err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s:1: %w", name, err))
		return
	}
	for {
		line, long, err := readLine(in)
		if limit.N == 0 {
			p.errs = append(p.errs, tooLong(name))
			return
		}
		if err == nil || len(line) > 0 {
			p.line(line, long)
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			p.errs = append(p.errs, fmt.Errorf("reading %s: %w", name, err))
			return
		}
	}
}

func tooLong(name string) error {
	return fmt.Errorf("%s: expected at most %d MiB, is this a prngd.conf?", name, maxText>>20)
}

// beginning skips the byte order mark of UTF-8, which editors of other systems
// write, and refuses UTF-16, in which no line would be understood.
func beginning(in *bufio.Reader) error {
	b, _ := in.Peek(3)
	if string(b) == "\uFEFF" {
		_, err := in.Discard(3)
		return err
	}
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		return errors.New("found UTF-16 text, expected ASCII or UTF-8")
	}
	return nil
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

// line files one line under what it is. A carriage return at the end is the
// other half of a newline.
func (p *parser) line(s string, long bool) {
	p.at++
	p.c.Lines.All++
	s = strings.TrimRight(s, blanks+"\r")
	s = strings.TrimLeft(s, blanks)
	word, rest := cutWord(s)
	switch d := p.find(word); {
	case s == "" && !long:
		p.c.Lines.Blank++
	case strings.ContainsAny(s, "\x00\r"):
		p.foreign(s)
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
		p.strange(s)
	}
}

// foreign refuses a line that only a damaged file has, or one whose lines end
// as no Unix system's do: every line of it could be lost.
func (p *parser) foreign(s string) {
	message := "found a NUL byte, expected text"
	if strings.IndexByte(s, 0) < 0 {
		message = "found a carriage return within a line, expected lines that end in a newline"
	}
	p.reject(message)
	p.errs = append(p.errs, fmt.Errorf("%s: %s", p.where(), message))
}

func (p *parser) find(name string) *Directive {
	for i := range p.directives {
		if p.directives[i].Name == name {
			return &p.directives[i]
		}
	}
	return nil
}

func (p *parser) names() (names []string) {
	for _, d := range p.directives {
		names = append(names, d.Name)
	}
	return names
}

func (p *parser) directive(d *Directive, rest string, long bool) {
	words, err := split(rest)
	switch {
	case long:
		err = fmt.Errorf("expected a line of at most %d bytes", maxLine)
	case err == nil:
		err = d.parse(&line{c: p.c, where: p.where(), warn: p.warn, include: p.include}, words)
	}
	if err != nil {
		p.errs = append(p.errs, fmt.Errorf("%s: %s: %w", p.where(), d.Name, err))
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
	e.Where = p.where()
	p.c.Commands = append(p.c.Commands, e)
	for _, w := range warning {
		p.warn(w)
	}
}

// strange reports a line that is neither a directive nor an entry. One that was
// meant as a directive is an error: skipped, it would leave the daemon with
// another socket, or another credit, than its admin expects.
func (p *parser) strange(s string) {
	word, _ := cutWord(s)
	message := fmt.Sprintf("expected a directive or a quoted command, found %.40q", word)
	meant := nearest(word, p.names())
	if meant != "" {
		message += fmt.Sprintf(": did you mean %s?", meant)
	}
	p.reject(message)
	if meant != "" && !unquoted(s) {
		p.errs = append(p.errs, fmt.Errorf("%s: %s", p.where(), message))
	}
}

func (p *parser) reject(message string) {
	p.c.Rejected++
	p.c.Problems = append(p.c.Problems, Problem{File: p.name, Line: p.at, Message: message})
}

func (p *parser) warn(message string) {
	p.c.Problems = append(p.c.Problems, Problem{File: p.name, Line: p.at, Message: message, Warning: true})
}
