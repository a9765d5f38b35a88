//go:build linux && (amd64 || arm64) && !race

package seedfile_test

const raceEnabled = false
