// The Worker's stream, in Node: worker.test.ts runs it in workerd.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfidenceModel } from "finece/model";
import { type FineceRecord, loadCore, readEnvelope, Scorer, type ScoreOptions, type StreamEvent } from "finece";
import { Comments, inPieces } from "../dist/pieces.js";
import { bytesOf, cut, demo, random, streamOf } from "./support.js";

const core = await loadCore();

function through(source: ReadableStream<Uint8Array>, wanted: boolean, options: ScoreOptions = {}): { output: ReadableStream<Uint8Array>; events: StreamEvent[]; done: Promise<void> } {
  const events: StreamEvent[] = [];
  const comments = new Comments();
  const scorer = new Scorer({ core, ...options, onEvent(event) {
    events.push(event);
    comments.note(event);
  } });
  return { output: source.pipeThrough(inPieces(scorer, wanted ? comments : undefined)), events, done: scorer.done };
}

const without = (text: string): string => text.replace(/^: finece .*\n/gm, "");
const recordsOf = (text: string): FineceRecord[] => (text.match(/^: finece .*$/gm) ?? []).flatMap((line) => readEnvelope(line)?.events ?? []);

test("the bytes pass unchanged, cut anywhere, and with comments all records are between the lines", async (t) => {
  const next = random(t);
  const whole = through(streamOf([demo]), false);
  assert.deepEqual(await bytesOf(whole.output), demo);
  for (const most of [50, 999, 5000, 70_000]) {
    const plain = through(streamOf(cut(demo, most, next)), false);
    assert.deepEqual(await bytesOf(plain.output), demo);
    assert.deepEqual(plain.events, whole.events);
    const noted = through(streamOf(cut(demo, most, next)), true);
    const text = new TextDecoder().decode(await bytesOf(noted.output));
    assert.equal(without(text), new TextDecoder().decode(demo));
    assert.deepEqual(recordsOf(text), whole.events);
  }
});

test("a byte stream is read in pieces, and a chunk of the reader's may be transferred", async () => {
  const whole = through(streamOf([demo]), false);
  await bytesOf(whole.output);
  const bytes = streamOf(cut(demo, 3000));
  const chunks = bytes.getReader();
  const source = new ReadableStream({ type: "bytes", async pull(controller) {
    const { value } = await chunks.read();
    if (value === undefined) {
      controller.close();
      controller.byobRequest?.respond(0);
    } else {
      controller.enqueue(value as Uint8Array<ArrayBuffer>);
    }
  } });
  class IdentityTransformStream { // as workerd has it: bytes in, bytes out
    readonly readable = source;
    readonly writable = new WritableStream<Uint8Array>();
  }
  Object.assign(globalThis, { IdentityTransformStream });
  try {
    const { output, done, events } = through(new ReadableStream({ start(controller) { controller.close(); } }), false);
    let length = 0;
    for await (const chunk of output as unknown as AsyncIterable<Uint8Array>) {
      assert.deepEqual(chunk, demo.subarray(length, length += chunk.length));
      structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
    }
    assert.equal(length, demo.length);
    await done;
    assert.deepEqual(events, whole.events);
  } finally {
    Reflect.deleteProperty(globalThis, "IdentityTransformStream");
  }
});

test("no comment goes into a line that was broken off", async () => {
  for (const missing of [1, 2, 700]) {
    const { output } = through(streamOf(cut(demo.subarray(0, -missing), 4096)), true);
    const text = new TextDecoder().decode(await bytesOf(output));
    assert.equal(without(text), new TextDecoder().decode(demo.subarray(0, -missing)));
    assert.equal(recordsOf(text).some(({ type }) => type === "end"), missing === 1);
  }
});

test("with comments the stream ends after the confidence model's last reply", async () => {
  let reply!: () => void;
  const asked = new Promise<void>((resolve) => { reply = resolve; });
  const model = new ConfidenceModel({ url: "http://model.test", fetch: async () => {
    await asked;
    return Response.json({ choices: [{ message: { content: "0.25" } }] });
  } });
  const { output } = through(streamOf([demo]), true, { model, question: "How many?" });
  const reader = output.getReader();
  let text = "";
  const decoder = new TextDecoder();
  for (let length = 0; length < demo.length; ) { // all the bytes come before any reply
    const { value } = await reader.read();
    text += decoder.decode(value);
    length = new TextEncoder().encode(without(text)).length;
  }
  assert.ok(recordsOf(text).every((record) => record.type !== "confidence" || record.state === "pending"));
  reply();
  for (let read; !(read = await reader.read()).done; ) {
    text += decoder.decode(read.value);
  }
  const last = recordsOf(text).filter((record) => record.type === "confidence").at(-1);
  assert.ok(last?.state === "final" && last.kinds.includes("end") && last.raw === 0.25);
});

test("cancelling the output cancels the source and ends the scoring", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    start(controller) { controller.enqueue(demo.subarray(0, 5000)); },
    cancel(reason) { cancelled = reason; },
  });
  const { output, done } = through(source, true);
  const reader = output.getReader();
  await reader.read();
  await reader.cancel("enough");
  await done;
  assert.equal(cancelled, "enough");
});

test("an error of the source reaches the reader and ends the scoring", async () => {
  const failure = new Error("broken off");
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) {
        controller.enqueue(demo.subarray(0, 5000));
      } else {
        controller.error(failure);
      }
    },
  });
  const { output, done } = through(source, true);
  await assert.rejects(bytesOf(output), failure);
  await done;
});

test("comments carry the waiting records alone, each once, between lines, and pieces are copies", () => {
  const line = new TextEncoder().encode("data: x\n");
  const comments = new Comments();
  const written = (piece: Uint8Array): string => new TextDecoder().decode(comments.join(piece));
  const record = { type: "fault", choice: 0, code: "truncated", offset: 7, detail: null } as const;
  comments.note(record);
  const first = written(new Uint8Array());
  assert.deepEqual(readEnvelope(first.trimEnd())?.events, [record]);
  assert.notEqual(comments.join(line).buffer, line.buffer);
  comments.note({ type: "text", choice: 0, segment: "answer", text: "Hi" });
  comments.note({ type: "lost" } as StreamEvent);
  assert.equal(written(line), "data: x\n");
  comments.note(record);
  assert.equal(written(line.subarray(0, 3)), "dat");
  assert.equal(written(line.subarray(3)), `a: x\n${first}`);
});
