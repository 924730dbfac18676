package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/finece/finece/wasm/contract"
)

// tsPrelude has the types of settings that are not made from a list of names.
const tsPrelude = `
type StrategyName = Exclude<PositionKind, "question" | "end">;

/** Where confidences are estimated: one strategy, or several such as ` + "`paragraph+entropy`" + `. */
export type Strategy =
  | StrategyName | ` + "`${StrategyName}+${StrategyName}` | `${StrategyName}+${StrategyName}+${StrategyName}`" + `
  | ` + "`${StrategyName}+${StrategyName}+${StrategyName}+${StrategyName}`" + `;

/** A file of ` + "`finece calibrate`" + `. The core checks its content. */
export interface Calibration {
  readonly finece_calibration: number;
  readonly [key: string]: unknown;
}

/** A file of ` + "`finece calibrate --estimator trajectory`" + `. The core checks its content. */
export interface Trajectory {
  readonly finece_trajectory: number;
  readonly [key: string]: unknown;
}

/** The answers that a confidence model was trained on, or that a map was fitted on. The core checks its content. */
export interface Card {
  readonly finece_card: number;
  readonly [key: string]: unknown;
}
`

// instructionsDoc documents the object with a confidence model's instructions.
const instructionsDoc = "Instructions that replace the built-in ones: for a question, a partial answer and a complete answer."

// fusion are the settings that fuse takes, in TypeScript and in Python.
var fusion = []*contract.Setting{contract.Alpha, contract.Depth, contract.Width}

// tsSettings writes the types of a session's settings, and their defaults.
func tsSettings(b *strings.Builder) {
	b.WriteString(tsPrelude)
	tsInterface(b, "ModelConfig", "How a confidence model is asked, and how its reply is read.", "model", "instructions")
	tsInterface(b, "ScoringConfig", "The settings of any scored stream. Each has a default.", "", "estimator", "model")
	tsDoc(b, "", "The settings of a session of the core.")
	b.WriteString("export interface SessionConfig extends ScoringConfig {\n")
	tsSetting(b, "  ", contract.Estimator)
	b.WriteString("  /** How a model is asked. */\n  model?: ModelConfig;\n}\n")
	tsDoc(b, "", "The defaults of a client that asks a confidence model; times are in milliseconds.")
	b.WriteString("export const MODEL_DEFAULTS = {\n")
	for _, s := range contract.Model {
		value := s.Default
		if d, isDuration := value.(time.Duration); isDuration {
			value = d.Milliseconds()
		}
		fmt.Fprintf(b, "  %s: %d,\n", s.Camel(), value)
	}
	b.WriteString("} as const;\n")
	tsDoc(b, "", "The defaults of Backward Confidence Integration.")
	b.WriteString("export const FUSION_DEFAULTS = {\n")
	for _, s := range fusion {
		fmt.Fprintf(b, "  %s: %v,\n", s.Camel(), s.Default)
	}
	b.WriteString("} as const;\n")
}

// tsInterface writes the settings of an object, except those in without.
func tsInterface(b *strings.Builder, name, doc, object string, without ...string) {
	tsDoc(b, "", doc)
	fmt.Fprintf(b, "export interface %s {\n", name)
	for _, s := range contract.Session {
		if s.In(object) && !slices.Contains(without, s.Name) {
			tsSetting(b, "  ", s)
		}
	}
	if object == "model" {
		fmt.Fprintf(b, "  /** %s */\n  instructions?: {\n", instructionsDoc)
		for _, s := range contract.Session {
			if s.In("model.instructions") {
				tsSetting(b, "    ", s)
			}
		}
		b.WriteString("  };\n")
	}
	b.WriteString("}\n")
}

func tsSetting(b *strings.Builder, indent string, s *contract.Setting) {
	doc := upper(s.Help)
	if allowed := s.Range(); allowed != "" {
		doc += strings.TrimRight("; "+allowed+" "+s.Unit, " ")
	}
	if s.Default != nil && s.Default != "" {
		doc += fmt.Sprintf("; default %v", s.Default)
	}
	fmt.Fprintf(b, "%s/** %s. */\n%s%s?: %s;\n", indent, doc, indent, s.Camel(), s.Typed())
}

// settingsSchema writes the JSON schema of all settings: an object for each group.
// "session" is the configuration of the core.
func settingsSchema() ([]byte, error) {
	definitions := new(object).add("session", closed("The settings of a session, which the core reads.", settingsObject("")))
	properties := new(object).add("session", reference("session"))
	for _, g := range contract.Groups {
		members := new(object)
		for _, s := range g.Settings {
			members.add(s.Name, settingSchema(s))
		}
		name := strings.ToLower(g.Name)
		definitions.add(name, closed("The settings "+g.Doc+".", members))
		properties.add(name, reference(name))
	}
	return indented(new(object).
		add("$schema", dialect).
		add("title", "The settings of FineCE").
		add("description", notice+" "+prefixes).
		add("type", "object").
		add("properties", properties).
		add("additionalProperties", false).
		add("$defs", definitions))
}

// prefixes explains the beginnings of settings' help.
const prefixes = `In the descriptions of settings, a word before a colon says when a setting counts: "warn:" means with the policy warn, "periodic:" with the strategy periodic, and "URL:" with the address of a confidence model as the estimator.`

// closed returns the schema of an object without other members. The core refuses unknown names,
// too.
func closed(description string, properties *object) *object {
	return new(object).
		add("description", description).
		add("type", "object").
		add("properties", properties).
		add("additionalProperties", false)
}

// settingsObject returns the properties of the object of that path; "" is the outermost.
func settingsObject(path string) *object {
	o := new(object)
	for _, s := range contract.Session {
		rest, inside := strings.CutPrefix(s.Name, strings.TrimLeft(path+".", "."))
		if path == "" {
			rest, inside = s.Name, true
		}
		key, _, nested := strings.Cut(rest, ".")
		switch {
		case !inside || slices.Contains(o.keys, key):
		case nested:
			o.add(key, new(object).
				add("type", "object").
				add("properties", settingsObject(strings.TrimLeft(path+"."+key, "."))).
				add("additionalProperties", false))
		default:
			o.add(key, settingSchema(s))
		}
	}
	return o
}

func settingSchema(s *contract.Setting) *object {
	help := s.Help
	if s.Unit != "" && !strings.Contains(help, s.Unit) {
		help += ", in " + s.Unit
	}
	o := new(object).add("description", help)
	value := s.Default
	switch v := value.(type) {
	case nil:
		return o.add("type", []string{"object", "null"})
	case time.Duration:
		// In Go's notation, such as 1m30s.
		value = v.String()
		o.add("type", "string").add("pattern", `^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`)
	case []string:
		o.add("type", "array").add("items", new(object).add("type", "string"))
	case string:
		o.add("type", "string")
	case bool:
		o.add("type", "boolean")
	case int:
		o.add("type", "integer").add("minimum", s.Low)
	case float64:
		o.add("type", "number").add("minimum", s.Low)
	}
	if _, spoken := value.(string); !spoken && s.Range() != "" && s.High < math.MaxInt32 {
		o.add("maximum", s.High)
	}
	if len(s.Names) > 0 {
		names := s.Names
		if s.Default == "" {
			names = append([]string{""}, names...) // not set
		}
		o.add("enum", names)
	}
	return o.add("default", value)
}
