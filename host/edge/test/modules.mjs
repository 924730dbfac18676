// The modules of the built Worker, as Miniflare takes them.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** The options of a Miniflare that runs the Worker. Tests may give another entry module and another finece.wasm. */
export function worker(entry = "host/edge/worker.mjs", core = `${root}wasm/finece.wasm`) {
  const modules = [
    ["ESModule", entry],
    ["ESModule", "host/edge/worker.mjs"],
    ["ESModule", "host/edge/program.mjs"],
    ["ESModule", "host/edge/io.mjs"],
    ["ESModule", "host/edge/core.mjs"],
    ["ESModule", "host/edge/build/wasm_exec.js"],
    ["ESModule", "host/edge/build/runtime.mjs"],
    ["CompiledWasm", "host/edge/build/app.wasm"],
    ["CompiledWasm", "wasm/finece.wasm"],
  ];
  return {
    compatibilityDate: /"compatibility_date": "(.*?)"/.exec(readFileSync(`${root}host/edge/wrangler.jsonc`, "utf8"))[1],
    modulesRoot: root,
    modules: modules
      .filter(([, path], i) => modules.findIndex((m) => m[1] === path) === i)
      .map(([type, path]) => ({ type, path: root + path, contents: readFileSync(path === "wasm/finece.wasm" ? core : root + path) })),
  };
}
