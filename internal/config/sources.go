package config

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"prngd/egdproto"
)

const sourceForms = "egd:ADDRESS, stream:ADDRESS, dev:PATH, fifo:PATH, file:PATH or program:PATH"

func (l *line) source(words []string) error {
	if len(words) == 0 {
		return errors.New("expected " + sourceForms)
	}
	s := Source{Where: l.where}
	if err := s.target(words[0]); err != nil {
		return err
	}
	if err := attributes(words[1:], map[string]func(string) error{"credit": s.credit}); err != nil {
		return err
	}
	same := func(o Source) bool { return o.Kind == s.Kind && o.Target == s.Target }
	if i := slices.IndexFunc(l.c.Sources, same); i >= 0 {
		return already(words[0], l.c.Sources[i].Where) // else it would count twice
	}
	if s.Address.Network == "tcp" && s.Credit > 0 {
		l.warn(fmt.Sprintf("source: %s: what comes by TCP can be read and forged on its way, credit=0 is used", s.Address))
		s.Credit = 0
	}
	l.c.Sources = append(l.c.Sources, s)
	return nil
}

// target reads KIND:TARGET.
func (s *Source) target(word string) (err error) {
	s.Kind, s.Target, _ = strings.Cut(word, ":")
	switch s.Kind {
	case "egd", "stream":
		s.Address, err = egdproto.ParseAddress(s.Target)
	case "dev", "fifo", "file":
		err = path(&s.Target)(s.Target)
	case "program":
		s.Argv = strings.FieldsFunc(s.Target, isBlank)
		s.Target = strings.Join(s.Argv, " ")
		if len(s.Argv) == 0 || !filepath.IsAbs(s.Argv[0]) {
			err = fmt.Errorf("expected an absolute path, and arguments in the same quotes, found %.80q", s.Target)
		}
	default:
		err = fmt.Errorf("expected %s, found %.40q", sourceForms, word)
	}
	return err
}

func (s *Source) credit(value string) error {
	bits, err := strconv.ParseFloat(value, 64)
	if numberPrefix(value) != value || err != nil || !(bits >= 0 && bits <= MaxRate) {
		return fmt.Errorf("expected 0 to %d bits per byte", MaxRate)
	}
	s.Credit = math.Abs(bits) // not -0
	return nil
}

func (l *line) exchange(words []string) error {
	if len(words) == 0 {
		return errors.New("expected an absolute path")
	}
	x := Exchange{Every: exchangeEvery, Where: l.where}
	if err := path(&x.Path)(words[0]); err != nil {
		return err
	}
	if err := attributes(words[1:], map[string]func(string) error{"every": period(&x.Every)}); err != nil {
		return err
	}
	same := func(o Exchange) bool { return o.Path == x.Path }
	if i := slices.IndexFunc(l.c.Exchange, same); i >= 0 {
		return already(x.Path, l.c.Exchange[i].Where)
	}
	l.c.Exchange = append(l.c.Exchange, x)
	return nil
}

func (l *line) gatherer(words []string) error {
	if len(words) != 2 || words[0] == "" || strings.Contains(words[0], "=") {
		return errors.New("expected NAME every=DURATION or NAME off")
	}
	g := GathererLine{Name: words[0], Where: l.where}
	if g.Off = words[1] == "off"; !g.Off {
		every, ok := strings.CutPrefix(words[1], "every=")
		if !ok {
			return fmt.Errorf("expected every=DURATION or off, found %.40q", words[1])
		}
		if err := period(&g.Every)(every); err != nil {
			return err
		}
	}
	l.c.Gatherers = slices.DeleteFunc(l.c.Gatherers, func(o GathererLine) bool { return o.Name == g.Name })
	l.c.Gatherers = append(l.c.Gatherers, g)
	return nil
}

func (l *line) writeCredit(words []string) error {
	w := WriteCredit{UID: -1, GID: -1, Where: l.where}
	if i := slices.Index(words, "alone"); i >= 0 {
		w.Alone = true
		words = slices.Delete(words, i, i+1)
	}
	if err := attributes(words, map[string]func(string) error{"uid": number(&w.UID), "gid": number(&w.GID)}); err != nil {
		return err
	}
	if w.UID < 0 && w.GID < 0 {
		return errors.New("expected uid=NUMBER or gid=NUMBER")
	}
	l.c.WriteCredit = append(l.c.WriteCredit, w)
	return nil
}
