package listen

import (
	"io/fs"
	"syscall"
)

// identity tells the file at a path from one that was put there later. The time
// is that of the last change of its content, which a socket has never: file
// systems give the number of a removed inode to the next file.
type identity struct {
	Device uint64 `json:"device"`
	Inode  uint64 `json:"inode"`
	Time   int64  `json:"time"` // nanoseconds since 1970
}

func identityOf(info fs.FileInfo) identity {
	id := identity{Time: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		id.Device, id.Inode = uint64(st.Dev), uint64(st.Ino)
	}
	return id
}

// ownerOf returns the uid and the gid of a file, -1 if the system does not tell.
func ownerOf(info fs.FileInfo) (uid, gid int) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid), int(st.Gid)
	}
	return -1, -1
}
