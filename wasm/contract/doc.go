// Package contract is the one table of what FineCE's parts have to agree on: the
// fields of records, the names in them, and settings.
//
//	for _, s := range contract.Session {
//		fmt.Println("--"+s.Flag(), s.Default, s.Range(), s.Help)
//	}
//
// Names are written where the thing is defined, such as package stream for
// formats; this package imports them. Everything else that needs a name or a
// field is generated from here:
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
// Add one row to the record in records.go, in the place where its key belongs on
// the wire, and run go generate. Set the field in record.Builder if it comes
// from the session.
//
// # To add a setting
//
// A setting of the session gets a field in session.Config, its default in
// session.DefaultConfig, and one row in session.Settings; here it gets one
// variable in settings.go with its help text and unit. Any other setting is one
// variable in groups.go. A setting of finece serve is listed in Served (serve.go), too,
// unless its group is. Run go generate. A configuration in host takes its default
// from package defaults, and a command takes the flag from settings.Add.
//
// A setting belongs here if more than one place knows it: two commands, Go and
// TypeScript, an environment variable, a file of settings, or a flag and the
// defaults of a package. A flag that one command alone has, and that no package has
// a default for, is defined in that command. No default is written twice, and every
// configuration starts from its defaults: zero means zero.
//
// # To add a provider
//
// Add one row to the table in providers.go and run go generate.
//
// # To change the version
//
// Change Version in version.go, run go generate, and add a section to
// .github/CHANGELOG.md.
//
// # To add a name
//
// Add the constant and its text where the others of its kind are defined, at the
// end of the list, since its number is part of the ABI. Run go generate. A new
// kind of name is one more variable in names.go.
package contract

//go:generate go run ./internal/generate ../..
