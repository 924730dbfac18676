// Package contract is the one table of everything that FineCE's parts have to agree on: the
// fields of records, the names in them, and settings.
//
//	for _, s := range contract.Session {
//		fmt.Println("--"+s.Flag(), s.Default, s.Range(), s.Help)
//	}
//
// A name is defined in the package that it belongs to, such as package stream for formats.
// This package imports these names. Everything else that needs a name or a field is
// generated from here:
//
//	wasm/contract/record/generated.go  the records in Go: types, encoder, reader
//	wasm/contract/schema/record.json   the JSON schema of a record
//	wasm/contract/schema/settings.json the JSON schema of all settings
//	wasm/contract/schema/serve.json    the JSON schema of a file of finece serve --config
//	wasm/contract/defaults/defaults.go the defaults of settings as Go constants, for configurations in host
//	www/src/contract.ts                the ABI, the names, the records and the settings in TypeScript
//	www/test/golden/names.json         events with every name in them, for a test
//	host/python/src/finece/_contract.py, _providers.py  the same in Python
//	README.md                          the table of providers, between the markers <!-- providers --> and <!-- /providers -->
//	www/package.json, www/package-lock.json, host/python/pyproject.toml   the version
//
// After a change to a table or to a list of names, run
//
//	go generate ./wasm/contract
//
// A test fails while a generated file is stale. finece.wasm links nothing of
// this package.
//
// # To add a record field
//
// Add one row to the record in records.go. Rows have the order of the keys on the wire. Run
// go generate. If the session has the value of the field, set it in record.Builder.
//
// # To add a setting
//
// A setting of the session needs a field in session.Config, a default in
// session.DefaultConfig, and one row in session.Settings. In this package it needs one
// variable in settings.go, with its help text and unit. Any other setting is one variable in
// groups.go. A setting of finece serve is also listed in Served (serve.go), unless its group
// is listed there. Run go generate. A configuration in host takes its default from package
// defaults, and a command takes its flag from settings.Add.
//
// A setting belongs in this package if more than one place knows it. That may be two
// commands, Go and TypeScript, an environment variable, a file of settings, or a flag and the
// defaults of a package. A flag is defined in its command if no other command has it and no
// package has a default for it. No default is written twice. Every configuration starts from
// its defaults, so zero means zero.
//
// # To add a provider
//
// Add one row to the table in providers.go and run go generate. A server that you can run
// yourself has a row in servers.go, too: how it is installed and started, and what it cannot do.
//
// # To change the version
//
// Change Version in version.go, run go generate, and add a section to
// .github/CHANGELOG.md.
//
// # To add a name
//
// Add the constant and its text where the other names of its kind are defined. Add them at
// the end of the list, since the number of a name is part of the ABI. Run go generate. A new
// kind of name is one more variable in names.go.
package contract

//go:generate go run ./internal/generate ../..
