// node main.mjs [PART...]: measures the package in Chromium and workerd against
// named peers, prints the rows, and saves them for host/cmd/bench's report.
import { flush } from "./support.mjs";

const named = process.argv.slice(2);
for (const part of ["size", "badge", "placement", "chromium", "worker"].filter((name) => named.length === 0 || named.includes(name))) {
  await import(`./${part === "chromium" ? "decoding" : part}.mjs`);
  flush(part);
}
