package daemon

import (
	"net/netip"
	"os"
	"reflect"
	"slices"

	"github.com/sirupsen/logrus"

	"prngd/egdproto"
	"prngd/internal/config"
	"prngd/internal/listen"
	"prngd/internal/process"
)

// socket is a listening socket that was there before us.
type socket struct {
	listener   *listen.Listener
	options    listen.Options // of an upgrade: what it was opened with
	supervised bool           // a supervisor made it, not the program before us
}

// inheritance is the listening sockets that were there before us: a
// supervisor's, which it passed to the first program of this process, and, in an
// upgrade, those of the program whose place we took.
type inheritance []socket

// activated takes over what the supervisor opened for us.
func activated(files []*os.File, log *logrus.Logger) (in inheritance) {
	for _, f := range files {
		in.adopt(f, socket{supervised: true}, log)
	}
	return in
}

// handed takes over the sockets of the program before us.
func handed(places []handedPlace, log *logrus.Logger) (in inheritance) {
	for _, p := range places {
		for _, fd := range p.FDs {
			in.adopt(fileOf(fd, p.Options.Address.String()), socket{options: p.Options, supervised: p.Supervised}, log)
		}
	}
	return in
}

func (in *inheritance) adopt(f *os.File, s socket, log *logrus.Logger) {
	defer f.Close()
	l, err := listen.Adopt(f)
	if err != nil {
		log.WithError(err).Warn("an inherited socket is not served")
		return
	}
	s.listener = l
	*in = append(*in, s)
}

// take returns the place that o asks for, if its sockets are there already.
func (in *inheritance) take(o listen.Options) (p place, found bool) {
	p.options = o
	*in = slices.DeleteFunc(*in, func(s socket) bool {
		if !s.serves(o) {
			return false
		}
		s.listener.Claim(o, !s.supervised)
		p.listeners = append(p.listeners, s.listener)
		p.supervised = s.supervised
		return true
	})
	return p, len(p.listeners) > 0
}

// takeOther returns the place of the program before us at a, with the options
// that it has.
func (in *inheritance) takeOther(a egdproto.Address) (p place, found bool) {
	i := slices.IndexFunc(*in, func(s socket) bool { return !s.supervised && s.options.Address == a })
	if i < 0 {
		return place{}, false
	}
	return in.take((*in)[i].options)
}

// drop closes the sockets of the program before us that are at a with other
// options than are asked for now.
func (in *inheritance) drop(a egdproto.Address) {
	*in = slices.DeleteFunc(*in, func(s socket) bool {
		if s.supervised || s.options.Address != a {
			return false
		}
		s.listener.Claim(s.options, true)
		s.listener.Close()
		return true
	})
}

// serves reports whether s is what o asks for. The mode and the group of a
// supervisor's socket are the supervisor's; one of our own that has others now
// is made anew.
func (s socket) serves(o listen.Options) bool {
	if s.supervised {
		return sameAddress(o.Address, s.listener.Address())
	}
	was := s.options
	was.Allow, o.Allow = nil, nil
	return reflect.DeepEqual(was, o)
}

// sameAddress compares the address of a listen line with a bound one. Of paths,
// the files count: systemd writes /run where others write /var/run.
func sameAddress(line, bound egdproto.Address) bool {
	if line.Network != bound.Network {
		return false
	}
	if line.Network == "unix" {
		asked, err1 := os.Stat(line.Path)
		found, err2 := os.Stat(bound.Path)
		return line.Path == bound.Path || err1 == nil && err2 == nil && os.SameFile(asked, found)
	}
	if line.Host == "localhost" {
		return line.Port == bound.Port && bound.Loopback()
	}
	asked, err1 := netip.ParseAddr(line.Host)
	found, err2 := netip.ParseAddr(bound.Host)
	return line.Port == bound.Port && err1 == nil && err2 == nil &&
		(asked.Unmap() == found.Unmap() || asked.IsUnspecified() && found.IsUnspecified())
}

// rest returns what no listen line named. A supervisor's sockets are served all
// the same: whoever wrote the unit wants them, and one for TCP lets in this host
// alone. Those of the program before us are closed.
func (in inheritance) rest(log *logrus.Logger) (places []place) {
	for _, s := range in {
		entry := log.WithField("address", s.listener.Address())
		o := listen.Options{Address: s.listener.Address()}
		s.listener.Claim(o, !s.supervised)
		if !s.supervised {
			s.listener.Close()
			entry.Info("no longer listening")
			continue
		}
		entry.Warn("no listen line names this inherited socket: served with the default limits")
		places = append(places, place{options: o, listeners: []*listen.Listener{s.listener}, supervised: true})
	}
	return places
}

// lines returns the listen lines that are to be opened. The default one stands
// back when a supervisor has sockets for us and nobody asked for another.
func (in inheritance) lines(s *config.Settings) []config.Socket {
	isDefault := s.Listen[0].Where == "default"
	supervised := func(s socket) bool { return s.supervised }
	wanted := func(k socket) bool { return k.serves(listenOptions(s.Listen[0])) }
	if isDefault && slices.ContainsFunc(in, supervised) && !slices.ContainsFunc(in, wanted) {
		return nil
	}
	return s.Listen
}

// openPlaces opens the sockets, or finds them open.
func (d *daemon) openPlaces(s *config.Settings) error {
	control, in := inheritance(nil), activated(process.Listeners(), d.log)
	if d.legacy != nil {
		control, in = handed(d.legacy.Control, d.log), handed(d.legacy.Places, d.log)
	}
	in = append(in, control...)
	d.control, _ = in.take(controlOptions(s))
	places, err := d.listen(s, &in)
	d.places = append(places, in.rest(d.log)...)
	return err
}
