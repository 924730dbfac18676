import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { readEnvelope } from "finece";
import { ConfidenceLog, headlineOf } from "finece/badge";
import { example, fineceServe } from "../example-support.js";
import { root } from "../packed-support.js";
import { examples } from "./installed.js";

test("the filter says what it reads, by Open WebUI's own dispatcher", async (t) => {
  const address = await fineceServe(t);
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "generator", stream: true, messages: [{ role: "user", content: "Ann has 3 apples and buys 4. How many apples has she now?" }] }),
  });
  const chunks = (await response.text()).split("\n").filter((line) => line.startsWith("data: {")).map((line) => line.slice(6));
  const log = new ConfidenceLog();
  chunks.forEach((chunk) => { readEnvelope(JSON.parse(chunk))?.events.forEach((record) => { log.apply(record); }); });
  const headline = headlineOf(log.positions());
  assert.equal(headline?.state, "final");

  const said = execFileSync(join(examples, "python/bin/python"), [join(root, "test/examples/play_filter.py"), join(example("open-webui"), "finece_filter.py")], {
    input: chunks.join("\n"), encoding: "utf8",
  });
  const events = said.trim().split("\n").map((line) => JSON.parse(line) as { type: string; data: { description: string; done: boolean } });
  assert.ok(events.every(({ type }) => type === "status"), said);
  const last = events.at(-1)?.data;
  assert.match(last?.description ?? "", headline.calibrated ? /^(Check this\. )?\d+% of answers like this are right$/ : /^(Check this|(Medium|High) certainty)$/);
  assert.equal(last?.done, true);
});
