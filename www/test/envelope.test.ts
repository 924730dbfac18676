import assert from "node:assert/strict";
import { test } from "node:test";
import {
  AnswerReader, type ConfidenceRecord, type FineceRecord, type PositionRecord, type StreamEvent, RecordBuilder, confidenceFetch, confidences, loadCore,
  readEnvelope, writeEnvelope,
} from "finece";
import { ConfidenceLog } from "finece/badge";
import { FAULTS, RECORD_DEFAULTS } from "../dist/contract.js";
import { cut, demo, latest, serve, streamOf, textOf } from "./support.js";

const place = { choice: 0, index: 1, kinds: ["paragraph"], segment: "answer", byte: 9, utf16: 8, token: 3 };
const wire = {
  position: { type: "position", ...place, ratio: 0.5, entropy: { lower: 0.1 }, approximate: true },
  confidence: {
    type: "confidence", ...place, state: "provisional", revision: 2, raw: 0.7, fused: 0.6, calibrated: true,
    source: { estimator: "model", basis: "parsed", model: "judge", map: "platt", band: "early", outside: ["range"] },
  },
  decision: { type: "decision", choice: 0, index: 3, policy: "withhold", action: "end", threshold: 0.8, reason: "low" },
  fault: { type: "fault", choice: 0, code: "truncated", offset: 12 },
  end: { type: "end", choice: 0, reason: "stop", tokens: 9, reasoning: 0 },
  start: { type: "start", version: 1, id: "a" },
};
const read = (...events: unknown[]): readonly FineceRecord[] | undefined => readEnvelope({ finece: { version: 1, events } })?.events;
const one = (event: unknown): Record<string, unknown> | undefined => read(event)?.[0] as Record<string, unknown> | undefined;

test("a record is read with null for every key that is absent", () => {
  assert.deepEqual(read(...Object.values(wire)), [
    { ...wire.position, entropy: { lower: 0.1, upper: null } },
    { ...wire.confidence, ...RECORD_DEFAULTS.position, reason: null, source: { ...RECORD_DEFAULTS.source, ...wire.confidence.source } },
    { ...wire.decision, byte: null },
    { ...wire.fault, detail: null },
    { ...wire.end, approximate: false, missing: [] },
    { ...wire.start, generator: null },
  ]);
});

test("one reader reads a chunk, a plain answer, a comment, a UI part and the envelope itself", () => {
  const envelope = { version: 1, id: "x", generator: "m", events: [wire.end] };
  const want = { ...envelope, events: [{ ...wire.end, approximate: false, missing: [] }] };
  for (const carrier of [
    { choices: [], finece: envelope }, { finece: envelope }, `: finece ${JSON.stringify(envelope)}`, ` finece ${JSON.stringify(envelope)}`,
    { type: "data-finece", id: "1", data: envelope }, envelope,
  ]) {
    assert.deepEqual(readEnvelope(carrier), want);
  }
  for (const nothing of [
    undefined, null, "", "finece", ": finece {", ": finece 1", ": other {}", 1, [], {}, { finece: null }, { finece: 1 }, { finece: { version: 1 } },
    { finece: { events: [] } }, { finece: { version: 0, events: [] } }, { finece: { version: 1.5, events: [] } }, { type: "text", data: envelope },
  ]) {
    assert.equal(readEnvelope(nothing), undefined, JSON.stringify(nothing));
  }
  assert.deepEqual(readEnvelope({ version: 1, id: 3, events: [] }), { version: 1, id: null, generator: null, events: [] });
});

test("keys and types that are not known are ignored, and records that lack a key", () => {
  assert.deepEqual(read({ type: "news", choice: 0 }, { ...wire.end, colour: "red" }, null, 3, [], "end", { type: "toString" }, { type: 1 }),
    [{ ...wire.end, approximate: false, missing: [] }]);
  for (const record of Object.values(wire)) {
    const required = Object.keys(record).filter((key) => !(key in RECORD_DEFAULTS[record.type as FineceRecord["type"]]) && key !== "type");
    assert.ok(required.length > 0);
    for (const key of required) {
      assert.deepEqual(read({ ...record, [key]: undefined }), [], `${record.type} without ${key}`);
      assert.deepEqual(read({ ...record, [key]: {} }), [], `${record.type} with an object as ${key}`);
    }
  }
  for (const wrong of [-1, 1.5, "1", NaN]) {
    assert.deepEqual(read({ ...wire.end, tokens: wrong }), []);
    assert.deepEqual(read({ ...wire.confidence, revision: wrong }), []);
  }
  assert.deepEqual(read({ ...wire.position, segment: "aside" }), []);
  assert.deepEqual(read({ ...wire.confidence, state: "guessed" }), []);
});

