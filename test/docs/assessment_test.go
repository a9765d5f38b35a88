package docs

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
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
	dirs, err := filepath.Glob(filepath.Join(root, "docs/assessment/*/SHA256SUMS"))
	if err != nil || len(dirs) < 2 {
		t.Fatalf("%d assessments, %v", len(dirs), err)
	}
	for _, sums := range dirs {
		dir := filepath.Dir(sums)
		list, err := os.ReadFile(sums)
		if err != nil {
			t.Fatal(err)
		}
		report, err := os.ReadFile(filepath.Join(dir, "jitter.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(list)), "\n") {
			want, name, _ := strings.Cut(line, "  ")
			if problem := wrongFile(dir, name, want, string(report)); problem != "" {
				t.Errorf("%s/%s: %s", filepath.Base(dir), name, problem)
			}
		}
		m := regexp.MustCompile(`min\(H_original, 8 X H_bitstring\): (\S+)`).FindSubmatch(report)
		if m == nil {
			t.Fatalf("%s: a report without a figure", dir)
		}
		h, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil || h < 8*credited || !strings.Contains(readme, string(m[1])) || !strings.Contains(readme, filepath.Base(dir)+"/") {
			t.Errorf("%s: H %v, %v; README.md must have it, and it at least %v", dir, h, err, 8*credited)
		}
	}
}

// wrongFile says what is wrong with a file of an assessment. Samples may be left out, if
// the report names their checksum.
func wrongFile(dir, name, want, report string) string {
	data, err := os.ReadFile(filepath.Join(dir, name))
	raw := filepath.Ext(name) == ".raw"
	if raw {
		data, err = unzip(filepath.Join(dir, name+".gz"))
	}
	switch sum := sha256.Sum256(data); {
	case os.IsNotExist(err) && name == "jitter.raw" && !strings.Contains(report, want):
		return "the report is about other samples"
	case os.IsNotExist(err) && raw:
		return ""
	case err != nil:
		return err.Error()
	case hex.EncodeToString(sum[:]) != want:
		return fmt.Sprintf("SHA-256 is %x, expected %s", sum, want)
	}
	if h, known := gatherers.Estimate(data); raw && (!known || h < 8*credited) {
		return fmt.Sprintf("the running estimate would be %v, expected at least %v", h, 8*credited)
	}
	return ""
}

func unzip(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
