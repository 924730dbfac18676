package session

import (
	"errors"
	"strconv"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// modelName is what "estimator" says for a confidence model.
const modelName = "model"

// maxInt is the largest whole number that a configuration may hold: what a
// 32-bit int does.
const maxInt = 1<<31 - 1

// ParseConfig reads a configuration in JSON. What is left out keeps the value
// of DefaultConfig. An unknown name or a value of the wrong kind is an error
// that says where.
//
//	{
//	  "question": "What is 6 times 7?",
//	  "format": "auto",
//	  "strategy": "paragraph+entropy", "min_length": 1,
//	  "every": 50, "threshold": 1e-10, "min_gap": 10,
//	  "alpha": 0.5, "depth": 2, "width": 1,
//	  "estimator": "perplexity",
//	  "model": {
//	    "adapter": "chat", "name": "", "one_message": false,
//	    "instructions": {"question": "", "partial": "", "complete": ""},
//	    "max_tokens": 16, "top_logprobs": 20,
//	    "class": 1, "label": "", "activation": "none"
//	  },
//	  "text": false,
//	  "max_event": 262144, "max_choices": 16, "max_positions": 8192,
//	  "max_pending": 128, "max_text": 65536
//	}
//
// "estimator" is the name of an estimate.Method, or "model".
func ParseConfig(data []byte) (Config, error) {
	r := configReader{config: DefaultConfig()}
	r.scan.Reset(data)
	if r.scan.Kind() != jsonscan.Object {
		return r.config, errors.New("session: the configuration is not a JSON object")
	}
	r.object("", r.setting)
	if r.err == nil && !r.scan.End() {
		r.err = errors.New("session: the configuration is not JSON: " + r.scan.Err().Error())
	}
	return r.config, r.err
}

type configReader struct {
	config Config
	scan   jsonscan.Scanner
	prefix string // of the names in the object being read
	err    error
}

// object reads an object's members with set, which reports false for a name
// that it does not know.
func (r *configReader) object(prefix string, set func(name string) bool) {
	outer := r.prefix
	r.prefix = prefix
	if r.scan.Kind() != jsonscan.Object {
		r.wrong("", "an object")
	}
	if r.scan.EnterObject() {
		for r.scan.NextKey() {
			name := string(r.scan.Key())
			if !set(name) {
				r.fail(errors.New("session: unknown setting " + quoted(prefix+name)))
				r.scan.Skip()
			}
		}
	}
	r.prefix = outer
}

func quoted(s string) string { return string(jsonscan.AppendString(nil, []byte(s))) }

func (r *configReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *configReader) wrong(name, want string) {
	r.fail(errors.New("session: setting " + quoted(r.prefix+name) + ": want " + want))
}

func (r *configReader) setting(name string) bool {
	c := &r.config
	switch name {
	case "question":
		c.Question = r.text(name)
	case "format":
		r.parsed(name, func(s string) (err error) { c.Format, err = stream.ParseFormat(s); return })
	case "strategy":
		r.parsed(name, func(s string) (err error) { c.Positions.Strategy, err = position.ParseStrategy(s); return })
	case "min_length":
		r.whole(name, &c.Positions.MinLength)
	case "every":
		r.whole(name, &c.Positions.Every)
	case "threshold":
		r.number(name, &c.Positions.Threshold)
	case "min_gap":
		r.whole(name, &c.Positions.MinGap)
	case "alpha":
		r.number(name, &c.Fusion.Alpha)
	case "depth":
		r.whole(name, &c.Fusion.Depth)
	case "width":
		r.whole(name, &c.Fusion.Width)
	case "estimator":
		r.parsed(name, r.estimator)
	case "model":
		r.object("model.", r.model)
	case "text":
		r.truth(name, &c.Text)
	case "max_event":
		r.whole(name, &c.MaxEvent)
	case "max_choices":
		r.whole(name, &c.MaxChoices)
	case "max_positions":
		r.whole(name, &c.MaxPositions)
	case "max_pending":
		r.whole(name, &c.MaxPending)
	case "max_text":
		r.whole(name, &c.MaxText)
	default:
		return false
	}
	return true
}

func (r *configReader) estimator(name string) (err error) {
	r.config.Estimator = Model
	if name != modelName {
		r.config.Estimator = Builtin
		r.config.Method, err = estimate.ParseMethod(name)
	}
	return err
}

func (r *configReader) model(name string) bool {
	m := &r.config.Model
	switch name {
	case "adapter":
		r.parsed(name, func(s string) (err error) { m.Adapter, err = estimate.ParseAdapter(s); return })
	case "name":
		m.Name = r.text(name)
	case "one_message":
		r.truth(name, &m.OneMessage)
	case "instructions":
		r.object("model.instructions.", r.instruction)
	case "max_tokens":
		r.whole(name, &m.MaxTokens)
	case "top_logprobs":
		r.whole(name, &m.TopLogprobs)
	case "class":
		r.whole(name, &m.Class)
	case "label":
		m.Label = r.text(name)
	case "activation":
		r.parsed(name, func(s string) (err error) { m.Activation, err = estimate.ParseActivation(s); return })
	default:
		return false
	}
	return true
}

func (r *configReader) instruction(name string) bool {
	for stage := range r.config.Model.Instructions {
		if name == estimate.Stage(stage).String() {
			r.config.Model.Instructions[stage] = r.text(name)
			return true
		}
	}
	return false
}

func (r *configReader) text(name string) string {
	text, ok := r.scan.Text()
	if !ok {
		r.wrong(name, "a string")
	}
	return string(text)
}

func (r *configReader) parsed(name string, parse func(string) error) {
	if text, ok := r.scan.Text(); !ok {
		r.wrong(name, "a string")
	} else if err := parse(string(text)); err != nil {
		r.fail(err)
	}
}

func (r *configReader) number(name string, to *float64) {
	value, ok := r.scan.Float()
	if !ok {
		r.wrong(name, "a number")
	}
	*to = value
}

func (r *configReader) whole(name string, to *int) {
	value, ok := r.scan.Int()
	if !ok || value < 0 || value > maxInt {
		r.wrong(name, "a whole number from 0 to "+strconv.Itoa(maxInt))
	}
	*to = int(value)
}

func (r *configReader) truth(name string, to *bool) {
	value, ok := r.scan.Bool()
	if !ok {
		r.wrong(name, "true or false")
	}
	*to = value
}

// AppendConfig writes c as ParseConfig reads it.
func AppendConfig(dst []byte, c *Config) []byte {
	w := configWriter{dst: append(dst, '{')}
	w.text("question", c.Question)
	w.text("format", c.Format.String())
	strategy := c.Positions.Strategy
	if strategy == 0 {
		strategy = position.Paragraph
	}
	w.text("strategy", strategy.String())
	w.whole("min_length", c.Positions.MinLength)
	w.whole("every", c.Positions.Every)
	w.number("threshold", c.Positions.Threshold)
	w.whole("min_gap", c.Positions.MinGap)
	w.number("alpha", c.Fusion.Alpha)
	w.whole("depth", c.Fusion.Depth)
	w.whole("width", c.Fusion.Width)
	if c.Estimator == Model {
		w.text("estimator", modelName)
	} else {
		w.text("estimator", c.Method.String())
	}
	m := &c.Model
	w.open("model")
	w.text("adapter", m.Adapter.String())
	w.text("name", m.Name)
	w.truth("one_message", m.OneMessage)
	w.open("instructions")
	for stage, text := range m.Instructions {
		w.text(estimate.Stage(stage).String(), text)
	}
	w.close()
	w.whole("max_tokens", m.MaxTokens)
	w.whole("top_logprobs", m.TopLogprobs)
	w.whole("class", m.Class)
	w.text("label", m.Label)
	w.text("activation", m.Activation.String())
	w.close()
	w.truth("text", c.Text)
	w.whole("max_event", c.MaxEvent)
	w.whole("max_choices", c.MaxChoices)
	w.whole("max_positions", c.MaxPositions)
	w.whole("max_pending", c.MaxPending)
	w.whole("max_text", c.MaxText)
	w.close()
	return w.dst
}

type configWriter struct{ dst []byte }

func (w *configWriter) name(name string) {
	if w.dst[len(w.dst)-1] != '{' {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(jsonscan.AppendString(w.dst, []byte(name)), ':')
}

func (w *configWriter) open(name string) { w.name(name); w.dst = append(w.dst, '{') }
func (w *configWriter) close()           { w.dst = append(w.dst, '}') }

func (w *configWriter) text(name, value string) {
	w.name(name)
	w.dst = jsonscan.AppendString(w.dst, []byte(value))
}

func (w *configWriter) number(name string, value float64) {
	w.name(name)
	w.dst = jsonscan.AppendFloat(w.dst, value)
}

func (w *configWriter) whole(name string, value int) {
	w.name(name)
	w.dst = strconv.AppendInt(w.dst, int64(value), 10)
}

func (w *configWriter) truth(name string, value bool) {
	w.name(name)
	w.dst = strconv.AppendBool(w.dst, value)
}
