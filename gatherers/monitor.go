package gatherers

import "fmt"

// marginOfEstimate is how many times lower than the estimate the credit is that
// is used: the estimators do not see all structure.
const marginOfEstimate = 8

// A monitor watches the health of one credited source, over all its samples.
type monitor struct {
	credit      Credit
	conditioned bool
	tests       healthTests
	startup     []byte  // samples of the start-up test under way
	proven      bool    // it has passed
	estimate    float64 // of the last sample that was long enough, or the start-up test
	estimated   bool    // there was one
}

func newMonitor(g *Gatherer) *monitor {
	return &monitor{
		credit: g.Credit, conditioned: g.Conditioned, proven: g.Tested,
		tests: newHealthTests(float64(min(g.Credit, 8))),
	}
}

// examine judges a sample of a source that does not test itself. It returns
// whether the sample may count: those of the start-up test do not.
func (m *monitor) examine(sample []byte) (counts bool, err error) {
	if err := m.test(sample); err != nil {
		m.restart()
		return false, err
	}
	if m.proven {
		return true, nil
	}
	m.startup = append(m.startup, sample[:min(len(sample), estimateBlock-len(m.startup))]...)
	if len(m.startup) < estimateBlock {
		return false, nil
	}
	h, _ := Estimate(m.startup)
	m.restart()
	if h < m.leastEstimate() {
		return false, &HealthError{
			Reason:    fmt.Sprintf("unhealthy: start-up test found %.2f bits a byte, at least %.2g needed", h, m.leastEstimate()),
			Permanent: true,
		}
	}
	m.proven, m.estimate, m.estimated = true, h, true
	return false, nil
}

// examineOnce judges the only sample that there will be: its start-up test is
// over the very bytes that count. Fewer than a block cannot be estimated.
func (m *monitor) examineOnce(sample []byte) error {
	if err := m.test(sample); err != nil {
		return err
	}
	m.look(sample)
	if m.estimated && m.estimate < m.leastEstimate() {
		return &HealthError{
			Reason:    fmt.Sprintf("unhealthy: %.2f bits a byte found, at least %.2g needed", m.estimate, m.leastEstimate()),
			Permanent: true,
		}
	}
	return nil
}

// test runs the continuous tests.
func (m *monitor) test(sample []byte) error {
	if failure := m.tests.examine(sample); failure != nil {
		failure.Reason = "unhealthy: " + failure.Reason
		return failure
	}
	return nil
}

// leastEstimate is what a start-up test must find. It is half of the claim,
// because the estimate of perfect bytes lies between 5 and 6 bits.
func (m *monitor) leastEstimate() float64 { return float64(min(m.credit, 8)) / 2 }

// restart begins the start-up test again.
func (m *monitor) restart() {
	clear(m.startup)
	m.startup, m.proven = m.startup[:0], false
	m.tests = newHealthTests(float64(min(m.credit, 8)))
}

// look estimates a sample, if it is long enough.
func (m *monitor) look(sample []byte) {
	if h, known := Estimate(sample); known {
		m.estimate, m.estimated = h, true
	}
}

// used is the credit in force: the least of the configured one and an eighth of
// the estimate.
func (m *monitor) used() Credit {
	if m.conditioned || !m.estimated {
		return m.credit
	}
	return min(m.credit, Credit(m.estimate/marginOfEstimate))
}
