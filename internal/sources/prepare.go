package sources

import (
	"prngd/gatherers"
	"prngd/internal/change"
)

// Prepare makes the gatherers that next names and opens their devices, nothing
// of which is used before Commit. The error names the line.
//
// At the start of the daemon a device that cannot be opened is looked for again
// with every sample. Later it refuses the change, if the present list does not
// name it, with an error that [change.IsLater] reports.
func (s *Sources) Prepare(next Settings) (change.Change, error) {
	stage := s.devices.stage()
	list, err := s.gatherers(next, stage)
	if err == nil && s.running() {
		err = s.refuse(next, stage)
	}
	p := &prepared{s, list, stage}
	if err != nil {
		p.Rollback()
		return nil, err
	}
	return p, nil
}

func (s *Sources) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.started
}

// prepared is a list of gatherers that is not sampled yet.
type prepared struct {
	of    *Sources
	list  []gatherers.Gatherer
	stage *stage
}

// Commit has the runner sample the new list from now on, and closes the devices
// that it does not name, and those of the old list as soon as the samples that are
// under way have ended.
func (p *prepared) Commit() error {
	p.stage.commit()
	closeAll(p.of.replace(p.list))
	return nil
}

// replace has the runner take up list, and returns the one before.
func (s *Sources) replace(list []gatherers.Gatherer) (old []gatherers.Gatherer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, s.list, s.started = s.list, list, true
	if s.restart != nil {
		s.restart() // before anything is closed: what fails then is not news
	}
	return old
}

// Rollback closes the devices and files that Prepare has opened.
func (p *prepared) Rollback() {
	p.stage.rollback()
	closeAll(p.list)
}

func closeAll(list []gatherers.Gatherer) {
	for _, g := range list {
		if g.Close != nil {
			g.Close()
		}
	}
}
