package prng

import (
	"bytes"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The subset of NIST's CAVS vectors that is kept here, and then all of them,
// from the module that also serves as the independent implementation.
func TestCAVS(t *testing.T) {
	sets := []struct {
		name   string
		run    func(*cavsVector) []byte
		subset int
		whole  int
	}{
		{"no_reseed", (*cavsVector).noReseed, 32, 240},
		{"pr_false", (*cavsVector).predictionResistanceOff, 32, 240},
		{"pr_true", (*cavsVector).predictionResistanceOn, 32, 240},
	}
	dir := cavsModule()
	for _, set := range sets {
		t.Run(set.name, func(t *testing.T) {
			runCAVS(t, filepath.Join("testdata", "hash_drbg_sha256_"+set.name+".rsp"), set.run, set.subset)
		})
		t.Run(set.name+"/whole", func(t *testing.T) {
			if dir == "" {
				t.Skip("the module with the whole set is not to be found")
			}
			runCAVS(t, filepath.Join(dir, "testdata", set.name, "Hash_DRBG.rsp"), set.run, set.whole)
		})
	}
}

func cavsModule() string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/canonical/go-sp800.90a-drbg").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func runCAVS(t *testing.T, path string, run func(*cavsVector) []byte, want int) {
	vectors := readCAVS(t, path)
	if len(vectors) != want {
		t.Fatalf("%s: %d SHA-256 vectors, expected %d", path, len(vectors), want)
	}
	for i := range vectors {
		v := &vectors[i]
		if got := run(v); !bytes.Equal(got, v.one("ReturnedBits")) {
			t.Errorf("%s, vector %d:\ngot  %x\nwant %x", path, i, got, v.one("ReturnedBits"))
		}
	}
}

// cavsVector is one COUNT: its fields in order of appearance, per name.
type cavsVector struct {
	fields map[string][][]byte
	d      hashDRBG
	out    [128]byte
}

func (v *cavsVector) one(name string) []byte { return v.fields[name][0] }

func (v *cavsVector) load(parts ...[]byte) int {
	return copy(v.d.buf[inputAt:], bytes.Join(parts, nil))
}

func (v *cavsVector) instantiate() {
	v.d.instantiate(v.load(v.one("EntropyInput"), v.one("Nonce"), v.one("PersonalizationString")))
}

func (v *cavsVector) generate(additional []byte) []byte {
	v.d.generate(v.out[:], v.load(additional))
	return v.out[:]
}

func (v *cavsVector) noReseed() []byte {
	v.instantiate()
	v.generate(v.fields["AdditionalInput"][0])
	return v.generate(v.fields["AdditionalInput"][1])
}

func (v *cavsVector) predictionResistanceOff() []byte {
	v.instantiate()
	v.d.reseed(v.load(v.one("EntropyInputReseed"), v.one("AdditionalInputReseed")))
	v.generate(v.fields["AdditionalInput"][0])
	return v.generate(v.fields["AdditionalInput"][1])
}

// 9.3.1 step 7: with prediction resistance the additional input goes into the
// Reseed, and Generate gets none.
func (v *cavsVector) predictionResistanceOn() []byte {
	v.instantiate()
	for i := range 2 {
		v.d.reseed(v.load(v.fields["EntropyInputPR"][i], v.fields["AdditionalInput"][i]))
		v.generate(nil)
	}
	return v.out[:]
}

func readCAVS(t *testing.T, path string) []cavsVector {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []cavsVector
	ours := false
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		name, value, isField := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case strings.HasPrefix(line, "[SHA"):
			ours = line == "[SHA-256]"
		case !ours || !isField || line[0] == '[' || line[0] == '#':
		case name == "COUNT":
			vectors = append(vectors, cavsVector{fields: make(map[string][][]byte)})
		default:
			raw, err := hex.DecodeString(value)
			if err != nil {
				t.Fatalf("%s: %s: %v", path, name, err)
			}
			f := vectors[len(vectors)-1].fields
			f[name] = append(f[name], raw)
		}
	}
	return vectors
}
