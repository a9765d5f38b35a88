//go:build linux

package failcalls

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// row is one error of one call over one network.
type row struct {
	network string
	failure
	seen map[verdict]int
}

// report is the table in the making.
type report struct {
	rows               []*row
	all, bad, unclosed int
	say                func(format string, args ...any)
}

// add notes what one failure did.
func (r *report) add(network string, f failure, nth int, seen verdict, others error) {
	r.all++
	if len(r.rows) == 0 || r.rows[len(r.rows)-1].failure != f || r.rows[len(r.rows)-1].network != network {
		r.rows = append(r.rows, &row{network: network, failure: f, seen: map[verdict]int{}})
	}
	last := r.rows[len(r.rows)-1]
	last.seen[seen]++
	if seen == noEnd {
		r.unclosed++
	}
	if seen != answered && seen != f.cost || others != nil {
		r.bad++
		r.say("%s %d over %s, %s: client %s, not %s; others: %v", f.call, nth, network, f.errno, seen, f.cost, others)
	}
}

// blind are the rows in which a failure that must cost something never did: then
// this program does not see what it looks for.
func (r *report) blind() (n int) {
	for _, o := range r.rows {
		if o.seen[o.failure.cost] == 0 {
			n++
			r.say("%s over %s, %s: no client saw %q", o.call, o.network, o.errno, o.cost)
		}
	}
	return n
}

// String is the table.
func (r *report) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "call\terror\tsocket\tfailed\tits client\tthe others")
	for _, o := range r.rows {
		for v, n := range o.seen {
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\tall answered\n", o.call, o.errno, o.network, n, v)
		}
	}
	t.Flush()
	return b.String()
}
