package main

import (
	"encoding/json"

	"github.com/finece/finece/wasm/contract"
)

// object is a JSON object with its keys in the order in which they were added.
type object struct {
	keys   []string
	values []any
}

func (o *object) add(key string, value any) *object {
	o.keys, o.values = append(o.keys, key), append(o.values, value)
	return o
}

// MarshalJSON writes the keys in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, key := range o.keys {
		name, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o.values[i])
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

const dialect = "https://json-schema.org/draft/2020-12/schema"

// recordSchema writes the JSON schema of one record. Unknown keys are allowed: readers ignore
// them.
func recordSchema() ([]byte, error) {
	definitions := new(object)
	anyOf := []any{}
	for _, r := range contract.Records {
		definitions.add(r.Type, recordObject(r))
		anyOf = append(anyOf, reference(r.Type))
	}
	definitions.add("envelope", envelopeSchema())
	return indented(new(object).
		add("$schema", dialect).
		add("title", "A FineCE record").
		add("description", notice+" A line of a file of records, or an event in an envelope.").
		add("oneOf", anyOf).
		add("$defs", definitions))
}

func reference(name string) *object { return new(object).add("$ref", "#/$defs/"+name) }

func envelopeSchema() *object {
	events := new(object).add("type", "array").add("items", new(object).add("$ref", "#"))
	return new(object).
		add("description", "The value of the key finece of a chunk or of a whole answer.").
		add("type", "object").
		add("properties", new(object).
			add("version", new(object).add("type", "integer").add("minimum", 1)).
			add("id", new(object).add("type", "string")).
			add("generator", new(object).add("type", "string")).
			add("events", events)).
		add("required", []string{"version", "events"})
}

func recordObject(r *contract.Record) *object {
	properties, required := new(object), []string{}
	if r.Type != "" {
		properties.add("type", new(object).add("const", r.Type))
		required = append(required, "type")
	}
	for _, f := range fieldsOf(r) {
		properties.add(f.Key, fieldSchema(f))
		if f.When == contract.Always {
			required = append(required, f.Key)
		}
	}
	o := new(object).add("description", r.Go+" "+r.Doc).add("type", "object").add("properties", properties)
	if len(required) > 0 {
		o.add("required", required)
	}
	return o
}

// fieldsOf returns a record's fields, those of its place first.
func fieldsOf(r *contract.Record) []contract.Field {
	if !r.Place {
		return r.Fields
	}
	return append(append([]contract.Field{}, contract.Place.Fields...), r.Fields...)
}

func fieldSchema(f contract.Field) *object {
	o := new(object)
	if f.Form == contract.Object {
		return recordObject(f.Of)
	}
	o.add("description", f.Doc)
	switch f.Form {
	case contract.Whole:
		return o.add("type", "integer").add("minimum", 0)
	case contract.Number:
		return o.add("type", "number")
	case contract.Truth:
		return o.add("type", "boolean")
	case contract.Texts, contract.Set:
		return o.add("type", "array").add("items", new(object).add("enum", f.Names.Texts()))
	}
	o.add("type", "string")
	if f.Names != nil {
		o.add("enum", f.Names.Texts())
	}
	return o
}
