package server

import "slices"

// Who asks for a little is served before those who ask for a lot: in every round
// all of the former, and of the latter no more than takes half a millisecond.
// Otherwise a round is as long as all floods together: 200 connections of writes
// made others wait for 0.2 s.
const (
	// lightBytes is what is read at first from a connection whose last step was
	// a small one: more than QEMU's burst of 67 requests, and with writes of a
	// byte each 0.1 ms of work.
	lightBytes = 512
	// inputCost is how many bytes of replies take as long as a byte of input does
	// at worst: a write of one byte is 5 of them and 0.5 us, a byte of output is
	// 5 ns.
	inputCost = 20
	// heavyCost is for the heavy ones of a round, in bytes of replies.
	heavyCost = roundBytes
)

// takeHeavy lets those have a step whose turn it is: at least one, so that it
// goes on however much others have to do.
func (l *loop) takeHeavy() {
	n := 0
	for cost := 0; n < len(l.heavy) && cost < heavyCost; n++ {
		cost += l.take(l.heavy[n])
	}
	l.heavy = slices.Delete(l.heavy, 0, n)
}

// weigh notes, after Take, whether w has a lot to do, and returns what this step
// of it costs.
func (w *wire) weigh() (cost int) {
	s := &w.session
	w.heavy = s.queue.len() >= lightBytes || s.More()
	return s.Owes() + inputCost*int(s.step)
}
