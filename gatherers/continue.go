package gatherers

// Continue makes counters go on from those of before, the [Runner.Stats] of a
// program that this one follows. It is called before the first Run.
func (r *Runner) Continue(before []Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = make(map[string]Status, len(before))
	for _, st := range before {
		r.before[st.Name] = st
	}
}

// continued adds what was counted before to st. mu is held.
func (r *Runner) continued(st Status) Status {
	b := r.before[st.Name]
	st.Samples += b.Samples
	st.Bytes += b.Bytes
	st.Bits += b.Bits
	st.Repeats += b.Repeats
	st.Errors += b.Errors
	st.Dropped += b.Dropped
	return st
}
