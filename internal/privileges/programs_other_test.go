//go:build !linux

package privileges_test

func programs() map[string]func() { return map[string]func(){"undumpable": undumpable} }
