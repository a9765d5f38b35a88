package gatherers_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"prngd/gatherers"
)

// What a run keeps open is closed when it ends: a reload makes gatherers anew.
func TestRunLeavesNothingOpen(t *testing.T) {
	sampled := make(chan string, 100)
	r := gatherers.NewRunner(func(g *gatherers.Gatherer, _ []byte, _ int) { sampled <- g.Name }, logrus.New())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { r.Run(ctx, only("disk")); close(ended) }()
	if name := <-sampled; name != "disk" {
		t.Fatalf("sample of %s", name)
	}
	if n := open(t, "/proc/diskstats"); n != 1 {
		t.Fatalf("open %d times during the run", n)
	}
	stop()
	<-ended
	if n := open(t, "/proc/diskstats"); n != 0 {
		t.Errorf("open %d times after the run", n)
	}
}

func only(name string) (list []gatherers.Gatherer) {
	for _, g := range gatherers.System() {
		if g.Name == name {
			list = append(list, g)
		}
	}
	return list
}

// open counts our descriptors of a file.
func open(t *testing.T, path string) (n int) {
	const dir = "/proc/self/fd/"
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skip(err)
	}
	for _, e := range entries {
		if to, _ := os.Readlink(dir + e.Name()); strings.HasPrefix(to, path) {
			n++
		}
	}
	return n
}
