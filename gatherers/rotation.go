package gatherers

import "time"

// turn is the time between two commands: PRNGD ran one every 49 seconds.
const turn = 49 * time.Second

// atOnce is how many commands run at a time in the first round, where PRNGD
// ran them one by one and a single slow one kept everybody waiting.
const atOnce = 4

// Rotation makes a list of commands take turns, in place, and returns it: all
// run at the start, four at a time; from then on one every 49 seconds, so that
// each comes round every 49 seconds times their number. That is PRNGD's pace,
// and a load that does not grow with the list.
func Rotation(commands []Gatherer) []Gatherer {
	lane := make(chan struct{}, atOnce)
	for i := range commands {
		commands[i].Every = turn * time.Duration(len(commands))
		commands[i].Phase = turn * time.Duration(i)
		commands[i].Lane = lane
	}
	return commands
}
