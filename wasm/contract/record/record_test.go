package record

import (
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/session"
	"github.com/finece/finece/wasm/stream"
)

// The examples that documentation shows.
func TestTheDocumentedExamplesHold(t *testing.T) {
	place := Place{
		Index: 2, Kinds: position.Paragraph, Byte: 412, UTF16: 405, Token: 88, Ratio: nan, Entropy: Entropy{nan, nan},
	}
	known := Confidence{
		Place: place, State: session.Provisional, Revision: 1, Raw: 0.71, Fused: 0.68, Calibrated: true,
		Source: Source{Estimator: EstimatorModel, Model: "finece-1.9m", Mass: nan, Map: "platt", Band: "early"},
	}
	unknown := Confidence{Place: place, State: session.Unavailable, Raw: nan, Fused: nan, Source: Source{Mass: nan}, Reason: session.Refusal}
	decision := NewDecision(0, "withhold", ActionEnd, "low")
	decision.Index, decision.Threshold = 3, 0.8
	for _, c := range []struct {
		record Record
		want   string
	}{
		{&known, `{"type":"confidence","choice":0,"index":2,"kinds":["paragraph"],"segment":"answer","byte":412,"utf16":405,"token":88,` +
			`"state":"provisional","revision":1,"raw":0.71,"fused":0.68,"calibrated":true,` +
			`"source":{"estimator":"model","model":"finece-1.9m","map":"platt","band":"early"}}`},
		{&unknown, `{"type":"confidence","choice":0,"index":2,"kinds":["paragraph"],"segment":"answer","byte":412,"utf16":405,"token":88,` +
			`"state":"unavailable","revision":0,"reason":"refusal"}`},
		{decision, `{"type":"decision","choice":0,"index":3,"policy":"withhold","action":"end","threshold":0.8,"reason":"low"}`},
		{&Fault{Code: stream.Truncated, Offset: 96, Detail: "[DONE]"}, `{"type":"fault","choice":0,"code":"truncated","offset":96,"detail":"[DONE]"}`},
		{&End{Choice: 1, Reason: stream.Length, Tokens: 12, Missing: position.Entropy}, `{"type":"end","choice":1,"reason":"length","tokens":12,"reasoning":0,"missing":["entropy"]}`},
		{&Start{Version: Version, ID: "a-1", Generator: "some-model"}, `{"type":"start","version":1,"id":"a-1","generator":"some-model"}`},
	} {
		if got := string(c.record.AppendJSON(nil)); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
	e := Envelope{ID: "a-1", Events: []Record{decision}}
	want := `"finece":{"version":1,"id":"a-1","events":[{"type":"decision","choice":0,"index":3,"policy":"withhold","action":"end","threshold":0.8,"reason":"low"}]}`
	if got := string(e.AppendMember(nil)); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

// random fills every field of a record with a value that its JSON can hold. An
// optional number is absent about every third time.
func random(r *rand.Rand, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			random(r, v.Field(i))
		}
	case reflect.Float64:
		v.SetFloat(r.NormFloat64())
		if r.IntN(3) == 0 {
			v.SetFloat(nan)
		}
	case reflect.Int:
		v.SetInt(r.Int64N(1 << 31)) // an int has 32 bits on some processors
	case reflect.Int64:
		v.SetInt(r.Int64N(1 << 40))
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.String:
		v.SetString([]string{"", "x", "a \"quoted\"\nline", "naïve 🙂", "</script>"}[r.IntN(5)])
	case reflect.Slice:
		v.SetZero()
		for range r.IntN(3) {
			v.Set(reflect.Append(v, reflect.ValueOf("range")))
		}
	case reflect.Uint8:
		randomName(r, v)
	}
}

func randomName(r *rand.Rand, v reflect.Value) {
	switch v.Interface().(type) {
	case position.Kind:
		v.SetUint(r.Uint64N(1 << len(position.Kinds())))
	case position.Segment:
		v.SetUint(r.Uint64N(uint64(len(position.Segments()))))
	case session.State:
		v.SetUint(r.Uint64N(uint64(len(session.States()))))
	case session.Reason:
		v.SetUint(r.Uint64N(uint64(len(session.Reasons()) + 1)))
	case stream.Reason:
		v.SetUint(r.Uint64N(uint64(len(stream.Reasons()))))
	case stream.FaultCode:
		v.Set(reflect.ValueOf(session.FaultCodes()[r.IntN(len(session.FaultCodes()))]))
	default:
		panic("a type of names that this test does not know: " + v.Type().String())
	}
}

func empties() []Record {
	return []Record{new(Position), new(Confidence), new(Decision), new(Fault), new(End), new(Start)}
}

// same compares records. NaN equals NaN here.
func same(a, b Record) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && sameValue(reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
}

