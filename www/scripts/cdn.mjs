// Builds dist/cdn/finece.js: the package as one script for a page without a bundler, which
// makes the global FineCE. It loads finece.wasm from beside itself when that is first needed.
import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  stdin: {
    contents: ["finece", "finece/badge", "finece/place", "finece/store", "finece/markdown"].map((entry) => `export * from "${entry}";`).join("\n"),
    resolveDir: here(".."),
  },
  outfile: here("../dist/cdn/finece.js"), bundle: true, minify: true, format: "iife", globalName: "FineCE", target: "es2022", legalComments: "none",
  // A script that is no module has no import.meta; it knows its address while it runs.
  define: { "import.meta.url": "scriptAddress" }, inject: [here("cdn-address.js")], logLevel: "warning",
});
copyFileSync(here("../dist/finece.wasm"), here("../dist/cdn/finece.wasm"));
