import assert from "node:assert/strict";
import { test } from "node:test";
import { FineceError, loadCore, readEvents } from "finece";
import { demo } from "./support.js";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

const confidence = `30000000 04000200 03000000 02000000 000000000000e83f 000000000000e83f 0100000000000000 000000000000f03f`;
const calibrated = `30000000 04000200 03000000 02000000 000000000000e83f 000000000000e03f 0100030201000000 000000000000f03f`;
const text = "18000000 01010000 00000000 03000000 4869210000000000";

test("the examples that wasm/abi works out", () => {
  assert.deepEqual(readEvents(hex(confidence + calibrated + text)), [
    {
      type: "confidence", choice: 0, index: 3, revision: 2, state: "final", raw: 0.75, fused: 0.75, calibrated: false,
      source: { estimator: "model", basis: "expectation", mass: 1 }, outside: [],
    },
    {
      type: "confidence", choice: 0, index: 3, revision: 2, state: "final", raw: 0.75, fused: 0.5, calibrated: true,
      source: { estimator: "model", basis: "expectation", mass: 1 }, outside: [], calibration: { map: "platt", band: "late" },
    },
    { type: "text", choice: 1, segment: "answer", text: "Hi!" },
  ]);
});

test("which map calibrated a confidence", () => {
  const applied = (map: string, band: string, outside = "00"): unknown => {
    const [event] = readEvents(hex(confidence.replace("0100000000000000", `0100${map}${band}00${outside}0000`)));
    return event?.type === "confidence" && event.state === "final" ? [event.calibration, ...event.outside] : event;
  };
  assert.deepEqual(applied("03", "02"), [{ map: "platt", band: "late" }]);
  assert.deepEqual(applied("05", "00", "10"), [{ map: "isotonic", band: "question" }, "range"]);
  assert.deepEqual(applied("63", "07", "c2"), [{ map: "unknown", band: "unknown" }, "domain"]);
  assert.deepEqual(applied("00", "00", "0f"), [undefined, "generator", "domain", "kind", "conversation"]);
});

test("a confidence that the core calibrates says by what", async () => {
  const all = { method: "platt", n: 100, support: [0, 1], clip: 1e-6, parameters: [0.5, 0] };
  const session = (await loadCore()).open({ calibration: { finece_calibration: 1, boundary: 20, maps: { all } } });
  const known = [...session.opening, ...session.write(demo), ...session.end()]
    .flatMap((event) => (event.type === "confidence" && (event.state === "provisional" || event.state === "final") ? [event] : []));
  assert.ok(known.length > 2);
  for (const event of known) {
    assert.equal(event.calibration?.map, "platt");
    assert.equal(event.calibrated, true);
  }
});

test("what is not known is null: no event has a NaN, and all survive JSON", async () => {
  const session = (await loadCore()).open({ text: true, strategy: "paragraph+entropy" });
  const events = [...session.opening, ...session.write(demo), ...session.end()];
  assert.ok(events.length > 100);
  assert.deepEqual(JSON.parse(JSON.stringify(events)), events);
});

test("the end of a stream, and what it could not serve", async () => {
  const core = await loadCore();
  const plain = new TextEncoder().encode('data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
  for (const [bytes, missing] of [[demo, []], [plain, ["entropy"]]] as const) {
    const session = core.open({ strategy: "paragraph+entropy" });
    assert.equal(session.write(bytes).at(-1)?.type, "ended");
    const last = session.end().at(-1);
    assert.deepEqual(last?.type === "finish" ? last.missing : undefined, missing);
  }
});

test("kinds of the future are skipped by their size", () => {
  assert.equal(readEvents(hex(`18000000 63000000 00000000 00000000 0100000000000000 ${text}`)).length, 1);
});

const isRecordError = (error: unknown): boolean => error instanceof FineceError && error.code === "record";

test("bytes that are no records are an error", () => {
  const whole = hex(confidence + text);
  for (let n = 1; n < whole.length; n++) {
    if (n !== 48) { // the end of the first record
      assert.throws(() => readEvents(whole.subarray(0, n)), isRecordError, `cut after ${String(n)} bytes`);
    }
  }
  const size = whole.slice();
  size[0] = 49;
  assert.throws(() => readEvents(size), isRecordError);
  const long = hex(text);
  long[12] = 9; // more text than the record has room for
  assert.throws(() => readEvents(long), isRecordError);
});

test("a value that is none is not passed on as a number", () => {
  assert.throws(() => readEvents(hex(confidence.replace("000000000000e83f", "010000000000f87f"))), isRecordError);
});

test("offsets beyond 32 bits", () => {
  const [event] = readEvents(hex(`38000000 02000200 07000000 00000000 0000000000010000 ffffffff01000000
    0300000000000000 000000000000e03f 010000000000f87f`));
  assert.deepEqual(event, {
    type: "position", choice: 0, index: 7, kinds: ["paragraph"], segment: "answer", byte: 2 ** 40, utf16: 2 ** 33 - 1, token: 3,
    approximate: false, entropy: { lower: 0.5, upper: null },
  });
});

test("a byte order mark in the middle of a stream is text", () => {
  const [event] = readEvents(hex("18000000 01000000 00000000 04000000 efbbbf4100000000"));
  assert.deepEqual(event, { type: "text", choice: 0, segment: "answer", text: "\uFEFFA" });
});