func sameValue(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Float64:
		return a.Float() == b.Float() || a.Float() != a.Float() && b.Float() != b.Float()
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		for _, want := range empties() {
			random(r, reflect.ValueOf(want).Elem())
			if c, ok := want.(*Confidence); ok && !c.HasValue() {
				c.Calibrated = false // it is written only with a value
			}
			data := want.AppendJSON(nil)
			got, err := Read(data)
			if err != nil || !same(got, want) {
				t.Fatalf("%s\n got %+v, %v\nwant %+v", data, got, err, want)
			}
			other := newRecord(want.Type())
			if err := json.Unmarshal(data, other); err != nil || !same(other, want) {
				t.Fatalf("encoding/json of %s\n got %+v, %v\nwant %+v", data, other, err, want)
			}
			again, err := json.Marshal(want)
			if err != nil || !sameJSON(t, again, data) {
				t.Fatalf("encoding/json writes %s, %v\nwant %s", again, err, data)
			}
		}
	}
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		t.Fatalf("no JSON: %s, %s", a, b)
	}
	return reflect.DeepEqual(x, y)
}

// Unknown keys, types and names may come from a later version.
func TestReadersIgnoreWhatTheyDoNotKnow(t *testing.T) {
	got, err := Read([]byte(`{"new":{"a":[1]},"choice":3,"type":"end","reason":"bored","missing":["entropy","mood"],"tokens":null}`))
	end, ok := got.(*End)
	if err != nil || !ok || end.Choice != 3 || end.Reason.String() != "unknown" || end.Missing != position.Entropy || end.Tokens != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Read([]byte(`{"type":"weather","choice":"x"}`)); got != nil || err != nil {
		t.Errorf("a record of an unknown type: %v, %v", got, err)
	}
	e, err := ReadEnvelope([]byte(`{"version":1,"id":"7","mood":1,"events":[{"type":"weather"},{"type":"fault","code":"truncated"}]}`))
	if err != nil || e.ID != "7" || len(e.Events) != 1 || e.Events[0].Type() != TypeFault {
		t.Errorf("%+v, %v", e, err)
	}
	e, err = ReadEnvelope([]byte(`{"version":2,"events":[{"type":"fault","code":7}]}`))
	if err != nil || e.Version != 2 || e.Events != nil {
		t.Errorf("an envelope of a later version: %+v, %v", e, err)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	for data, want := range map[string]string{
		`[]`:                                   "record: want a JSON object",
		`{"type":"end"`:                        "record: ",
		`{"type":"end","choice":"x"}`:          `record: "choice": want a whole number`,
		`{"type":"end","missing":"entropy"}`:   `record: "missing": want an array of strings`,
		`{"type":"end","missing":[1]}`:         `record: "missing": want an array of strings`,
		`{"type":"confidence","raw":"0.5"}`:    `record: "raw": want a number`,
		`{"type":"confidence","source":1}`:     `record: "source": want an object`,
		`{"type":"confidence","calibrated":1}`: `record: "calibrated": want true or false`,
		`{"type":"confidence","state":1}`:      `record: "state": want a string`,
		`{"type":"start","id":1}`:              `record: "id": want a string`,
	} {
		if got, err := Read([]byte(data)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", data, got, err, want)
		}
	}
	for data, want := range map[string]string{
		`1`:                         "envelope: want a JSON object",
		`{"events":[]}`:             `envelope: "version": want a whole number from 1`,
		`{"version":1,"`:            "envelope: ",
		`{"version":1,"events":{}}`: `envelope: "events": want an array of records`,
		`{"version":1,"events":[{"type":"end"},{"type":"end","choice":[]}]}`: `envelope: event 1: record: "choice": want a whole number`,
	} {
		if got, err := ReadEnvelope([]byte(data)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, %v; want %q", data, got, err, want)
		}
	}
}

// The Worker links this package.
func TestTheEncoderLinksNoReflection(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		switch path {
		case "encoding/json", "fmt", "reflect":
			t.Errorf("the package depends on %s", path)
		}
	}
}

func FuzzRead(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, record := range empties() {
		random(r, reflect.ValueOf(record).Elem())
		f.Add(record.AppendJSON(nil))
	}
	f.Add([]byte(`{"version":1,"id":"a","events":[{"type":"end","choice":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if record, err := Read(data); err == nil && record != nil {
			written := record.AppendJSON(nil)
			again, err := Read(written)
			if err != nil || string(again.AppendJSON(nil)) != string(written) {
				t.Fatalf("%s was read and written as %s, and that as %+v, %v", data, written, again, err)
			}
		}
		if e, err := ReadEnvelope(data); err == nil && e.Version == Version {
			if _, err := ReadEnvelope(e.AppendJSON(nil)); err != nil {
				t.Fatalf("%s was read and written, and then: %v", data, err)
			}
		}
	})
}