test("names that are not known become unknown, or are left out of lists", () => {
  assert.equal(one({ ...wire.decision, action: "wave" })?.["action"], "unknown");
  assert.equal(one({ ...wire.fault, code: "new-fault" })?.["code"], "unknown");
  assert.equal(one({ ...wire.end, reason: "bored" })?.["reason"], "unknown");
  assert.equal(one({ ...wire.decision, reason: "whatever the policy says" })?.["reason"], "whatever the policy says");
  assert.deepEqual(one({ ...wire.position, kinds: ["line", "verse"] })?.["kinds"], ["line"]);
  assert.deepEqual(one({ ...wire.end, missing: ["entropy", "verse"] })?.["missing"], ["entropy"]);
  assert.equal(one({ ...wire.confidence, state: "unavailable", reason: "bored" })?.["reason"], "unknown");
  const source = { estimator: "oracle", method: "guess", basis: "dice", map: "flat", band: "odd", outside: ["unlike", "odd"], model: 3 };
  assert.deepEqual(one({ ...wire.confidence, source })?.["source"],
    { estimator: "unknown", method: "unknown", basis: "unknown", map: "unknown", band: "unknown", outside: ["unlike"], model: null, mass: null });
  for (const code of Object.values(FAULTS)) {
    assert.equal(one({ ...wire.fault, code })?.["code"], code);
  }
});

test("a value that is none is not shown as one", () => {
  for (const wrong of [{ fused: 1.2 }, { fused: "0.5" }, { fused: null }, { raw: -0.1 }, { raw: undefined }]) {
    const record = one({ ...wire.confidence, ...wrong });
    assert.deepEqual([record?.["state"], record?.["raw"], record?.["fused"], record?.["reason"], record?.["calibrated"], record?.["source"]],
      ["unavailable", null, null, "unknown", false, null]);
  }
  const pending = one({ ...wire.confidence, state: "pending" });
  assert.deepEqual([pending?.["state"], pending?.["fused"], pending?.["reason"], pending?.["source"]], ["pending", null, null, null]);
  assert.equal(one({ ...wire.confidence, state: "unavailable" })?.["reason"], "unknown");
  assert.equal(one({ ...wire.confidence, fused: 1, raw: 0, state: "final" })?.["fused"], 1);
  for (const [key, wrong, absent] of [["ratio", 1.5, null], ["entropy", 3, null], ["approximate", "yes", false], ["calibrated", 1, false], ["source", [], null]] as const) {
    assert.deepEqual(one({ ...wire.confidence, [key]: wrong })?.[key], absent, key);
  }
});

test("what is written is read again, and has no key without a value", async () => {
  const session = (await loadCore()).open({ strategy: "paragraph+entropy", question: "How much?" });
  const builder = new RecordBuilder();
  const records = [session.opening, session.write(demo), session.end()].flatMap((events) => builder.take(events));
  const json = writeEnvelope(records, "chat-1");
  assert.doesNotMatch(json, /null|NaN|false|\[\]/);
  assert.deepEqual(readEnvelope({ finece: JSON.parse(json) as unknown }), { version: 1, id: "chat-1", generator: null, events: records });
  assert.deepEqual(new Set(records.map(({ type }) => type)), new Set(["position", "confidence", "end"]));
});

test("a builder gives each confidence its whole place, and its token ratio once the choice has ended", async () => {
  const session = (await loadCore()).open({ question: "How much?" });
  const builder = new RecordBuilder("judge");
  const opening = builder.take(session.opening);
  const during = builder.take(session.write(demo));
  const after = builder.take(session.end());
  const confidencesIn = (records: FineceRecord[]): ConfidenceRecord[] => records.filter((record) => record.type === "confidence");
  const positions = [...opening, ...during, ...after].filter((record): record is PositionRecord => record.type === "position");
  for (const { state, revision, raw, fused, calibrated, source, reason, ratio, ...rest } of confidencesIn([...during, ...after])) {
    const { ratio: _, ...found } = positions.find(({ index }) => index === rest.index) ?? assert.fail();
    assert.deepEqual({ ...rest, type: "position" }, found);
    assert.equal(source === null ? null : source.model, null, "no model was asked");
  }
  const end = after.find((record) => record.type === "end") ?? during.find((record) => record.type === "end");
  assert.ok(end?.type === "end" && end.tokens > 100);
  for (const record of confidencesIn(during).filter(({ index }) => index > 0)) {
    assert.equal(record.ratio, null, "the choice has not ended");
  }
  assert.ok(confidencesIn(after).length > 2);
  for (const record of confidencesIn(after)) {
    assert.equal(record.ratio, record.kinds.includes("end") ? 1 : record.token / end.tokens, `position ${String(record.index)}`);
  }
  assert.equal(confidencesIn(opening).at(-1)?.ratio, 0);
  assert.deepEqual(builder.unavailable("core-lost"), [], "all of them are final");
});

test("a builder ends what is open when the core is lost", async () => {
  const session = (await loadCore()).open();
  const builder = new RecordBuilder();
  const records = [session.opening, session.write(demo.subarray(0, demo.length >> 1))].flatMap((events) => builder.take(events));
  const open = latest(records).filter(({ state }) => state === "provisional" || state === "pending");
  const lost = builder.unavailable("core-lost");
  assert.ok(open.length > 1);
  assert.deepEqual(lost, open.map((record) => ({
    ...record, state: "unavailable", revision: record.revision + 1, raw: null, fused: null, calibrated: false, source: null, reason: "core-lost",
  })));
  assert.deepEqual(builder.unavailable("core-lost"), []);
});

