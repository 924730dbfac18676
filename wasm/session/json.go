package session

import (
	"errors"
	"strconv"
	"strings"

	"github.com/finece/finece/wasm/calibration"
	"github.com/finece/finece/wasm/internal/settings"
	"github.com/finece/finece/wasm/jsonscan"
)

// modelName is the value of "estimator" for a confidence model. The names of that model's
// settings begin with modelPath.
const modelName, modelPath = "model", "model."

// ParseConfig reads a configuration in JSON. A setting that is left out has the value of
// DefaultConfig. An unknown name or a value of the wrong kind is an error that names the
// setting.
//
//	{
//	  "question": "What is 6 times 7?",
//	  "format": "auto",
//	  "strategy": "paragraph+entropy", "min_length": 1,
//	  "every": 50, "entropy_threshold": 1e-10, "min_gap": 10,
//	  "alpha": 0.5, "depth": 2, "width": 1,
//	  "estimator": "perplexity",
//	  "model": {
//	    "adapter": "chat", "name": "", "one_message": false,
//	    "instructions": {"question": "", "partial": "", "complete": ""},
//	    "max_tokens": 16, "top_logprobs": 20,
//	    "class": 1, "label": "", "activation": "none"
//	  },
//	  "calibration": null, "trajectory": null, "card": null,
//	  "fallback": "none", "fallback_calibration": null,
//	  "generator": "", "domain": "", "conversation": "unknown",
//	  "text": false,
//	  "max_event": 262144, "max_choices": 16, "max_positions": 8192,
//	  "max_pending": 128, "max_text": 65536, "max_missing": 0.2
//	}
//
// "estimator" is the name of an estimate.Method, "model" or "trajectory". Package calibration
// documents the objects "calibration", "fallback_calibration", "trajectory" and "card".
// [Settings] has every range.
func ParseConfig(data []byte) (Config, error) {
	r := configReader{Reader: settings.New("session: ", data), config: DefaultConfig()}
	r.all = Settings(&r.config)
	err := r.All("the configuration", r.setting)
	return r.config, err
}

type configReader struct {
	settings.Reader
	config Config
	all    []Setting
	path   string // the path of the object being read: "", "model." or "model.instructions."
}

// setting reads the value of a key of the object at r.path.
func (r *configReader) setting(key string) bool {
	name := r.path + key
	for i := range r.all {
		s := &r.all[i]
		switch {
		case s.Name == name:
			r.value(key, s)
			return true
		case strings.HasPrefix(s.Name, name) && s.Name[len(name)] == '.':
			outer := r.path
			r.path = name + "."
			r.Object(key+".", r.setting)
			r.path = outer
			return true
		}
	}
	for _, old := range renamed {
		if old[0] == name {
			r.Fail(errors.New("session: setting \"" + old[0] + "\" is now \"" + old[1] + "\""))
		}
	}
	return false
}

func (r *configReader) value(key string, s *Setting) {
	switch {
	case s.Text != nil:
		r.Text(key, s.Text)
	case s.Truth != nil:
		r.Truth(key, s.Truth)
	case s.Whole != nil:
		r.Whole(key, s.Whole)
	case s.Number != nil:
		r.Number(key, s.Number)
	case s.Set != nil:
		r.Parsed(key, s.Set)
	case s.Name == trajectoryName:
		r.config.Trajectory = calibration.ReadTrajectory(&r.Reader, "trajectory.")
	case s.Name == cardName:
		r.config.Card = calibration.ReadCard(&r.Reader, "card.")
	case s.Name == fallbackName:
		r.config.FallbackCalibration = calibration.Read(&r.Reader, fallbackName+".")
	default:
		r.config.Calibration = calibration.Read(&r.Reader, "calibration.")
	}
}

// AppendConfig appends c in the JSON form that ParseConfig reads.
func AppendConfig(dst []byte, c *Config) []byte {
	dst = append(dst, '{')
	path := ""
	for _, s := range Settings(c) {
		if s.Name == calibrationName && c.Calibration == nil || s.Name == fallbackName && c.FallbackCalibration == nil || s.Name == trajectoryName && c.Trajectory == nil || s.Name == cardName && c.Card == nil {
			continue
		}
		dst, path = enter(dst, path, s.Name)
		dst = appendKey(dst, s.Name[len(path):])
		dst = appendValue(dst, c, &s)
	}
	dst, _ = enter(dst, path, "")
	return append(dst, '}')
}

// enter closes the open objects that do not contain name, and opens those that do. path has the
// open objects. enter returns the new path: name up to its last point.
func enter(dst []byte, path, name string) ([]byte, string) {
	for !strings.HasPrefix(name, path) {
		dst = append(dst, '}')
		path = path[:strings.LastIndexByte(path[:len(path)-1], '.')+1]
	}
	for {
		i := strings.IndexByte(name[len(path):], '.')
		if i < 0 {
			return dst, path
		}
		dst = append(appendKey(dst, name[len(path):len(path)+i]), '{')
		path = name[:len(path)+i+1]
	}
}

func appendKey(dst []byte, key string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(jsonscan.AppendString(dst, []byte(key)), ':')
}

func appendValue(dst []byte, c *Config, s *Setting) []byte {
	switch {
	case s.Text != nil:
		return jsonscan.AppendString(dst, []byte(*s.Text))
	case s.Truth != nil:
		return strconv.AppendBool(dst, *s.Truth)
	case s.Whole != nil:
		return strconv.AppendInt(dst, int64(*s.Whole), 10)
	case s.Number != nil:
		return jsonscan.AppendFloat(dst, *s.Number)
	case s.Get != nil:
		return jsonscan.AppendString(dst, []byte(s.Get()))
	}
	switch s.Name {
	case cardName:
		return calibration.AppendCard(dst, c.Card)
	case fallbackName:
		return calibration.Append(dst, c.FallbackCalibration, nil)
	case trajectoryName:
		return calibration.AppendTrajectory(dst, c.Trajectory, nil)
	}
	return calibration.Append(dst, c.Calibration, nil)
}
