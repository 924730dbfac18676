import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What the main entry may take, in bytes: 8 KB to run the core, and 4 KB to read text and records without it. */
export const limit = 12 * 1024;

/** The size of a module that uses the package, bundled, minified, gzipped. */
export async function sizeOf(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname },
    bundle: true, minify: true, format: "esm", target: "es2022", write: false, external: ["*.wasm"],
  });
  return packed(outputFiles[0].contents);
}

/** The size of what is at a path, gzipped. */
export function sizeOfFile(url) {
  return packed(readFileSync(url));
}

function packed(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}
