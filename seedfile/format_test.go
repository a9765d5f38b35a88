package seedfile_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"testing"

	"prngd/seedfile"
)

func sample() seedfile.Record {
	r := seedfile.Record{Generation: 258, Creditable: true}
	for i := range r.Machine {
		r.Machine[i] = 0xaa
	}
	for i := range r.Seed {
		r.Seed[i] = byte(i)
	}
	return r
}

// The layout is what the next version will have to read: spelled out by hand.
func TestLayout(t *testing.T) {
	b := seedfile.Encode(sample())
	want := "70726e676420736565642066696c650a" + "00000001" + "00000001" + "0000000000000102"
	if got := hex.EncodeToString(b[:32]); got != want {
		t.Errorf("header\n got %s\nwant %s", got, want)
	}
	if !bytes.Equal(b[128:480], make([]byte, 352)) {
		t.Error("reserved bytes are not zero")
	}
	want = "cbf823026af719e1962ab679cd521c0450744afe213617e3314b1248f24d5975"
	if got := hex.EncodeToString(b[480:]); got != want {
		t.Errorf("checksum\n got %s\nwant %s", got, want)
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := seedfile.Encode(sample())
	for i := range good {
		for bit := range 8 {
			b := good
			b[i] ^= 1 << bit
			if _, err := seedfile.Decode(b[:]); err == nil {
				t.Fatalf("bit %d of byte %d flipped: accepted", bit, i)
			}
		}
	}
	for n := range good {
		if _, err := seedfile.Decode(good[:n]); err == nil {
			t.Fatalf("%d bytes: accepted", n)
		}
	}
	if _, err := seedfile.Decode(append(good[:], 0)); !errors.Is(err, seedfile.ErrDamaged) {
		t.Errorf("one byte too many: %v", err)
	}
	if _, err := seedfile.Decode(make([]byte, seedfile.Size)); !errors.Is(err, seedfile.ErrForeign) {
		t.Errorf("zeros: %v", err)
	}
}

// FuzzDecode: what is taken for a record of ours is one to the last bit: encoded
// again it is the same bytes.
func FuzzDecode(f *testing.F) {
	b := seedfile.Encode(sample())
	f.Add(b[:])
	empty := seedfile.Encode(seedfile.Record{})
	f.Add(empty[:])
	f.Add(b[:100])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := seedfile.Decode(b)
		if err != nil {
			return
		}
		if again := seedfile.Encode(r); !bytes.Equal(again[:], b) {
			t.Errorf("%x\ndecodes, but is encoded as\n%x", b, again)
		}
	})
}

// FuzzEncode: every record comes back as it was.
func FuzzEncode(f *testing.F) {
	f.Add(uint64(1), true, []byte("machine"), []byte("seed"))
	f.Fuzz(func(t *testing.T, generation uint64, creditable bool, machine, seed []byte) {
		r := seedfile.Record{Generation: generation, Creditable: creditable}
		copy(r.Machine[:], machine)
		copy(r.Seed[:], seed)
		b := seedfile.Encode(r)
		if got, err := seedfile.Decode(b[:]); err != nil || got != r {
			t.Errorf("%+v comes back as %+v, %v", r, got, err)
		}
	})
}

// FuzzLoad: whatever lies under the name, it is read, replaced by a save, and
// credited only if it was a record of ours; or it is refused as a text and stays.
func FuzzLoad(f *testing.F) {
	b := seedfile.Encode(sample())
	f.Add(b[:])
	f.Add(bytes.Repeat(b[:], 2))
	f.Add([]byte("Please fill me up!"))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := t.TempDir() + "/seed"
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := seedfile.Open(options(path))
		if errors.Is(err, seedfile.ErrRefused) { // a text: it stays as it is
			if _, ours := newest(content); ours || bytes.ContainsAny(content[:min(len(content), 512)], "\x00\x01\x7f") || !bytes.Equal(read(t, path), content) {
				t.Errorf("refused %x", content)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		l, err := file.Load()
		if err != nil || !bytes.Equal(l.Data, content) {
			t.Fatalf("read %d of %d bytes, %v", len(l.Data), len(content), err)
		}
		if _, ours := newest(content); l.Foreign == ours || l.Bits != 0 {
			t.Errorf("foreign %v, %d bits for %x", l.Foreign, l.Bits, content)
		}
		if err := file.Save(drawn{&stream{}, true}); err != nil {
			t.Fatal(err)
		}
		if l, err := file.Load(); err != nil || l.Foreign || l.Bits != 256 {
			t.Errorf("after a save: %+v, %v", l, err)
		}
	})
}
