// What the package costs a page, beside the core: bundled, minified, gzipped.
// Fails over a limit.
import { parts, sizeOf, sizeOfFile } from "./bundle.mjs";

let over = 0;
for (const [what, { contents, limit, layer }] of Object.entries(parts)) {
  const size = await sizeOf(contents, layer);
  console.log(`${what.padEnd(30)} ${String(size).padStart(6)} bytes gzip (limit ${limit})`);
  if (size > limit) {
    over++;
    console.error(`${what} is ${size - limit} bytes over its limit`);
  }
}
console.log(`  confidenceFetch only ${await sizeOf('export { confidenceFetch } from "finece"')}`);
console.log(`finece/metrics  ${await sizeOf('export * from "finece/metrics"')} bytes gzip`);
console.log(`finece.wasm     ${sizeOfFile(new URL("../dist/finece.wasm", import.meta.url))} bytes gzip`);
process.exitCode = over > 0 ? 1 : 0;
