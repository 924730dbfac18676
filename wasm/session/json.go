package session

import (
	"strconv"

	"github.com/finece/finece/position"
	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/estimate"
	"github.com/finece/finece/wasm/internal/settings"
	"github.com/finece/finece/wasm/jsonscan"
	"github.com/finece/finece/wasm/stream"
)

// modelName is what "estimator" says for a confidence model.
const modelName = "model"

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
//	  "calibration": null,
//	  "text": false,
//	  "max_event": 262144, "max_choices": 16, "max_positions": 8192,
//	  "max_pending": 128, "max_text": 65536
//	}
//
// "estimator" is the name of an estimate.Method, or "model". "calibration" is an
// object as package calibration documents it.
func ParseConfig(data []byte) (Config, error) {
	r := configReader{settings.New("session: ", data), DefaultConfig()}
	err := r.All("the configuration", r.setting)
	return r.config, err
}

type configReader struct {
	settings.Reader
	config Config
}

func (r *configReader) setting(name string) bool {
	c := &r.config
	switch name {
	case "question":
		r.Text(name, &c.Question)
	case "format":
		r.Parsed(name, func(s string) (err error) { c.Format, err = stream.ParseFormat(s); return })
	case "strategy":
		r.Parsed(name, func(s string) (err error) { c.Positions.Strategy, err = position.ParseStrategy(s); return })
	case "min_length":
		r.Whole(name, &c.Positions.MinLength)
	case "every":
		r.Whole(name, &c.Positions.Every)
	case "threshold":
		r.Number(name, &c.Positions.Threshold)
	case "min_gap":
		r.Whole(name, &c.Positions.MinGap)
	case "alpha":
		r.Number(name, &c.Fusion.Alpha)
	case "depth":
		r.Whole(name, &c.Fusion.Depth)
	case "width":
		r.Whole(name, &c.Fusion.Width)
	case "estimator":
		r.Parsed(name, r.estimator)
	case "model":
		r.Object("model.", r.model)
	case "calibration":
		c.Calibration = calibration.Read(&r.Reader, "calibration.")
	case "text":
		r.Truth(name, &c.Text)
	case "max_event":
		r.Whole(name, &c.MaxEvent)
	case "max_choices":
		r.Whole(name, &c.MaxChoices)
	case "max_positions":
		r.Whole(name, &c.MaxPositions)
	case "max_pending":
		r.Whole(name, &c.MaxPending)
	case "max_text":
		r.Whole(name, &c.MaxText)
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
		r.Parsed(name, func(s string) (err error) { m.Adapter, err = estimate.ParseAdapter(s); return })
	case "name":
		r.Text(name, &m.Name)
	case "one_message":
		r.Truth(name, &m.OneMessage)
	case "instructions":
		r.Object("instructions.", r.instruction)
	case "max_tokens":
		r.Whole(name, &m.MaxTokens)
	case "top_logprobs":
		r.Whole(name, &m.TopLogprobs)
	case "class":
		r.Whole(name, &m.Class)
	case "label":
		r.Text(name, &m.Label)
	case "activation":
		r.Parsed(name, func(s string) (err error) { m.Activation, err = estimate.ParseActivation(s); return })
	default:
		return false
	}
	return true
}

func (r *configReader) instruction(name string) bool {
	for stage := range r.config.Model.Instructions {
		if name == estimate.Stage(stage).String() {
			r.Text(name, &r.config.Model.Instructions[stage])
			return true
		}
	}
	return false
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
	if c.Calibration != nil {
		w.name("calibration")
		w.dst = calibration.Append(w.dst, c.Calibration, nil)
	}
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
