package server

import (
	"fmt"
	"runtime"
	"sync"

	"prngd/internal/prng"
)

// buffer is where one step makes its replies, in memory for secrets.
type buffer struct {
	random, reply []byte // stepBytes each
}

// scrub erases what a step of so many bytes left.
func (b *buffer) scrub(random, reply int) {
	clear(b.random[:random])
	clear(b.reply[:reply])
}

// buffers lends buffers. A few are enough for any number of connections,
// because a step never waits for its peer: what is not taken is made afresh.
type buffers struct {
	free chan *buffer
	mu   sync.Mutex
	made int
}

// prepare makes the first buffer; others follow as they are needed.
func (b *buffers) prepare() error {
	b.free = make(chan *buffer, 2*runtime.GOMAXPROCS(0))
	first, err := b.make()
	if err != nil {
		return fmt.Errorf("making a reply buffer: %w", err)
	}
	b.free <- first
	return nil
}

func (b *buffers) get() *buffer {
	select {
	case got := <-b.free:
		return got
	default:
	}
	if got, err := b.make(); err == nil && got != nil {
		return got
	}
	return <-b.free
}

func (b *buffers) put(used *buffer) { b.free <- used }

// make maps one more, or returns nil if there are enough.
func (b *buffers) make() (*buffer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.made == cap(b.free) {
		return nil, nil
	}
	m, err := prng.NewSecret(2 * stepBytes)
	if err != nil {
		return nil, err
	}
	b.made++
	return &buffer{random: m[:stepBytes], reply: m[stepBytes:]}, nil
}
