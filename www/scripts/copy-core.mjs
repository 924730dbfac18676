// Puts the repository's finece.wasm beside the compiled JavaScript, and checks
// that it is the same file: every engine runs the same bytes.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";

const from = new URL("../../wasm/finece.wasm", import.meta.url);
const to = new URL("../dist/finece.wasm", import.meta.url);
const sum = (url) => createHash("sha256").update(readFileSync(url)).digest("hex");

copyFileSync(from, to);
if (sum(from) !== sum(to)) {
  throw new Error("dist/finece.wasm is not ../wasm/finece.wasm");
}
// The same bytes for finece/inline.
writeFileSync(new URL("../dist/inline-core.js", import.meta.url), `export default "${readFileSync(to).toString("base64")}";\n`);
console.log(`finece.wasm sha256 ${sum(to)}`);
