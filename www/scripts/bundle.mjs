import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What the main entry may take, in bytes: 8 KB to run the core, and 4 KB to read text and records without it. */
export const limit = 12 * 1024;

/** The size of a module that uses the package, bundled, minified, gzipped. */
export async function sizeOf(contents) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname },
    bundle: true, minify: true, format: "esm", target: "es2022", write: false, external: ["*.wasm"],
    splitting: true, outdir: "out", metafile: true, // what is imported when it is needed, such as what asks a model, is a file of its own
  });
  const name = (path) => path.split("/").at(-1);
  const imported = Object.entries(metafile.outputs).find(([path]) => name(path) === "stdin.js")[1].imports
    .filter(({ kind }) => kind === "import-statement").map(({ path }) => name(path));
  return outputFiles.filter(({ path }) => ["stdin.js", ...imported].includes(name(path)))
    .reduce((sum, { contents }) => sum + packed(contents), 0);
}

/** The size of what is at a path, gzipped. */
export function sizeOfFile(url) {
  return packed(readFileSync(url));
}

function packed(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}
