package seedfile

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// write makes r durable: by rename where that works, else in place. Which of the
// two is tried again each time: whether the directory can be written depends on
// the uid, the sandbox and the disk of the moment. used says that the record now
// on disk is to be used up, so that no copy of it may stay readable.
func (f *File) write(r *Record, used bool) (Form, error) {
	var b [Size]byte
	defer clear(b[:])
	r.encode(&b)
	put, err := f.rename(&b)
	if put {
		f.slots, f.foreign = slots{0, r.facts()}, nil
		return Renamed, err
	}
	if inPlace := f.overwrite(r, &b, used); inPlace != nil {
		return "", fmt.Errorf("%w; in place: %w", err, inPlace)
	}
	return InPlace, nil
}

// rename writes a new file and gives it the name of the old one. put says that
// the name has changed hands, whatever the error.
//
//	openat(<dir>, ".seed.new", O_RDWR|O_CREAT|O_EXCL|O_NOCTTY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC, 0600) = <.seed.new>
//	flock(<.seed.new>, LOCK_EX|LOCK_NB) = 0
//	write(<.seed.new>, ..., 512) = 512
//	fsync(<.seed.new>) = 0
//	renameat(<dir>, ".seed.new", <dir>, "seed") = 0
//	fsync(<dir>) = 0
//	close(<seed>) = 0
func (f *File) rename(b *[Size]byte) (put bool, err error) {
	temp := "." + f.name + ".new"
	file, err := f.writeTemp(temp, b)
	if err != nil {
		return false, err
	}
	dir := int(f.dir.Fd())
	if err := unix.Renameat(dir, temp, dir, f.name); err != nil {
		unix.Unlinkat(dir, temp, 0)
		file.Close()
		return false, os.NewSyscallError("renameat", err)
	}
	old, confined := f.file, f.confined
	defer old.Close()
	f.file, f.confined = file, nil
	if err := f.dir.Sync(); err != nil {
		return true, f.settle(old, confined, b, err)
	}
	return true, nil
}

// settle is for directories that cannot be synced (AIX, some network and FUSE
// file systems, a failing disk): which of the two files the name leads to after
// a power cut is unknown, so the old one, still open, is given the same content.
//
//	fsync(<dir>) = -1 EIO
//	pwrite64(<seed>, ..., 512, 512) = 512
//	fsync(<seed>) = 0
//	pwrite64(<seed>, ..., 512, 0) = 512
//	fsync(<seed>) = 0
func (f *File) settle(old *os.File, confined error, b *[Size]byte, cause error) error {
	if confined != nil {
		return fmt.Errorf("%w; the old file: %w", cause, confined)
	}
	first := 1 - max(f.slots.newest, 0)
	for _, slot := range []int{first, 1 - first} {
		if err := writeSlot(old, slot, b); err != nil {
			return fmt.Errorf("%w; the old file: %w", cause, err)
		}
	}
	return nil
}

// writeTemp writes and syncs the new file and locks it before it has the name.
// One that a crash left behind is removed: the holder of the seed's lock is alone.
func (f *File) writeTemp(name string, b *[Size]byte) (*os.File, error) {
	file, err := f.openAt(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
	if errors.Is(err, unix.EEXIST) {
		if err := unix.Unlinkat(int(f.dir.Fd()), name, 0); err != nil {
			return nil, os.NewSyscallError("unlinkat", err)
		}
		file, err = f.openAt(name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
	}
	if err != nil {
		return nil, err
	}
	if err := fill(file, b); err != nil {
		unix.Unlinkat(int(f.dir.Fd()), name, 0)
		file.Close()
		return nil, err
	}
	return file, nil
}

func fill(file *os.File, b *[Size]byte) error {
	// A file system without locks is no reason to go without a seed; what is
	// found there is never credited. See inspect.
	if err := tryLock(file, true); errors.Is(err, ErrInUse) {
		return err
	}
	if _, err := file.Write(b[:]); err != nil {
		return err
	}
	return file.Sync()
}

// overwrite writes into the file itself, through the descriptor that was opened
// while we still could. The slot that holds the newest record is left alone until
// the other one is safely on disk, so a write torn at any byte leaves one valid.
//
//	pwrite64(<seed>, ..., 512, 512) = 512
//	fsync(<seed>) = 0
//
// When the old record is to be used, its own slot follows: else it could come to
// light again should the newer one rot.
//
//	pwrite64(<seed>, ..., 512, 512) = 512
//	fsync(<seed>) = 0
//	pwrite64(<seed>, ..., 512, 0) = 512
//	fsync(<seed>) = 0
func (f *File) overwrite(r *Record, b *[Size]byte, used bool) error {
	size, err := f.mayOverwrite()
	if err != nil {
		return err
	}
	slot := 0
	if f.slots.newest == 0 {
		slot = 1
	}
	if err := writeSlot(f.file, slot, b); err != nil {
		return err
	}
	f.slots, f.foreign = slots{slot, r.facts()}, nil
	if used {
		err := writeSlot(f.file, 1-slot, b)
		if err == nil {
			f.slots.newest = 0 // of two alike, as findSlots sees them
		}
		return err
	}
	if size > 2*Size { // what is left of a foreign file
		return errors.Join(f.file.Truncate(2*Size), f.file.Sync())
	}
	return nil
}

// mayOverwrite checks that the descriptor still is what the name leads to, and
// nobody else's file, and returns its length.
func (f *File) mayOverwrite() (size int64, err error) {
	if f.confined != nil {
		return 0, f.confined
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.file.Fd()), &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	if !f.named(&st) {
		return 0, errors.New("was removed or replaced by another program")
	}
	if st.Nlink != 1 {
		return 0, fmt.Errorf("has %d links", st.Nlink)
	}
	return st.Size, nil
}

// writeSlot makes one record durable at its place.
func writeSlot(file *os.File, slot int, b *[Size]byte) error {
	if _, err := file.WriteAt(b[:], int64(slot)*Size); err != nil {
		return err
	}
	return file.Sync()
}
