package daemon

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// FuzzHandover: a document that is read is of our version, says the same once it
// is written again, and names every descriptor that is to be closed on exec.
func FuzzHandover(f *testing.F) {
	for _, document := range []string{
		`{"version":1,"places":[{"options":{"Address":{"Network":"unix","Path":"/run/egd-pool"},"Mode":438},"fds":[4,5]}],` +
			`"control":[{"options":{},"fds":[6]}],"pid_file":{"path":"/run/prngd.pid","fd":7},"seed":{"path":"/s","fd":8,"dir":9},` +
			`"exchanges":[{"path":"/x","fd":13}],"sources":{"devices":[{"path":"/dev/hwrng","fd":14}]},"runner":[10,11],"connections":[{"FD":12,"Queue":"AQ==","Begun":5,"Blocked":-1,"Stuck":-1,"UID":0,"Age":7}],` +
			`"report":{"version":1,"started":"2026-01-31T12:00:00Z"}}`,
		`{"version":1,"pid_file":{"fd":7},"seed":{"fd":8}}`, // without a name there is no file
		`{"version":1,"connections":[{"FD":"12"}]}`,
		`{"version":1,"connections":[{"Queue":"?"}]}`,
		`{"version":2}`, `{"version":1}{}`, `{"VERSION":1,"places":null}`, `null`, ``,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		h, err := readHandover(document)
		if err != nil {
			if h != nil {
				t.Errorf("%q: %v, and %+v all the same", document, err, h)
			}
			return
		}
		if h.Version != handoverVersion {
			t.Errorf("%q: of version %d", document, h.Version)
		}
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatalf("%q: read, but not written: %v", document, err)
		}
		again, err := readHandover(text)
		if err != nil {
			t.Fatalf("%q: written as %s: %v", document, text, err)
		}
		once, twice := values(h), values(again)
		if !reflect.DeepEqual(once, twice) {
			t.Errorf("%q\nis %+v\nand again %+v", document, once, twice)
		}
		if !slices.Equal(h.descriptors(), again.descriptors()) {
			t.Errorf("%q: descriptors %v, and again %v", document, h.descriptors(), again.descriptors())
		}
		for _, fd := range named(h) {
			if !slices.Contains(h.descriptors(), fd) {
				t.Errorf("%q: descriptor %d would outlive an exec", document, fd)
			}
		}
	})
}

// named returns the descriptors that belong to something.
func named(h *handover) (fds []int) {
	for _, f := range slices.Concat(h.Exchanges, []handedFile{h.PIDFile, h.Seed}) {
		if f.Path != "" {
			fds = append(fds, f.FD)
		}
	}
	for _, c := range h.Connections {
		fds = append(fds, c.FD)
	}
	if h.Sources != nil {
		for _, d := range h.Sources.Devices {
			fds = append(fds, d.FD)
		}
	}
	return append(fds, h.Runner...)
}

// values is h as values: an empty list is as good as none, and a time is a moment.
func values(h *handover) any {
	text, _ := json.Marshal(h)
	var v any
	json.Unmarshal(text, &v)
	return v
}
