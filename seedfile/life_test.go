package seedfile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"prngd/seedfile"
)

// life is one run of a daemon, from the first call on its seed file to the last:
// open, load, replace, credit, save, save, close. What it credits it writes to a
// ledger, which the test that killed it reads.
func life() error {
	ledger, err := os.OpenFile(os.Getenv("LEDGER"), os.O_WRONLY|os.O_APPEND|os.O_SYNC, 0)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(os.Getenv("RUN_AS"))
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer become(uid)()
	if os.Getenv("TRACED") != "" {
		if err := beTraced(); err != nil {
			return err
		}
	}
	o := options(os.Getenv("SEED"))
	o.Owner = uid
	f, err := seedfile.Open(o)
	if err != nil {
		return err
	}
	label := os.Getenv("LABEL")
	l, bits, err := start(f, label)
	if err != nil && !l.Foreign {
		return err
	}
	if bits > 0 {
		if _, err := fmt.Fprintln(ledger, "credited", digest(l.Data)); err != nil {
			return err
		}
	}
	for range 2 {
		if err := f.Save(drawn{&stream{label: label}, true}); err != nil {
			return err
		}
		label += "'"
	}
	return f.Close()
}

// digest names a seed without telling it.
func digest(data []byte) string {
	r, _ := newest(data)
	sum := sha256.Sum256(r.Seed[:])
	return hex.EncodeToString(sum[:8])
}
