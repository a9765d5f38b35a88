//go:build !linux

package privileges

// DropCapabilities has nothing to do: elsewhere root's powers end with its uid.
func DropCapabilities() error { return nil }
