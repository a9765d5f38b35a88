package seedfile

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"time"

	"github.com/sirupsen/logrus"
)

// Keep stirs the file at moments that nobody outside can foresee, each
// after a pause that wait gives, see [RandomWait], and once more when ctx ends,
// after which it returns. Start it in a goroutine of its own, after one
// [Exchange.Read], when the pool has begun to give output.
//
// A failure is logged when it begins and when it changes, and so is its end.
// While the generator gives nothing (a clone was detected), the file is read.
func (x *Exchange) Keep(ctx context.Context, wait func() time.Duration, out io.Reader, mix func([]byte), log *logrus.Logger) {
	said := ""
	if x.Stats().Loose {
		log.Warnf("exchange file %s: others than its owner may read it", x.path)
	}
	for {
		select {
		case <-ctx.Done():
			x.stirAndSay(ctx, out, mix, log, said)
			return
		case <-time.After(wait()):
			said = x.stirAndSay(ctx, out, mix, log, said)
		}
	}
}

// stirAndSay logs a cycle if its outcome is news after said, and returns what to
// compare the next one with: the error's text, "" for none.
func (x *Exchange) stirAndSay(ctx context.Context, out io.Reader, mix func([]byte), log *logrus.Logger, said string) string {
	err := x.Stir(ctx, out, mix)
	var draw drawError
	switch {
	case err == nil && said != "":
		log.Infof("exchange file %s: works again", x.path)
	case errors.As(err, &draw):
		return said
	case err != nil && err.Error() != said:
		log.Warn(err.Error())
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// RandomWait gives pauses between 0 and most, evenly spread, drawn from r: the
// moments of Postfix's own cycles are random for the same reason. While r gives
// nothing, the pause is most.
func RandomWait(r io.Reader, most time.Duration) func() time.Duration {
	return func() time.Duration {
		var b [8]byte
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return most
		}
		hi, _ := bits.Mul64(binary.BigEndian.Uint64(b[:]), uint64(most))
		return time.Duration(hi)
	}
}
