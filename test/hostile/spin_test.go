//go:build linux

package hostile

// spin is what two busy programs cost everybody on the machine.
func spin(a *assault) {
	for range 2 {
		go func() {
			for !a.over() {
			}
		}()
	}
	a.count("busy loops", 2)
	a.stand()
}
