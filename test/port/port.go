// Package port reserves TCP ports for tests.
package port

import (
	"errors"
	"runtime"
	"syscall"
	"testing"
)

// For returns a TCP port that the system gives to nobody until t ends: see [Reserve].
func For(t testing.TB) int {
	t.Helper()
	port, release, err := Reserve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return port
}

// Reserve returns a TCP port that the system gives to nobody until release is called. A program that asks for this very
// one listens there nevertheless, if it sets SO_REUSEADDR as package net does: the socket that keeps the port is bound and
// does not listen. Only Linux allows that; elsewhere the port was free a moment ago.
func Reserve() (port int, release func(), err error) {
	syscall.ForkLock.RLock()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return 0, nil, err
	}
	err = errors.Join(syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1), syscall.Bind(fd, &syscall.SockaddrInet4{}))
	at, asked := syscall.Getsockname(fd)
	if err = errors.Join(err, asked); err != nil || runtime.GOOS != "linux" {
		syscall.Close(fd)
		fd = -1
	}
	if err != nil {
		return 0, nil, err
	}
	return at.(*syscall.SockaddrInet4).Port, func() { syscall.Close(fd) }, nil
}
