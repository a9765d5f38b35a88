package config

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Marshal is [json.Marshal], but keeps every byte of the strings in v: paths and
// words of commands need not be UTF-8, which JSON is. Strings are found in
// structs, slices and what pointers lead to; those of maps are left as they are.
func Marshal(v any) ([]byte, error) {
	return json.Marshal(mapStrings(reflect.ValueOf(v), escape).Interface())
}

// Unmarshal reads what Marshal has written into what v points to.
func Unmarshal(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return err
	}
	to := reflect.ValueOf(v).Elem()
	to.Set(mapStrings(to, unescape))
	return nil
}

// escape writes what is not UTF-8 as a NUL, which no other string here begins
// with unescaped, and base64.
func escape(s string) string {
	if utf8.ValidString(s) && !strings.HasPrefix(s, "\x00") {
		return s
	}
	return "\x00" + base64.StdEncoding.EncodeToString([]byte(s))
}

func unescape(s string) string {
	coded, is := strings.CutPrefix(s, "\x00")
	if b, err := base64.StdEncoding.DecodeString(coded); is && err == nil {
		return string(b)
	}
	return s
}

// mapStrings returns a copy of v with f applied to every string in it.
func mapStrings(v reflect.Value, f func(string) string) reflect.Value {
	to := reflect.New(v.Type()).Elem()
	to.Set(v)
	switch v.Kind() {
	case reflect.String:
		to.SetString(f(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			to.Set(reflect.New(v.Type().Elem()))
			to.Elem().Set(mapStrings(v.Elem(), f))
		}
	case reflect.Slice:
		if v.IsNil() || v.Type().Elem().Kind() == reflect.Uint8 {
			break
		}
		to.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			to.Index(i).Set(mapStrings(v.Index(i), f))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // not those of time.Time and netip.Prefix
				to.Field(i).Set(mapStrings(v.Field(i), f))
			}
		}
	}
	return to
}
