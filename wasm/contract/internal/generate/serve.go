package main

import "github.com/finece/finece/wasm/contract"

// serveSchema writes the JSON schema of a file of finece serve. A setting is one definition
// for the file and its routes.
func serveSchema() ([]byte, error) {
	definitions, properties := new(object), new(object)
	for _, s := range contract.Served {
		definitions.add(s.File(), settingSchema(s))
		property := reference(s.File())
		if s == contract.ClientKeys {
			list := new(object).add("type", "array").add("minItems", 1).add("items", reference("client"))
			property = new(object).add("anyOf", []any{property, list.add("description", "the client keys themselves")})
		}
		properties.add(s.File(), property)
	}
	properties.add(contract.Routes.File(), new(object).
		add("description", contract.Routes.Help).
		add("type", "array").
		add("items", reference("route")))

	route := new(object)
	for _, s := range []*contract.Setting{contract.RoutePath, contract.RouteModel} {
		route.add(s.Name, entrySchema(s))
	}
	for _, s := range contract.Routed {
		route.add(s.File(), reference(s.File()))
	}
	definitions.add("route", closed("Some requests, and their other settings.", route).
		add("anyOf", []any{required(contract.RoutePath), required(contract.RouteModel)}))

	client := new(object)
	for _, s := range contract.Client {
		client.add(s.Name, entrySchema(s))
	}
	definitions.add("client", closed("A client key.", client).
		add("required", []string{contract.ClientName.Name, contract.ClientHash.Name}))

	return indented(new(object).
		add("$schema", dialect).
		add("title", "A file of finece serve").
		add("description", notice+" In YAML, for finece serve --config. "+prefixes).
		add("type", "object").
		add("properties", properties).
		add("additionalProperties", false).
		add("$defs", definitions))
}

func required(s *contract.Setting) *object {
	return new(object).add("required", []string{s.Name})
}

// entrySchema returns the schema of a member of a route or of a client key. It has no default:
// if the member is absent, there is no limit or pattern.
func entrySchema(s *contract.Setting) *object {
	o := settingSchema(s)
	o.keys, o.values = o.keys[:len(o.keys)-1], o.values[:len(o.values)-1]
	return o
}
