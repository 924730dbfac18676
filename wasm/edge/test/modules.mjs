// The modules of the built Worker, as Miniflare takes them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const wasm = fileURLToPath(new URL("../..", import.meta.url));

/** The options of a Miniflare that runs the Worker, or another entry beside it, on a core, or another file in its place. */
export function worker(entry = "edge/worker.mjs", core = `${wasm}finece.wasm`) {
  const modules = [
    ["ESModule", entry],
    ["ESModule", "edge/worker.mjs"],
    ["ESModule", "edge/program.mjs"],
    ["ESModule", "edge/io.mjs"],
    ["ESModule", "edge/core.mjs"],
    ["ESModule", "edge/build/wasm_exec.js"],
    ["ESModule", "edge/build/runtime.mjs"],
    ["CompiledWasm", "edge/build/app.wasm"],
    ["CompiledWasm", "finece.wasm"],
  ];
  return {
    compatibilityDate: /"compatibility_date": "(.*?)"/.exec(readFileSync(`${wasm}edge/wrangler.jsonc`, "utf8"))[1],
    modulesRoot: wasm,
    modules: modules
      .filter(([, path], i) => modules.findIndex((m) => m[1] === path) === i)
      .map(([type, path]) => ({ type, path: wasm + path, contents: readFileSync(path === "finece.wasm" ? core : wasm + path) })),
  };
}
