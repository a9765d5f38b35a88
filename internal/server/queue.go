package server

// queueBytes bounds what a session keeps of its input, also while it waits for
// the gate: the 4 KiB of protocol row 5. It is more than the longest request.
const queueBytes = 4096

// queue is what a peer has sent and not been answered yet, in wire form. The
// few bytes of the usual request live in it; more borrow a buffer.
type queue struct {
	small      [16]byte
	big        *[queueBytes]byte
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

// append adds in, of which there is at most what room allows.
func (q *queue) append(in []byte, svc *service) {
	need := q.len() + len(in)
	if need > queueBytes {
		panic("internal error: more input than the session has room for")
	}
	if q.big == nil && need > len(q.small) {
		q.moveTo(svc.spare.Get().(*[queueBytes]byte))
	}
	if int(q.tail)+len(in) > len(q.store()) {
		q.front(q.store())
		clear(q.store()[q.tail:])
	}
	q.tail += uint16(copy(q.store()[q.tail:], in))
}

// moveTo continues in a borrowed buffer.
func (q *queue) moveTo(big *[queueBytes]byte) {
	q.front(big[:])
	q.big = big
	clear(q.small[:])
}

// front moves what is queued to the beginning of store.
func (q *queue) front(store []byte) {
	q.tail = uint16(copy(store, q.bytes()))
	q.head = 0
}

// pop erases the first n bytes: what clients write may be somebody's secret.
func (q *queue) pop(n int, svc *service) {
	clear(q.bytes()[:n])
	q.head += uint16(n)
	if q.big == nil || q.len() > len(q.small) {
		return
	}
	big := q.big
	q.front(q.small[:])
	q.big = nil
	clear(big[:])
	svc.spare.Put(big)
}
