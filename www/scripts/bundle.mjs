import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** The size of a module that uses the package, bundled, minified, gzipped. With `layer` only the files of that folder of dist count. */
export async function sizeOf(contents, layer) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname },
    bundle: true, minify: true, format: "esm", target: "es2022", write: false, external: ["*.wasm"],
    plugins: layer === undefined ? [] : [onlyOf(layer)], splitting: true, outdir: "out", metafile: true, // what is imported when it is needed, such as what asks a model, is a file of its own
  });
  const name = (path) => path.split("/").at(-1);
  const imported = Object.entries(metafile.outputs).find(([path]) => name(path) === "stdin.js")[1].imports
    .filter(({ kind }) => kind === "import-statement").map(({ path }) => name(path));
  return outputFiles.filter(({ path }) => ["stdin.js", ...imported].includes(name(path)))
    .reduce((sum, { contents }) => sum + packed(contents), 0);
}

/** Leaves out what is imported from outside of a folder of dist. */
function onlyOf(layer) {
  return {
    name: "layer",
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ path, importer, resolveDir }) => {
        const inside = new URL(path, `file://${resolveDir}/`).pathname.includes(`/dist/${layer}/`);
        return importer.endsWith("<stdin>") || importer === "" || inside ? undefined : { path, external: true };
      });
    },
  };
}

/**
 * What a page gets when it imports a part of the package: a module that imports it, the most that it may be, in bytes with
 * gzip, and the folder that counts if not all does. What is loaded when it is first needed does not count.
 */
export const parts = {
  // 8 KB to run the core, and 4 KB to read text and records without it.
  "finece": { contents: 'export * from "finece"', limit: 12 * 1024 },
  "finece/badge, one badge": { contents: 'export { ConfidenceBadge } from "finece/badge"', limit: 8 * 1024 },
  // The chip, its line, and what switches modes. Badges in the text, marked words and details come when they are needed.
  "finece/badge, showConfidences": { contents: 'export { showConfidences } from "finece/badge"', limit: 12.25 * 1024 },
  "finece/react, the layer": { contents: 'export * from "finece/react"', limit: 3 * 1024, layer: "react" },
  "finece/vue, the layer": { contents: 'export * from "finece/vue"', limit: 3 * 1024, layer: "vue" },
  "finece/svelte, the layer": { contents: 'export * from "finece/svelte"', limit: 3 * 1024, layer: "svelte" },
};

/** The size of what is at a path, gzipped. */
export function sizeOfFile(url) {
  return packed(readFileSync(url));
}

function packed(bytes) {
  return gzipSync(bytes, { level: 9 }).length;
}
