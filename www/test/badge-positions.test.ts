import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { ConfidenceRecord, FineceRecord, PositionRecord } from "finece";
import {
  ConfidenceLog, ENGLISH, badgeAttributes, formatPercent, showValue, shownAs,
} from "finece/badge";
import { ESTIMATORS, MAPS, METHODS, RECORD_DEFAULTS } from "../dist/contract.js";

const found: PositionRecord = {
  type: "position", choice: 0, index: 1, kinds: ["paragraph"], segment: "answer", byte: 9, utf16: 8, token: 3, ratio: null,
  entropy: null, approximate: false,
};
const record = (revision: number, state: ConfidenceRecord["state"], more: Partial<ConfidenceRecord> = {}): ConfidenceRecord =>
  ({ ...found, type: "confidence", revision, state, raw: null, fused: null, calibrated: false, source: null, reason: null, ...more });
const known = (revision: number, state: "provisional" | "final", fused: number): ConfidenceRecord =>
  record(revision, state, { raw: 0.5, fused, source: { ...RECORD_DEFAULTS.source, estimator: "logprob", method: "leco" } });

test("a log keeps the latest and the first value, and takes nothing back", () => {
  const log = new ConfidenceLog();
  log.apply(found);
  assert.equal(log.apply(found), undefined, "the same position");
  assert.equal(log.positions()[0]?.state, "pending");
  log.apply(record(0, "pending"));
  const [pending] = log.positions();
  assert.deepEqual([pending?.fused, pending?.first, pending?.source], [null, null, null]);
  log.apply(known(1, "provisional", 0.5));
  const [before] = log.positions();
  log.apply(known(2, "final", 0.7));
  assert.equal(log.apply(known(1, "provisional", 0.1)), undefined, "an older revision");
  const [after] = log.positions();
  assert.deepEqual([after?.fused, after?.first, after?.raw, after?.state], [0.7, 0.5, 0.5, "final"]);
  assert.equal(before?.fused, 0.5, "a position that somebody has does not change");
  log.apply(record(3, "unavailable", { reason: "core-lost" }));
  const [lost] = log.positions();
  assert.deepEqual([lost?.fused, lost?.first, lost?.reason, lost?.source], [null, 0.5, "core-lost", null]);
  assert.ok(lost !== undefined);
  assert.deepEqual(badgeAttributes(lost), { state: "unavailable", first: "0.5", reason: "core-lost" });
  assert.deepEqual([log.positions(1), log.positions(0, "reasoning"), log.all().length], [[], [], 1]);
});

test("percentages never claim a certainty that is none", () => {
  assert.deepEqual([0, 0.001, 0.004, 0.01, 0.5, 0.99, 0.994, 0.999, 1].map((v) => formatPercent(v, "en")),
    ["0%", "<1%", "<1%", "1%", "50%", "99%", ">99%", ">99%", "100%"]);
  assert.equal(formatPercent(0.5, "no such locale!"), formatPercent(0.5));
});

test("no source that is not calibrated is shown as a percentage, and one that is, is", () => {
  const sources = [...METHODS.map((method) => ({ estimator: "logprob" as const, method })), ...ESTIMATORS.map((estimator) => ({ estimator, method: null }))];
  const words = new Set<string>();
  for (const { estimator, method } of sources) {
    for (const map of [null, ...MAPS.filter((name) => name !== "")]) {
      const source = { estimator, method, basis: null, mass: null, model: null, map, band: null, outside: [] };
      for (const fused of [0, 0.2, 0.5, 0.85, 0.94, 0.999, 1]) {
        for (const calibrated of [false, true]) {
          const text = showValue(fused, shownAs({ ...known(0, "final", fused), first: fused, calibrated, source }), ENGLISH, "en");
          assert.equal(text.includes("%"), calibrated, `${estimator} ${String(method)} ${String(map)} ${String(fused)}: ${text}`);
          words.add(calibrated ? "%" : text);
        }
      }
    }
  }
  assert.deepEqual([...words].sort(), ["%", "high", "low", "medium"]);
});

// The same table as host/follow's.
const headlines = JSON.parse(readFileSync(new URL("../test/golden/headline.json", import.meta.url), "utf8")) as {
  name: string; events: FineceRecord[]; index: number | null; fused: number | null; reason: string | null;
}[];

test("the headline of an answer, by the table that Go reads too", () => {
  assert.ok(headlines.length >= 8);
  for (const { name, events, index, fused, reason } of headlines) {
    const said = ConfidenceLog.from({ finece: { version: 1, events } }).headline();
    assert.deepEqual([said?.index ?? null, said?.fused ?? null, said?.reason ?? null], [index, fused, reason], name);
  }
});
