package gatherers

// For tests of package gatherers_test.
var (
	RCTCutoff    = rctCutoff
	APTCutoff    = aptCutoff
	SampleKernel = sampleKernel
	EqualBytes   = equalBytes
)

// NewWatch returns a function that judges one block as a start-up test and then
// as a sample, and returns the estimate.
func NewWatch(credit Credit) func(block []byte) (float64, error) {
	m := newMonitor(&Gatherer{Credit: credit})
	return func(block []byte) (float64, error) {
		if _, err := m.examine(block); err != nil {
			return m.estimate, err
		}
		h := m.estimate
		m.proven = false
		return h, nil
	}
}
