package config_test

import (
	"io/fs"
	"syscall"
)

// roots makes a file one of root's.
func roots(info fs.FileInfo, err error) (fs.FileInfo, error) {
	if err != nil {
		return nil, err
	}
	st := *info.Sys().(*syscall.Stat_t)
	st.Uid = 0
	return rootsInfo{info, &st}, nil
}

type rootsInfo struct {
	fs.FileInfo
	st *syscall.Stat_t
}

func (i rootsInfo) Sys() any { return i.st }

type rootsFile struct{ fs.File }

func (f rootsFile) Stat() (fs.FileInfo, error) { return roots(f.File.Stat()) }
