package house

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"prngd/gatherers"
)

const credited = 1.0 / 64 // of a symbol of jitter, in bits

// TestAssessments: the files of each assessment are those of its checksums, the report
// is about the samples, README.md has its figure, and the credit keeps its distance.
func TestAssessments(t *testing.T) {
	readme := text(t, "docs/assessment/README.md")
	lists := files("/SHA256SUMS")
	if len(lists) < 2 {
		t.Fatalf("only %d assessments", len(lists))
	}
	for _, list := range lists {
		dir := path.Dir(list)
		report := text(t, dir+"/jitter.txt")
		for line := range strings.Lines(text(t, list)) {
			want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
			if problem := wrongFile(dir, name, want, report); problem != "" {
				t.Errorf("%s/%s: %s", dir, name, problem)
			}
		}
		figures := found(`min\(H_original, 8 X H_bitstring\): (\S+)`, report)
		if figures == nil {
			t.Fatalf("%s: a report without a figure", dir)
		}
		h, err := strconv.ParseFloat(figures[0], 64)
		if err != nil || h < 8*credited || !strings.Contains(readme, figures[0]) || !strings.Contains(readme, path.Base(dir)+"/") {
			t.Errorf("%s: H %v, %v; README.md must have it, and it at least %v", dir, h, err, 8*credited)
		}
	}
}

// wrongFile says what is wrong with a file of an assessment. Samples may be left out, if
// the report names their checksum.
func wrongFile(dir, name, want, report string) string {
	file, raw := filepath.Join(root, dir, name), filepath.Ext(name) == ".raw"
	if raw {
		file += ".gz"
	}
	data, err := os.ReadFile(file)
	if err == nil && raw {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
			data, err = io.ReadAll(z)
		}
	}
	switch sum := fmt.Sprintf("%x", sha256.Sum256(data)); {
	case os.IsNotExist(err) && name == "jitter.raw" && !strings.Contains(report, want):
		return "the report is about other samples"
	case os.IsNotExist(err) && raw:
		return ""
	case err != nil:
		return err.Error()
	case sum != want:
		return fmt.Sprintf("SHA-256 is %s, expected %s", sum, want)
	}
	if h, known := gatherers.Estimate(data); raw && (!known || h < 8*credited) {
		return fmt.Sprintf("the running estimate would be %v, expected at least %v", h, 8*credited)
	}
	return ""
}
