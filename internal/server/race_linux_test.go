//go:build race

package server

// raceDetector: with it the compiler leaves allocations in crypto/sha256 that
// it optimizes away otherwise.
const raceDetector = true
