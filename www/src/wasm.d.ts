// How Workers' bundlers hand over an imported .wasm file. This declaration
// stays in here: no published type mentions it.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
