package config

import (
	"fmt"
	"strings"
)

// strange says what is wrong with a line that is neither a directive nor an
// entry, and which directive may have been meant.
func (p *parser) strange(word string) string {
	message := fmt.Sprintf("expected a directive or a quoted command, found %.40q", word)
	lower := strings.ToLower(word)
	best, distance := "", 1<<30
	for _, d := range p.directives {
		limit := len(d.Name) / 3 // so that "ls" is not taken for "log"
		if len(lower) > len(d.Name)+limit {
			continue
		}
		if n := editDistance(lower, d.Name); n <= limit && n < distance {
			best, distance = d.Name, n
		}
	}
	if best != "" {
		message += fmt.Sprintf(": did you mean %s?", best)
	}
	return message
}

// editDistance is Levenshtein's: the fewest insertions, deletions and changes
// of a byte that make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
