//go:build !linux

package process

// AwaitSignalHandlers does nothing: only Linux programs execute themselves.
func AwaitSignalHandlers() {}
