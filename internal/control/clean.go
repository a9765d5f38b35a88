package control

import (
	"reflect"
	"strings"
	"unicode"
)

// maxText bounds one text of an answer, in bytes.
const maxText = 4 << 10

// Clean returns s fit for a terminal, a page or a log: every control character,
// line end and invisible formatting character (Unicode Cc, Cf, Zl, Zp, among them
// escape sequences and marks that turn the direction of text) becomes a blank or
// "?", and what exceeds 4 KiB is cut off.
func Clean(s string) string {
	if len(s) > maxText {
		s = strings.ToValidUTF8(s[:maxText], "") + "..."
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			return '?'
		}
		return r
	}, s)
}

// cleanStrings cleans every text that a points to, keys of maps included, so that
// a new field cannot be forgotten.
func cleanStrings(a *Answer) { cleanValue(reflect.ValueOf(a).Elem()) }

func cleanValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(Clean(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			cleanValue(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				cleanValue(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return // data, not text
		}
		for i := range v.Len() {
			cleanValue(v.Index(i))
		}
	case reflect.Map:
		cleanKeys(v)
	}
}

// cleanKeys cleans the names of a map of numbers.
func cleanKeys(v reflect.Value) {
	for _, key := range v.MapKeys() {
		clean := Clean(key.String())
		if clean == key.String() {
			continue
		}
		value := v.MapIndex(key)
		v.SetMapIndex(key, reflect.Value{})
		v.SetMapIndex(reflect.ValueOf(clean), value)
	}
}
