// What the benchmarks share. Peers take turns in rounds, each figure is the
// median of the rounds and each ratio the median of the rounds' ratios, as in
// the Go benchmark (host/cmd/bench), which writes the report.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { createServer } from "node:http";
import { once } from "node:events";

/** The demo stream: 155 tokens with 5 top_logprobs each, in OpenAI's form. */
export const demo = readFileSync(new URL("../../wasm/session/testdata/demo.sse", import.meta.url));

/** A recorded stream of the same form, from llama.cpp. */
export const recorded = readFileSync(new URL("../../wasm/stream/fixture/streams/llama.cpp/chat.sse", import.meta.url));

const rows = [];

/** A row of the table: what was measured, the figure, and what it is held against. */
export function row(what, figure, target = "") {
  rows.push([what, figure, target]);
}

/** Prints the rows so far in columns, and saves them for `go run ./host/cmd/bench report`. */
export function flush(part) {
  const core = readFileSync(new URL("../dist/finece.wasm", import.meta.url));
  const folder = new URL("../../build/bench/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(`${part}.json`, folder), `${JSON.stringify({
    Core: createHash("sha256").update(core).digest("hex"), Day: new Date().toISOString().slice(0, 10),
    Machine: `Node ${process.versions.node} ${process.platform}/${process.arch}, ${availableParallelism()} CPUs`,
    Rows: rows.map(([What, Figure, Target]) => ({ What, Figure, Target })),
  }, undefined, 2)}\n`);
  const widths = [0, 1].map((i) => Math.max(...rows.map((row) => row[i].length)));
  for (const [what, figure, target] of rows.splice(0)) {
    console.log(`${what.padEnd(widths[0])}  ${figure.padEnd(widths[1])}  ${target}`.trimEnd());
  }
}

export function median(values) {
  return quantile(values, 0.5);
}

export function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))];
}

/** The median over the rounds of a by b in the same round. */
export function ratio(a, b) {
  return median(a.map((value, i) => value / b[i]));
}

/** Serves on a port of its own; close it with `close`. */
export async function serve(listener) {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
