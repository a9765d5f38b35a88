package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"

	"prngd/cmd/egdquery/internal/top"
	"prngd/cmd/egdquery/internal/watch"
)

// ECMA-48, and xterm's private modes that every terminal emulator has: the
// alternate screen, no cursor, no line wrap. Nothing here asks the terminal.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
	leaveScreen = "\x1b[?7h\x1b[?25h\x1b[?1049l"
	homeCursor  = "\x1b[H"
	eraseLine   = "\x1b[K"
	clearLine   = "\r" + eraseLine
	controlZ    = "\x1a"
)

// terminal is the screen of top: keys come in one by one, and a picture goes out
// whole.
type terminal struct {
	in, out *os.File
	before  *term.State // nil: the screen is not ours now
}

func newTerminal(in, out *os.File) *terminal { return &terminal{in: in, out: out} }

// enter takes the screen.
func (t *terminal) enter() error {
	before, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("using the terminal: %w", err)}
	}
	t.before = before
	_, err = io.WriteString(t.out, enterScreen)
	return outputError(err)
}

// leave gives the screen back as it was.
func (t *terminal) leave() {
	if t.before == nil {
		return
	}
	io.WriteString(t.out, leaveScreen)
	term.Restore(int(t.in.Fd()), t.before)
	t.before = nil
}

// run shows samples until a key or ctx ends it.
func (t *terminal) run(ctx context.Context, screen *top.Model, samples <-chan watch.Sample) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGWINCH, syscall.SIGCONT, syscall.SIGHUP)
	defer signal.Stop(signals)
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	keys := readKeys(t.in)
	for {
		if err := t.draw(screen); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case s := <-samples:
			screen.Show(s)
		case key, open := <-keys:
			if !open || key != controlZ && screen.Press(key) {
				return nil
			}
			if key == controlZ {
				t.leave()
				syscall.Kill(os.Getpid(), syscall.SIGTSTP) // returns when we are continued
			}
		case s := <-signals:
			if s == syscall.SIGHUP {
				return nil
			}
			if s == syscall.SIGCONT { // the shell may have changed the terminal
				t.leave()
				if err := t.enter(); err != nil {
					return err
				}
			}
		}
	}
}

// draw writes the whole screen, unless it is not ours.
func (t *terminal) draw(screen *top.Model) error {
	if t.before == nil {
		return nil
	}
	// A serial line has no size: 0 by 0. The screen keeps its 80 by 24 then.
	if width, height, err := term.GetSize(int(t.out.Fd())); err == nil && width > 0 && height > 0 {
		screen.Resize(width, height)
	}
	picture := strings.ReplaceAll(screen.View(), "\n", eraseLine+"\r\n")
	_, err := io.WriteString(t.out, homeCursor+picture+eraseLine)
	return outputError(err)
}

// readKeys gives each key, an escape sequence in one piece, until the input ends.
// It reads on until the process ends: nothing else reads the terminal then.
func readKeys(in io.Reader) <-chan string {
	keys := make(chan string)
	go func() {
		defer close(keys)
		var buf [32]byte
		for {
			n, err := in.Read(buf[:])
			if err != nil {
				return
			}
			for rest := string(buf[:n]); rest != ""; {
				size := keyLength(rest)
				keys <- rest[:size]
				rest = rest[size:]
			}
		}
	}()
	return keys
}

// keyLength returns the length of the first key of what a terminal sent: ESC [
// parameters letter, ESC O letter, or one byte.
func keyLength(sent string) int {
	if len(sent) < 3 || sent[0] != 0x1b || sent[1] != '[' && sent[1] != 'O' {
		return 1
	}
	for i := 2; i < len(sent); i++ {
		if sent[i] >= '@' && sent[i] <= '~' {
			return i + 1
		}
	}
	return len(sent)
}
