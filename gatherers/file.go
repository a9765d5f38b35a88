package gatherers

import (
	"context"
	"io"
	"os"
	"time"
)

// maxFile is how much of a file is read. bytes.
const maxFile = 1 << 20

// File gathers the first MiB of a regular file, once: what was credited must
// not be credited again because a daemon read it again. A file that is missing
// is looked for later.
//
// It is opened here, if it can be: later we may no longer be root.
//
// Unpredictable: what its author says. Predictable: the same file after a
// restart, a copy of it in a backup or an image, and everything to another user
// that may read or write it, or has put it there. Hence its credit is 0 unless the
// admin knows better, and it counts only where its mode keeps others out.
func File(path string, credit Credit) Gatherer {
	file, _ := openRegular(path) // its error comes again with the sample
	g := Gatherer{
		Name:      "file:" + path,
		Every:     60 * time.Second,
		Credit:    credit,
		Untrusted: true,
		Once:      true,
		Gather: func(context.Context) ([]byte, error) {
			if file == nil {
				f, err := openRegular(path)
				if err != nil {
					return nil, err
				}
				file = f
			}
			defer func() { file.Close(); file = nil }()
			data, err := io.ReadAll(io.LimitReader(file, maxFile))
			if err == nil && credit > 0 {
				err = uncreditable(file, path, 0o066)
			}
			return data, err
		},
	}
	return exclusive(g, func() { file.Close() }) // of nil: an error
}

func openRegular(path string) (*os.File, error) { return openKind(path, 0, "regular file") }
