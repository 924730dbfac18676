// What the main entry costs a page, beside the core: bundled, minified, gzipped.
// Fails over the limit.
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { readFileSync } from "node:fs";

const limit = 8 * 1024;
const sizeOf = async (contents) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname },
    bundle: true, minify: true, format: "esm", target: "es2022", write: false, external: ["*.wasm"],
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
};

const main = await sizeOf('export * from "finece"');
const wasm = gzipSync(readFileSync(new URL("../dist/finece.wasm", import.meta.url)), { level: 9 }).length;
console.log(`finece          ${main} bytes gzip (limit ${limit})`);
console.log(`  confidenceFetch only ${await sizeOf('export { confidenceFetch } from "finece"')}`);
console.log(`finece/metrics  ${await sizeOf('export * from "finece/metrics"')} bytes gzip`);
console.log(`finece.wasm     ${wasm} bytes gzip`);
if (main > limit) {
  console.error(`the main entry is ${main - limit} bytes over its limit`);
  process.exit(1);
}
