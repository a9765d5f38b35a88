package watch

import "time"

// Rates are what two samples of one process say between them, a second, without
// the probes of the watcher itself.
type Rates struct {
	Requests float64
	Bytes    float64 // sent
}

// Between returns the rates from one sample to a later one. There are none when
// either has no report, or the daemon began again in between.
func Between(from, to *Sample) (Rates, bool) {
	if from.Report == nil || to.Report == nil || !from.Report.Started.Equal(to.Report.Started) {
		return Rates{}, false
	}
	seconds := to.Report.Now.Sub(from.Report.Now).Seconds()
	if seconds < float64(time.Millisecond)/float64(time.Second) {
		return Rates{}, false
	}
	own := to.Probes - from.Probes
	return Rates{
		Requests: rate(requests(from)+own, requests(to), seconds),
		Bytes:    rate(from.Report.Clients.BytesOut+own*(ProbeBytes+1), to.Report.Clients.BytesOut, seconds),
	}, true
}

// rate is 0 for a counter that went back.
func rate(from, to uint64, seconds float64) float64 {
	if to < from {
		return 0
	}
	return float64(to-from) / seconds
}

func requests(s *Sample) (sum uint64) {
	for _, n := range s.Report.Clients.Requests {
		sum += n
	}
	return sum
}