/** The demo stream as a FineCE server sends it: some chunks carry records, or comments do. */
function served(how: "chunks" | "comments", version = 1): Uint8Array {
  const chunk = (delta: object, finece?: object): string => `data: ${JSON.stringify({ choices: [{ index: 0, delta }], finece })}\n\n`;
  const envelope = (...events: object[]): object => ({ version, id: "chat-7", generator: "some-model", events });
  const first = { ...wire.confidence, utf16: 4, byte: 4, state: "provisional", revision: 0, raw: 0.07, fused: 0.07 };
  const last = { ...first, state: "final", revision: 1, fused: 0.09 };
  const pieces = [[{ content: "One." }, envelope({ ...wire.position, utf16: 4, byte: 4 }, first)], [{ content: "\n\nTwo." }, envelope(last)]] as const;
  return new TextEncoder().encode(pieces.map(([delta, finece]) =>
    how === "chunks" ? chunk(delta, finece) : `${chunk(delta)}: finece ${JSON.stringify(finece)}\n\n`).join("") + "data: [DONE]\n\n");
}

const forbidden = (): never => assert.fail("the core was loaded");

for (const how of ["chunks", "comments"] as const) {
  test(`what a server says in ${how} counts, and no core is loaded`, async () => {
    for (const most of [1, 7, 100_000]) {
      const events: StreamEvent[] = [];
      const core = how === "chunks" || most > 7 ? { core: forbidden } : {}; // a comment comes after its chunk
      for await (const event of confidences(streamOf(cut(served(how), most)), core)) {
        events.push(event);
      }
      assert.equal(textOf(events), "One.\n\nTwo.");
      const log = new ConfidenceLog();
      events.forEach((event) => { log.apply(event); });
      assert.deepEqual(log.positions().map(({ index, state, fused, first }) => ({ index, state, fused, first })), [{ index: 1, state: "final", fused: 0.09, first: 0.07 }]);
      assert.deepEqual(events.find(({ type }) => type === "start"), { type: "start", version: 1, id: "chat-7", generator: "some-model" });
    }
  });
}

test("records of a higher version are not shown: the answer's confidence is not available", async () => {
  const events: StreamEvent[] = [];
  for await (const event of confidences(streamOf([served("chunks", 2)]), { core: forbidden })) {
    events.push(event);
  }
  assert.equal(textOf(events), "One.\n\nTwo.");
  assert.deepEqual(latest(events).flatMap(({ kinds, state, reason, utf16 }) => [{ kinds, state, reason, utf16 }]),
    [{ kinds: ["end"], state: "unavailable", reason: "unknown", utf16: 10 }]);
  const reader = new AnswerReader();
  reader.take(served("chunks", 2));
  assert.equal(reader.version, 2);
});

test("a fetch that a server has scored reports the server's records", async (t) => {
  const url = await serve(t, (_, response) => { response.writeHead(200, { "content-type": "text/event-stream" }).end(served("chunks")); });
  const events: StreamEvent[] = [];
  let done: Promise<void> | undefined;
  const response = await confidenceFetch(fetch, {
    core: forbidden, onEvent: (event) => { events.push(event); }, onResponse: (info) => { done = info.done; },
  })(url);
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), served("chunks"));
  await done;
  assert.deepEqual(events.map(({ type }) => type), ["start", "position", "confidence", "confidence"]);
});

test("a log is saved and restored without a core", async () => {
  const log = new ConfidenceLog();
  for await (const event of confidences(new Response(demo), { text: false })) {
    log.apply(event);
  }
  const saved = JSON.parse(JSON.stringify({ messages: [1], finece: log })) as unknown;
  const restored = ConfidenceLog.from(saved);
  assert.deepEqual(restored.positions(), log.positions());
  assert.deepEqual(restored.toJSON(), log.toJSON());
  assert.ok(log.positions().some(({ first, fused }) => first !== fused), "some were revised");
  assert.deepEqual(ConfidenceLog.from(undefined).all(), []);

  const early = new ConfidenceLog();
  early.apply({ ...wire.position, entropy: null } as PositionRecord);
  assert.deepEqual(ConfidenceLog.from(early.toJSON()).positions(), early.positions(), "a position without a confidence yet");
});

test("a server that speaks late replaces what was known, and positions are kept in order", () => {
  const log = new ConfidenceLog();
  const record = (index: number): ConfidenceRecord => ({ ...wire.confidence, ...RECORD_DEFAULTS.position, reason: null, index } as unknown as ConfidenceRecord);
  log.apply(record(9));
  log.apply({ type: "start", version: 1, id: null, generator: null });
  [2, 0, 3, 1].forEach((index) => { log.apply(record(index)); });
  assert.deepEqual(log.positions().map(({ index }) => index), [0, 1, 2, 3]);
});
