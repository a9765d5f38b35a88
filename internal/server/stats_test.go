package server

import (
	"reflect"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"

	"prngd/internal/prng"
)

// Every counter goes on, also one that is added later.
func TestContinue(t *testing.T) {
	var before Stats
	v := reflect.ValueOf(&before).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint64:
			f.SetUint(uint64(10 + i))
		case reflect.Array:
			for j := range f.Len() {
				f.Index(j).SetUint(uint64(100 + j))
			}
		}
	}
	before.LastRefusal = time.Unix(1, 0)
	log, _ := logtest.NewNullLogger()
	s := New(Config{Generator: newGenerator(t, prng.Seeded), Log: log})
	s.Continue(before, 3)
	want := before
	want.ClientsEver -= 3
	if got := s.Stats(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
