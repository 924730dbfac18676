// Runs the built Worker in workerd, with the bindings given as JSON, and prints
// its address. It ends when its standard input does.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare } from "miniflare";

const wasm = fileURLToPath(new URL("../..", import.meta.url));
const date = /"compatibility_date": "(.*?)"/.exec(readFileSync(`${wasm}edge/wrangler.jsonc`, "utf8"))[1];

const worker = new Miniflare({
  log: new Log(LogLevel.WARN),
  port: 0,
  cf: false,
  // Past the worker that miniflare puts in front, which swallows broken answers.
  unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  host: "127.0.0.1",
  compatibilityDate: date,
  bindings: JSON.parse(process.argv[2]),
  modulesRoot: wasm,
  modules: [
    ["ESModule", process.argv[3] ?? "edge/worker.mjs"],
    ["ESModule", "edge/worker.mjs"],
    ["ESModule", "edge/core.mjs"],
    ["ESModule", "edge/build/wasm_exec.js"],
    ["ESModule", "edge/build/runtime.mjs"],
    ["CompiledWasm", "edge/build/app.wasm"],
    ["CompiledWasm", "finece.wasm"],
  ]
    .filter(([, path], i, all) => all.findIndex((m) => m[1] === path) === i)
    .map(([type, path]) => ({ type, path: wasm + path })),
});
await worker.ready;
console.log(String(await worker.unsafeGetDirectURL()));
process.stdin.on("end", () => worker.dispose().then(() => process.exit(0))).resume();
