// What the main entry costs a page, beside the core: bundled, minified, gzipped.
// Fails over the limit.
import { limit, sizeOf, sizeOfFile } from "./bundle.mjs";

const main = await sizeOf('export * from "finece"');
const wasm = sizeOfFile(new URL("../dist/finece.wasm", import.meta.url));
console.log(`finece          ${main} bytes gzip (limit ${limit})`);
console.log(`  confidenceFetch only ${await sizeOf('export { confidenceFetch } from "finece"')}`);
console.log(`finece/metrics  ${await sizeOf('export * from "finece/metrics"')} bytes gzip`);
console.log(`finece.wasm     ${wasm} bytes gzip`);
if (main > limit) {
  console.error(`the main entry is ${main - limit} bytes over its limit`);
  process.exit(1);
}
