//go:build linux

package hostile

import "time"

// stormPerSecond is how many connections come, most of which ask for something.
const stormPerSecond = 2000

func storm(a *assault) {
	begun := time.Now()
	turns := make(chan int)
	go func() {
		defer close(turns)
		for n := 0; !a.over(); n++ {
			time.Sleep(time.Until(begun.Add(time.Duration(n) * time.Second / stormPerSecond)))
			select {
			case turns <- n:
			case <-a.stop:
			}
		}
	}()
	a.rage(50, "connections/s", func(int) int {
		n, ok := <-turns
		if !ok {
			return 0
		}
		c, err := a.dial(rascal)
		if err != nil {
			return 0
		}
		defer c.Close()
		if n%4 > 0 {
			c.Ask([]byte{1, 32}, 33)
		}
		return 1
	})
}
