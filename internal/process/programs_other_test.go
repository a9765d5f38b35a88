//go:build !linux

package process_test

func systemPrograms() map[string]func() { return nil }
