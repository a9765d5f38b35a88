package seedfile

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// tagExchange keeps the hashes of this file apart from those of the pools.
const tagExchange = 0x05

// drawError wraps an error of the generator: no fault of the file's.
type drawError struct{ error }

func (e drawError) Unwrap() error { return e.error }

// Read takes what others have left and gives it to mix, up to 1024 bytes, of no
// credit: any process that can write the file may have planted them. It is what a
// daemon does that is not seeded yet. mix must not keep the slice.
func (x *Exchange) Read(ctx context.Context, mix func([]byte)) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.done(x.cycle(ctx, nil, mix))
}

// Stir makes one cycle: it takes what others have left, gives it to mix, and
// leaves 1024 bytes of out combined with it; see [Combine]. They are drawn before
// the file is locked, so that the lock is held for microseconds.
//
//	flock(<prng_exch>, LOCK_EX|LOCK_NB) = 0
//	pread64(<prng_exch>, ..., 1024, 0) = 1024
//	pwrite64(<prng_exch>, ..., 1024, 0) = 1024
//	flock(<prng_exch>, LOCK_UN) = 0
//
// If out gives an error, because it is not seeded, the file is read and not
// written, and that error returned. If another program keeps the lock, the cycle
// is given up after 20 tries in a second, or when ctx ends, with [ErrBusy].
// Neither is ever a reason to stop.
func (x *Exchange) Stir(ctx context.Context, out io.Reader, mix func([]byte)) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var fresh [ExchangeSize]byte
	defer clear(fresh[:])
	if _, err := io.ReadFull(out, fresh[:]); err != nil {
		return x.done(errors.Join(x.cycle(ctx, nil, mix), drawError{fmt.Errorf("drawing output: %w", err)}))
	}
	return x.done(x.cycle(ctx, &fresh, mix))
}

// Combine turns fresh output into what is written over old, in place:
//
//	out_i XOR SHA-256(0x05 | i as u32 | k),  k = SHA-256(0x05 | old),  i = 0..31
//
// over the 32 blocks of 32 bytes. Poor output cannot destroy the entropy that was
// there, and an attacker that knows the output cannot compute the old content, as would
// be possible if it were plainly XORed.
func Combine(out *[ExchangeSize]byte, old []byte) {
	in := make([]byte, 0, 1+ExchangeSize)
	in = append(append(in, tagExchange), old...)
	k := sha256.Sum256(in)
	clear(in)
	var block [1 + 4 + 32]byte
	block[0] = tagExchange
	copy(block[5:], k[:])
	defer clear(block[:])
	for i := range ExchangeSize / 32 {
		binary.BigEndian.PutUint32(block[1:], uint32(i))
		mask := sha256.Sum256(block[:])
		for j, m := range mask {
			out[i*32+j] ^= m
		}
	}
}

// cycle reads under the lock, writes fresh if there is any, and mixes after the
// lock is gone.
func (x *Exchange) cycle(ctx context.Context, fresh *[ExchangeSize]byte, mix func([]byte)) error {
	if err := x.present(); err != nil {
		return err
	}
	if err := x.lock(ctx, fresh != nil && x.denied == nil); err != nil {
		return err
	}
	var old [ExchangeSize]byte
	defer clear(old[:])
	start := time.Now()
	n, err := x.swap(&old, fresh)
	held := time.Since(start)
	if u := unlock(x.file); err == nil {
		err = u
	}
	mix(old[:n])
	x.note(func(s *ExchangeStats) {
		s.Reads++
		s.LongestLock = max(s.LongestLock, held)
		if fresh != nil && err == nil {
			s.Writes++
			s.Last = time.Now()
		}
	})
	return err
}

// present opens the file again if it has been removed, which Postfix's tlsmgr
// does with one that is in its way.
func (x *Exchange) present() error {
	var st unix.Stat_t
	if err := unix.Fstat(int(x.file.Fd()), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if st.Nlink > 0 {
		return nil
	}
	old := x.file
	if err := x.open(); err != nil {
		return fmt.Errorf("was removed: %w", err)
	}
	old.Close()
	x.note(func(s *ExchangeStats) { s.Reopened++ })
	return nil
}

func (x *Exchange) lock(ctx context.Context, exclusive bool) error {
	for try := 1; ; try++ {
		err := tryLock(x.file, exclusive)
		if !errors.Is(err, ErrInUse) {
			return err
		}
		if try == lockTries || ctx.Err() != nil {
			return ErrBusy
		}
		select {
		case <-ctx.Done():
		case <-time.After(lockPause):
		}
	}
}

// swap is all that happens under the lock. A write cut short by a full disk or a
// signal is repeated with the same bytes, not drawn and combined again: what lies
// there now is half ours.
func (x *Exchange) swap(old, fresh *[ExchangeSize]byte) (n int, err error) {
	n, err = x.file.ReadAt(old[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return n, err
	}
	if fresh == nil {
		return n, nil
	}
	if x.denied != nil {
		return n, fmt.Errorf("read only: %w", x.denied)
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(x.file.Fd()), &st); err != nil {
		return n, os.NewSyscallError("fstat", err)
	}
	if st.Nlink != 1 {
		return n, fmt.Errorf("has %d links", st.Nlink)
	}
	Combine(fresh, old[:n])
	for range 3 {
		if _, err = x.file.WriteAt(fresh[:], 0); err == nil {
			break
		}
	}
	return n, err
}

// done counts a cycle's outcome and names the file in its error.
func (x *Exchange) done(err error) error {
	if err != nil {
		err = fmt.Errorf("exchange file %s: %w", x.path, err)
	}
	x.note(func(s *ExchangeStats) {
		var draw drawError
		switch {
		case err == nil:
			s.LastError = ""
			return
		case errors.Is(err, ErrBusy):
			s.Skipped++
		case errors.As(err, &draw):
			return
		default:
			s.Failures++
		}
		s.LastError = err.Error()
	})
	return err
}
