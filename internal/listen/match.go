package listen

import (
	"errors"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"prngd/egdproto"
)

// holding returns the socket of the set that is at e, nil if there is none. A
// supervisor's may have another form of the same address: systemd listens on
// [::] for a port alone.
func (t *transition) holding(e endpoint, key string) *holding {
	for _, h := range t.held {
		if h.taken {
			continue
		}
		if h.key == key || h.slot.supervised && anyHost(e, endpointOf(h.Listener)) {
			return h
		}
	}
	return nil
}

// anyHost reports whether both are all addresses of one port.
func anyHost(a, b endpoint) bool {
	return a.path == "" && b.path == "" && a.addr.Port() == b.addr.Port() &&
		a.addr.Addr().IsUnspecified() && b.addr.Addr().IsUnspecified()
}

// satisfies reports whether h can go on as it is for o. Mode and group of a
// supervisor's socket are the supervisor's.
func (h *holding) satisfies(o *Options) bool {
	if h.slot.supervised || o.Address.Network == "tcp" {
		return true
	}
	return h.opened.mode == o.Mode.Perm() && h.opened.gid == o.GID && !h.Missing()
}

// missingFamily is the error of an address family that this host does not have.
func missingFamily(err error) bool {
	return errors.Is(err, unix.EADDRNOTAVAIL) || errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EPROTONOSUPPORT)
}

// keepUnresolved keeps the sockets of a line whose host name cannot be looked up
// now: nothing says that its address is another.
func (t *transition) keepUnresolved(sl *slot, w *wanted) bool {
	if len(w.endpoints) > 0 {
		return false
	}
	t.keepLine(sl, w)
	return len(sl.sockets) > 0
}

// keepLine gives sl the sockets of the slot that had the same address, as far as
// they are not taken.
func (t *transition) keepLine(sl *slot, w *wanted) {
	for _, h := range t.held {
		if !h.taken && (h.slot.options.Address == w.Address || slices.Contains(w.keys, h.key)) {
			h.taken = true
			sl.sockets = append(sl.sockets, h.Listener)
			sl.supervised = sl.supervised || h.slot.supervised
		}
	}
}

// keepAlike gives lines that have failed, and have no socket, those that may have
// been theirs and that no line has: the program of an upgrade gives up no socket
// because it cannot look at a path.
func (t *transition) keepAlike() {
	for _, sl := range t.slots {
		for _, h := range t.held {
			if sl.err == nil || h.taken || len(sl.sockets) > 0 || !alike(sl.options.Address, h.Address()) {
				continue
			}
			h.taken = true
			sl.sockets, sl.supervised = append(sl.sockets, h.Listener), h.slot.supervised
		}
	}
}

// alike reports whether two addresses may be one in two forms.
func alike(a, b egdproto.Address) bool {
	return a.Network == b.Network && a.Port == b.Port && filepath.Base(a.Path) == filepath.Base(b.Path)
}

// fallBack undoes what was opened for a line, from the opening at began on, and
// keeps the sockets that it had.
func (t *transition) fallBack(sl *slot, w *wanted, began int) {
	opened := t.openings[began:]
	for _, p := range slices.Backward(opened) {
		sl.sockets = slices.DeleteFunc(sl.sockets, func(l *Listener) bool { return l == p.listener })
		p.undo()
		t.free(p.replaces)
	}
	t.openings = t.openings[:began]
	t.keepLine(sl, w)
}

// free makes ls sockets that a line may take.
func (t *transition) free(ls []*Listener) {
	for _, h := range t.held {
		if slices.Contains(ls, h.Listener) {
			h.taken = false
		}
	}
}

// keepSupervised serves the sockets of a supervisor that no line names: the unit
// asks for them, and one for TCP lets in this host alone.
func (t *transition) keepSupervised() {
	for _, h := range t.held {
		if h.taken || !h.slot.supervised {
			continue
		}
		h.taken = true
		t.slots = append(t.slots, &slot{
			options: Options{Address: h.Address(), GID: -1}, sockets: []*Listener{h.Listener}, supervised: true,
		})
		t.unnamed = append(t.unnamed, h.Listener)
	}
}

// withoutDefault leaves out the line that nobody asked for, if a supervisor has
// other sockets for us.
func (t *transition) withoutDefault(lines []*wanted) []*wanted {
	if !slices.ContainsFunc(t.held, func(h *holding) bool { return h.slot.supervised }) {
		return lines
	}
	return slices.DeleteFunc(lines, func(w *wanted) bool {
		return w.Default && !slices.ContainsFunc(w.keys, func(key string) bool {
			return slices.ContainsFunc(t.held, func(h *holding) bool { return h.key == key })
		})
	})
}
