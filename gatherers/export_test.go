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

// Estimates are those of the three estimators for one block.
func Estimates(data []byte) [3]float64 {
	block := (*[estimateBlock]byte)(data)
	return [3]float64{mostCommonValue(block), collision(block), lag(block)}
}

// Absence is what makes gopsutil's errors ErrUnsupported.
var Absence = absence

// OtherUsers is otherUsers.
func OtherUsers(path string, owner int) error { return otherUsers(path, owner) }
