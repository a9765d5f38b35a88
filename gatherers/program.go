package gatherers

import (
	"context"
	"fmt"
	"time"
)

// A RawRunner returns the first n bytes that the program at path writes to standard
// output, and ends it. Beside an error it returns what came before.
type RawRunner func(ctx context.Context, path string, argv []string, n int) ([]byte, error)

// RunRaw is the RawRunner that runs a program as a child of this process, in a
// process group of its own, which is killed at the end. argv is passed as for
// [Command]; standard error is discarded.
func RunRaw(ctx context.Context, path string, argv []string, n int) ([]byte, error) {
	return output(ctx, path, argv, &capped{most: n})
}

// Program gathers the output of a program that writes raw bytes to standard
// output without end, as infnoise does. run starts it for each sample and ends it
// when the sample is complete, so that no byte is older than the sample.
//
// Unpredictable: what the program's author says. Predictable: a program that
// begins with the same bytes each time; those count once.
func Program(path string, argv []string, credit Credit, run RawRunner) Gatherer {
	size := rawBytes(credit)
	return Gatherer{
		Name:      "program:" + commandLine(path, argv),
		Every:     600 * time.Second,
		Limit:     StreamLimit + 2*pipeDelay, // it ends by itself; this is for the report
		Credit:    credit,
		Untrusted: true,
		Gather: func(ctx context.Context) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, StreamLimit)
			defer cancel()
			data, err := run(ctx, path, argv, size)
			if err == nil && len(data) < size {
				err = fmt.Errorf("%d bytes, expected %d", len(data), size)
			}
			return data, err
		},
	}
}
