import assert from "node:assert/strict";
import { test } from "node:test";
import { type CoreEvent, FineceError, loadCore } from "finece";
import { readEvents } from "finece/core";
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
  assert.deepEqual(applied("63", "07", "82"), [{ map: "unknown", band: "unknown" }, "domain"]);
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

/** A record: its kind, choice, a, b, index and extra, and what follows, with its size before it. */
function record(kind: number, [choice, a, b]: readonly [number, number, number], index: number, extra: number, ...rest: readonly (number | bigint | string)[]): Uint8Array {
  const tail = Buffer.concat(rest.map((part) => {
    const bytes = Buffer.alloc(typeof part === "string" ? Math.ceil(part.length / 8) * 8 : 8);
    if (typeof part === "bigint") {
      bytes.writeBigInt64LE(part);
    } else if (typeof part === "number") {
      bytes.writeDoubleLE(part);
    } else {
      bytes.write(part);
    }
    return bytes;
  }));
  const head = Buffer.from([0, 0, 0, 0, kind, choice, a, b, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(16 + tail.length);
  head.writeUInt32LE(index, 8);
  head.writeUInt32LE(extra, 12);
  return new Uint8Array(Buffer.concat([head, tail]));
}

/** A number's eight bytes as text that `record` takes. */
const bytes = (...numbers: readonly number[]): bigint => Buffer.from([...numbers, 0, 0, 0, 0, 0, 0, 0].slice(0, 8)).readBigInt64LE();

const place = { choice: 2, index: 7 } as const;
const KINDS: Readonly<Record<string, readonly [Uint8Array, ...CoreEvent[]]>> = {
  "reasoning": [record(1, [2, 1, 0], 0, 3, "hm."), { type: "text", choice: 2, segment: "reasoning", text: "hm." }],
  "text that fills its record": [record(1, [0, 2, 0], 0, 8, "No, no.!"), { type: "text", choice: 0, segment: "refusal", text: "No, no.!" }],
  "a position by estimate": [record(2, [2, 0b101010, 0x81], 7, 0, 9n, 8n, 3n, NaN, 0.5), {
    type: "position", ...place, kinds: ["paragraph", "periodic", "end"], segment: "reasoning", byte: 9, utf16: 8, token: 3,
    approximate: true, entropy: { lower: null, upper: 0.5 },
  }],
  "a question": [record(3, [2, 1, 0], 7, 5), { type: "ask", ...place, kinds: ["question"], id: 5 }],
  "pending": [record(4, [2, 0, 0], 7, 3, NaN, NaN, 0n, 0n), { type: "confidence", ...place, revision: 3, state: "pending", raw: null, fused: null }],
  "unavailable": [record(4, [2, 3, 2], 7, 3, NaN, NaN, 0n, 0n), {
    type: "confidence", ...place, revision: 3, state: "unavailable", raw: null, fused: null, reason: "no-text",
  }],
  "for no reason": [record(4, [2, 3, 0], 7, 3, NaN, NaN, 0n, 0n), {
    type: "confidence", ...place, revision: 3, state: "unavailable", raw: null, fused: null, reason: "unknown",
  }],
  "for a reason of the future": [record(4, [2, 3, 99], 7, 3, NaN, NaN, 0n, 0n), {
    type: "confidence", ...place, revision: 3, state: "unavailable", raw: null, fused: null, reason: "unknown",
  }],
  "provisional, builtin": [record(4, [2, 1, 0], 7, 3, 0.25, 0.5, bytes(0, 2), NaN), {
    type: "confidence", ...place, revision: 3, state: "provisional", raw: 0.25, fused: 0.5, calibrated: false,
    source: { estimator: "builtin", method: "min-prob" }, outside: [],
  }],
  "of a trajectory": [record(4, [2, 2, 0], 7, 3, 0.25, 0.5, bytes(2, 0), NaN), {
    type: "confidence", ...place, revision: 3, state: "final", raw: 0.25, fused: 0.5, calibrated: false,
    source: { estimator: "trajectory" }, outside: [],
  }],
  "by a method of the future": [record(4, [2, 2, 0], 7, 3, 0.25, 0.5, bytes(0, 99), NaN), {
    type: "confidence", ...place, revision: 3, state: "final", raw: 0.25, fused: 0.5, calibrated: false,
    source: { estimator: "builtin", method: "unknown" }, outside: [],
  }],
  "by a basis of the future": [record(4, [2, 2, 0], 7, 3, 0.25, 0.5, bytes(1, 99), NaN), {
    type: "confidence", ...place, revision: 3, state: "final", raw: 0.25, fused: 0.5, calibrated: false,
    source: { estimator: "model", basis: "unknown", mass: null }, outside: [],
  }],
  "usage": [record(5, [0, 0, 0], 0, 0, 12n, -1n, 0n), { type: "usage", prompt: 12, completion: null, reasoning: 0 }],
  "a fault": [record(6, [2, 1, 0], 0, 4, 77n, "oops"), { type: "fault", choice: 2, fault: "invalid-json", offset: 77, detail: "oops" }],
  "a fault of the future, nowhere": [record(6, [2, 99, 0], 0, 0, -1n), { type: "fault", choice: 2, fault: "unknown", offset: null, detail: "" }],
  "an end": [record(7, [2, 1, 1], 0, 0b10001, 40n, 2n), {
    type: "finish", choice: 2, finish: "length", answer: { tokens: 40, approximate: true }, reasoning: { tokens: 2, approximate: false },
    missing: ["question", "entropy"],
  }],
  "an end of the future": [record(7, [2, 99, 2], 0, 0, 40n, 2n), {
    type: "finish", choice: 2, finish: "unknown", answer: { tokens: 40, approximate: false }, reasoning: { tokens: 2, approximate: true }, missing: [],
  }],
  "the stream's end": [record(8, [0, 0, 0], 0, 0), { type: "ended" }],
  "what a chunk says": [record(9, [2, 1, 0], 0, 0, 5n, 9n), {
    type: "said", choice: 2, text: true, other: false, finished: false, logprobs: { begin: 5, end: 9 },
  }],
  "what another says": [record(9, [2, 6, 0], 0, 0, 5n, 9n), {
    type: "said", choice: 2, text: false, other: true, finished: true, logprobs: { begin: 5, end: 9 },
  }],
  "a frame": [record(10, [0, 2, 0], 0, 0, 99n, 40n, -1n), { type: "framed", is: 2, end: 99, data: 40, brace: null }],
  "no kind": [record(0, [0, 0, 0], 0, 0)],
};

for (const [name, [input, ...want]] of Object.entries(KINDS)) {
  test(`a record of ${name}`, () => {
    assert.deepEqual(readEvents(input), want);
    const after = hex(text);
    const both = new Uint8Array(after.length + input.length);
    both.set(after);
    both.set(input, after.length);
    assert.deepEqual(readEvents(both).slice(1), want, "after another record");
  });
}

test("a record that is too short for its kind, or has a segment or state that is none, is an error that says where", () => {
  const first = hex(text);
  for (const bad of [
    record(2, [0, 1, 0], 0, 0, 1n, 1n, 1n, 0.5), record(4, [0, 2, 0], 0, 0, 0.5, 0.5, 0n), record(5, [0, 0, 0], 0, 0, 1n, 1n),
    record(6, [0, 1, 0], 0, 0), record(7, [0, 0, 0], 0, 0, 1n), record(9, [0, 0, 0], 0, 0, 1n), record(10, [0, 0, 0], 0, 0, 1n, 1n),
    record(1, [0, 3, 0], 0, 0), record(2, [0, 1, 0x83], 0, 0, 1n, 1n, 1n, 0.5, 0.5),
    record(4, [0, 4, 0], 0, 0, 0.5, 0.5, 0n, 0n), record(4, [0, 2, 0], 0, 0, NaN, 0.5, 0n, 0n), record(4, [0, 1, 0], 0, 0, 0.5, NaN, 0n, 0n),
    record(1, [0, 0, 0], 0, 9, "Hi"), new Uint8Array([20, 0, 0, 0, 8, ...new Array<number>(15).fill(0)]),
  ]) {
    assert.throws(() => readEvents(new Uint8Array([...first, ...bad])), {
      name: "FineceError", code: "record", message: /malformed event record at byte 24$/, context: { offset: 24 },
    });
  }
});
