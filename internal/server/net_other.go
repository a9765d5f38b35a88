//go:build !linux

package server

// canInherit is whether systemDriver adopts connections.
const canInherit = false

// systemDriver makes the driver of this system.
func systemDriver(c *core, inherited []Connection) (driver, error) { return newNetDriver(c, inherited) }

// hungUp cannot tell a peer that is gone from one that has only finished sending;
// some systems report POLLHUP for both. A write to it will tell.
func hungUp(int) bool { return false }
