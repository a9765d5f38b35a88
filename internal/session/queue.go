package session

import "sync"

// QueueBytes bounds what a session keeps of its input, also while it waits for a
// seed: the 4 KiB of protocol row 5. It is more than the longest request.
const QueueBytes = 4096

// spareBuffers lends buffers of QueueBytes. Those that it keeps are erased.
type spareBuffers struct{ pool sync.Pool }

func (b *spareBuffers) get() *[QueueBytes]byte {
	if spare, ok := b.pool.Get().(*[QueueBytes]byte); ok {
		return spare
	}
	return new([QueueBytes]byte)
}

func (b *spareBuffers) put(buffer *[QueueBytes]byte) {
	clear(buffer[:])
	b.pool.Put(buffer)
}

// queue is what a peer has sent and not been answered yet, in wire form. The few
// bytes of the usual request live in it; more borrow a buffer.
type queue struct {
	small      [16]byte
	big        *[QueueBytes]byte
	head, tail uint16
}

func (q *queue) store() []byte {
	if q.big != nil {
		return q.big[:]
	}
	return q.small[:]
}

func (q *queue) bytes() []byte { return q.store()[q.head:q.tail] }

func (q *queue) len() int { return int(q.tail - q.head) }

// append adds in, which may be as long as the session has room for.
func (q *queue) append(in []byte, spare *spareBuffers) {
	need := q.len() + len(in)
	if need > QueueBytes {
		panic("internal error: more input than the session has room for")
	}
	if q.big == nil && need > len(q.small) {
		q.moveTo(spare.get())
	}
	if int(q.tail)+len(in) > len(q.store()) {
		q.moveToFront(q.store())
		clear(q.store()[q.tail:])
	}
	q.tail += uint16(copy(q.store()[q.tail:], in))
}

// moveTo continues in a borrowed buffer.
func (q *queue) moveTo(big *[QueueBytes]byte) {
	q.moveToFront(big[:])
	q.big = big
	clear(q.small[:])
}

// moveToFront moves what is queued to the beginning of store.
func (q *queue) moveToFront(store []byte) {
	q.tail = uint16(copy(store, q.bytes()))
	q.head = 0
}

// pop erases the first n bytes, because a client may write a secret, and gives
// back a buffer that is no longer needed.
func (q *queue) pop(n int, spare *spareBuffers) {
	clear(q.bytes()[:n])
	q.head += uint16(n)
	if q.big == nil || q.len() > len(q.small) {
		return
	}
	big := q.big
	q.moveToFront(q.small[:])
	q.big = nil
	spare.put(big)
}
