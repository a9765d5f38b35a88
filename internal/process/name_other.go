//go:build !linux

package process

// nameMainThread does nothing: programs are executed by their path here.
func nameMainThread(string) {}
