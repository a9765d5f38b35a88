package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"prngd/internal/change"
)

// ErrUnreadable is in every error of a configuration file that could not be
// opened or read, or that root may not act on because others can change it.
// PRNGD exits with status 1 then.
var ErrUnreadable = errors.New("configuration cannot be used")

// unreadable marks an error with ErrUnreadable and leaves its text alone.
type unreadable struct{ error }

func (e unreadable) Unwrap() error      { return e.error }
func (unreadable) Is(target error) bool { return target == ErrUnreadable }

// includeDepth bounds how deep files may include each other.
const includeDepth = 8

// files reads the configuration files of one Resolve.
type files struct {
	env    Env
	parser *parser
	list   []File
	left   int64 // bytes that may still be read
	depth  int
}

// load reads a whole configuration, beginning with the file at path.
func (f *files) load(path, where string) error {
	f.left = maxText
	f.parser.include = f.include
	return f.file(path, where)
}

// file reads one file. Only what cannot be read is an error; what is wrong in
// its lines is the parser's to report.
func (f *files) file(path, where string) error {
	data, err := f.bytes(path, where)
	if err != nil {
		return err
	}
	f.parser.read(path, bytes.NewReader(data))
	return nil
}

// include reads a file, or the *.conf files of a directory in their order.
func (f *files) include(path string) error {
	if f.depth == includeDepth {
		return fmt.Errorf("%s: expected at most %d files that include each other", path, includeDepth)
	}
	f.depth++
	defer func() { f.depth-- }()
	where := f.parser.where()
	info, err := f.env.Stat(path)
	if err != nil {
		return unreadable{err}
	}
	if !info.IsDir() {
		return f.file(path, where)
	}
	if err := f.trust(path, info); err != nil {
		return err
	}
	entries, err := f.env.ReadDir(path) // sorted
	if err != nil {
		return unreadable{change.Later(err)}
	}
	var errs []error
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".conf") && !strings.HasPrefix(name, ".") {
			errs = append(errs, f.file(filepath.Join(path, name), where))
		}
	}
	return errors.Join(errs...)
}

// bytes returns what a file holds. It opens regular files only, and without
// blocking: a FIFO without a writer, or a device, could keep the caller for ever.
func (f *files) bytes(path, where string) ([]byte, error) {
	info, err := f.env.Stat(path)
	if err != nil {
		return nil, unreadable{later(err)}
	}
	if f.isNull(info) {
		return nil, nil
	}
	if !info.Mode().IsRegular() {
		return nil, unreadable{fmt.Errorf("%s: found %s, expected a regular file", path, kind(info.Mode()))}
	}
	file, err := f.env.Open(path)
	if errors.Is(err, fs.ErrPermission) && f.env.Now != nil && f.env.UID != f.env.Owner {
		err = fmt.Errorf("%w for uid %d, which the daemon has become", err, f.env.UID)
	}
	if err != nil {
		return nil, unreadable{later(err)}
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, unreadable{change.Later(err)}
	}
	if !info.Mode().IsRegular() { // replaced meanwhile
		return nil, unreadable{fmt.Errorf("%s: found %s, expected a regular file", path, kind(info.Mode()))}
	}
	if err := f.trust(path, info); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, f.left+1))
	if err != nil {
		return nil, unreadable{change.Later(err)}
	}
	if f.left -= int64(len(data)); f.left < 0 {
		return nil, tooLong(path)
	}
	return data, f.note(path, where, info, data)
}

// later marks what an open may fail with and what may pass by itself. A file
// that is not there needs somebody to make it.
func later(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return change.Later(err)
}

// note remembers a file, and refuses to read one twice: directives would count
// twice, and files that include each other would never end.
func (f *files) note(path, where string, info fs.FileInfo, data []byte) error {
	sum := sha256.Sum256(data)
	file := File{Path: path, Where: where, Modified: info.ModTime().UTC(), Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
	file.Device, file.Inode = idOf(info).device, idOf(info).inode
	for _, old := range f.list {
		if old.Inode != 0 && old.Device == file.Device && old.Inode == file.Inode {
			return fmt.Errorf("%s is the file %s, which was read before (%s), expected each file once", path, old.Path, old.Where)
		}
	}
	f.list = append(f.list, file)
	return nil
}

// trust refuses a file or directory that others than root could change, when
// root acts on it.
func (f *files) trust(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case f.env.Owner != 0 || !ok:
		return nil
	case st.Uid != 0:
		return unreadable{fmt.Errorf("configuration %s: it belongs to uid %d, expected root's, since root acts on it", path, st.Uid)}
	case info.Mode().Perm()&0o022 != 0:
		return unreadable{fmt.Errorf("configuration %s: it is writable by others than root, which acts on it (mode %#o)", path, info.Mode().Perm())}
	}
	return nil
}

// isNull reports whether info is the null device, which is an empty file that
// nobody can change.
func (f *files) isNull(info fs.FileInfo) bool {
	return info.Mode().Type() == fs.ModeDevice|fs.ModeCharDevice && sameFile(f.env, info, "/dev/null")
}

func sameFile(env Env, info fs.FileInfo, path string) bool {
	other, err := env.Stat(path)
	return err == nil && idOf(info) == idOf(other)
}

// id is what makes a file the same file, whatever path leads to it.
type id struct{ device, inode uint64 }

func idOf(info fs.FileInfo) id {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id{}
	}
	return id{uint64(st.Dev), uint64(st.Ino)}
}

func kind(mode fs.FileMode) string {
	switch mode.Type() {
	case fs.ModeDir:
		return "a directory"
	case fs.ModeNamedPipe:
		return "a FIFO"
	case fs.ModeSocket:
		return "a socket"
	case fs.ModeDevice, fs.ModeDevice | fs.ModeCharDevice:
		return "a device"
	}
	return "a file of another kind"
}
