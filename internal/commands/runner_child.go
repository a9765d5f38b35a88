package commands

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// RunnerChild says whether argv is that of a process which StartRunner started,
// and returns its task and conversations. There are none if the parent has
// ended meanwhile.
func RunnerChild(argv []string) (is bool, task string, lines []net.Conn) {
	if len(argv) != 2 || argv[1] != runnerArgument {
		return false, "", nil
	}
	words := strings.SplitN(os.Getenv(runnerVariable), ":", 3)
	os.Unsetenv(runnerVariable)
	if len(words) != 3 || words[0] != strconv.Itoa(os.Getppid()) {
		return true, "", nil
	}
	n, err := strconv.Atoi(words[1])
	if err != nil {
		return true, "", nil
	}
	for fd := firstConversation; fd < firstConversation+min(n, 64); fd++ {
		unix.CloseOnExec(fd)
		f := os.NewFile(uintptr(fd), "runner")
		line, err := net.FileConn(f)
		f.Close()
		if err != nil {
			return true, "", nil
		}
		lines = append(lines, line)
	}
	return true, words[2], lines
}

// ServeRunner answers requests by do until every conversation has ended, that
// is until the daemon has. The context of a request ends with its conversation.
func ServeRunner(lines []net.Conn, do func(context.Context, []byte) ([]byte, error)) {
	var all sync.WaitGroup
	for _, line := range lines {
		all.Go(func() { serveLine(line, do) })
	}
	all.Wait()
}

// maxWaiting is how many requests may lie in a conversation while one is worked
// on: one for each that the daemon gave up waiting for.
const maxWaiting = 64

// serveLine reads on while a request is worked on, so that the end of the daemon
// is noticed at once.
func serveLine(line net.Conn, do func(context.Context, []byte) ([]byte, error)) {
	defer line.Close()
	ctx, end := context.WithCancel(context.Background())
	requests := make(chan []byte, maxWaiting)
	go func() {
		defer close(requests)
		defer end()
		for {
			request, err := readFrame(line)
			if err != nil || len(request) < 8 {
				return
			}
			requests <- request
		}
	}()
	defer end()
	for request := range requests {
		if answerOne(ctx, line, request, do) != nil {
			return
		}
	}
}

func answerOne(ctx context.Context, line net.Conn, request []byte, do func(context.Context, []byte) ([]byte, error)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	problem := ""
	answer, err := do(ctx, request[8:])
	if err != nil {
		problem = err.Error()
	}
	if err := writeFrame(line, request[:8], []byte(problem)); err != nil {
		return err
	}
	return writeFrame(line, answer)
}

// errBetween says that no answer has begun: the stream is in step.
var errBetween = errors.New("no answer in time")

func writeFrame(w io.Writer, parts ...[]byte) error {
	body := slices.Concat(parts...)
	_, err := w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if n, err := io.ReadFull(r, head[:]); err != nil {
		if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errBetween
		}
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("frame of %d bytes, expected at most %d", n, maxFrame)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}
