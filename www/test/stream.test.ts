import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { ConfidenceStream, CoreLoadError, CoreTrapError, type FineceError, loadCore, type StreamEvent } from "finece";
import { bytesOf, chat, cut, demo, latest, lookalike, quiet, random, streamOf, until, withMemoryLimit } from "./support.js";

interface Scored { bytes: Uint8Array; events: StreamEvent[]; errors: FineceError[] }

async function through(chunks: Iterable<Uint8Array>, options: ConstructorParameters<typeof ConfidenceStream>[0] = {}): Promise<Scored> {
  const events: StreamEvent[] = [];
  const errors: FineceError[] = [];
  const stream = new ConfidenceStream({
    onEvent: (event) => { events.push(event); }, onError: (error) => { errors.push(error); }, ...options,
  });
  const bytes = await bytesOf(streamOf(chunks).pipeThrough(stream));
  await stream.done;
  return { bytes, events, errors };
}

test("the bytes pass unchanged in the same chunks, and the events come", async (t) => {
  const next = random(t);
  const whole = await through([demo]);
  for (const most of [1, 100, 5000]) {
    const { bytes, events } = await through(cut(demo, most, next));
    assert.deepEqual(bytes, demo);
    assert.deepEqual(events, whole.events);
  }
  const last = latest(whole.events);
  assert.equal(last[0]?.state, "unavailable"); // no question was given
  assert.ok(last.length > 8 && last.slice(1).every(({ state }) => state === "final"));
  assert.deepEqual(whole.events.at(-1)?.type, "end");

  const chunks = [...cut(demo, 5000, next), new Uint8Array()];
  const got: Uint8Array[] = [];
  for await (const chunk of streamOf(chunks).pipeThrough(new ConfidenceStream()) as unknown as AsyncIterable<Uint8Array>) {
    got.push(chunk);
  }
  assert.ok(got.every((chunk, i) => chunk === chunks[i]) && got.length === chunks.length);
});

test("a chunk is handed on before it is scored, and while the core loads", async () => {
  let load: (() => void) | undefined;
  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({
    core: async () => {
      await new Promise<void>((resolve) => { load = resolve; });
      return loadCore();
    },
    onEvent: (event) => { events.push(event); },
  });
  const bytes = await bytesOf(streamOf(cut(demo, 1000)).pipeThrough(stream));
  assert.deepEqual(bytes, demo);
  assert.equal(events.length, 0);
  bytes.fill(0);
  load?.();
  await stream.done;
  assert.deepEqual(events, (await through([demo])).events);
});

test("a chunk may be transferred by whoever reads it, scored already or not", async () => {
  for (const late of [false, true]) {
    let load = (): void => undefined;
    const loaded = new Promise<void>((resolve) => { load = resolve; });
    if (!late) {
      load();
    }
    const events: StreamEvent[] = [];
    const stream = new ConfidenceStream({ core: async () => loaded.then(() => loadCore()), onEvent: (event) => { events.push(event); } });
    for await (const chunk of streamOf(cut(demo, 999)).pipeThrough(stream) as unknown as AsyncIterable<Uint8Array>) {
      structuredClone(chunk.buffer, { transfer: [chunk.buffer as ArrayBuffer] });
    }
    load();
    await stream.done;
    assert.deepEqual(events, (await through([demo])).events);
  }
});

test("a core that fails to load costs the confidences and not a byte", async () => {
  for (const core of [
    () => loadCore(new URL("./none.wasm", import.meta.url)),
    () => loadCore(lookalike(9)),
    () => { throw new TypeError("nothing here"); },
  ]) {
    const { bytes, events, errors } = await through(cut(demo, 1000), { core });
    assert.deepEqual(bytes, demo);
    assert.deepEqual(events.map(({ type }) => type), ["lost"]);
    assert.ok(errors.length === 1 && errors[0] instanceof CoreLoadError);
  }
});

test("a core that never comes is not waited for beyond what a stream may hold back", async () => {
  const { bytes, events } = await through(Array<Uint8Array>(9).fill(new Uint8Array(1 << 20)), { core: () => new Promise(() => undefined) });
  assert.equal(bytes.length, 9 << 20);
  assert.deepEqual(events.map(({ type }) => type), ["lost"]);
});

test("a trap costs that stream's confidences and not a byte, and no other stream", async () => {
  const core = await loadCore(withMemoryLimit(16));
  const enormous = new Uint8Array(4 << 20).fill(97);
  enormous.set(new TextEncoder().encode("data: "));
  const chunks = [...cut(chat("One.\n\n", "Two.\n\n", "Three.\n\n", "Four.\n\n", "Five"), 64)].slice(0, -4);
  const { bytes, events, errors } = await through([...chunks, enormous, demo], { core, maxEvent: 16 << 20, strategy: "paragraph" });
  assert.deepEqual(bytes, new Uint8Array(Buffer.concat([...chunks, enormous, demo])));
  assert.ok(errors.length === 1 && errors[0] instanceof CoreTrapError, String(errors));
  assert.deepEqual(errors[0].context, { call: "finece_write" });
  const lost = events.at(-1);
  assert.ok(lost?.type === "lost" && lost.code === "core-trap");
  assert.ok(latest(events).length >= 3 && latest(events).every(({ state }) => state === "unavailable" || state === "final"));
  assert.deepEqual((await through([demo], { core })).events, (await through([demo])).events);
});

test("a session whose instance trapped says so ever after", async () => {
  const session = (await loadCore(withMemoryLimit(16))).open({ maxEvent: 16 << 20 });
  const trapped = (error: unknown): boolean => error instanceof CoreTrapError && error.code === "core-trap";
  session.write(demo.subarray(0, demo.length >> 1));
  assert.throws(() => session.write(new TextEncoder().encode(`\n\ndata: ${"a".repeat(4 << 20)}`)), trapped);
  assert.throws(() => session.write(demo), trapped);
  assert.throws(() => session.end(), trapped);
  session.close();
});

test("positions that were open when the core was lost are unavailable, not made up", async () => {
  const core = await loadCore(withMemoryLimit(16));
  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({
    core, maxEvent: 16 << 20, onEvent: (event) => { events.push(event); }, onError: () => undefined,
  });
  const half = demo.subarray(0, demo.length >> 1);
  const enormous = new Uint8Array(4 << 20).fill(97);
  const broken = new Uint8Array(Buffer.concat([Buffer.from("\n\ndata: "), enormous]));
  await bytesOf(streamOf([half, broken]).pipeThrough(stream));
  const last = latest(events);
  const revised = events.filter((event) => event.type === "confidence" && event.state === "provisional");
  assert.ok(revised.length > 0);
  assert.deepEqual(last.map(({ state }) => state).filter((state) => state !== "final"), ["unavailable", "unavailable", "unavailable"]);
  for (const event of last.slice(-2)) {
    assert.ok(event.state === "unavailable" && event.reason === "core-lost" && event.raw === null && event.revision > 0);
  }
});

test("a wrong setting, a foreign chunk and a listener that throws cost no byte", async () => {
  const wrong = await through([demo], { depth: -1 });
  assert.deepEqual([wrong.bytes, wrong.events.map(({ type }) => type), wrong.errors[0]?.code], [demo, ["lost"], "config"]);

  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({ onEvent: (event) => { events.push(event); }, onError: () => undefined });
  const strings = new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } });
  const got: unknown[] = [];
  for await (const chunk of strings.pipeThrough(stream) as unknown as AsyncIterable<unknown>) {
    got.push(chunk);
  }
  assert.deepEqual([got, events.at(-1)?.type], [["text"], "lost"]);

  const thrown = await through([demo], { onEvent: () => { throw new Error("mine"); } });
  assert.deepEqual(thrown.bytes, demo);
  assert.ok(thrown.errors.length > 10 && thrown.errors.every(({ code }) => code === "listener"));
});

test("chunks of another realm, such as a test runner's, are bytes too", async () => {
  const foreign = runInNewContext("Uint8Array.from(bytes)", { bytes: [...demo] }) as Uint8Array;
  assert.ok(!(foreign instanceof Uint8Array));
  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({ onEvent: (event) => { events.push(event); } });
  await streamOf([foreign]).pipeThrough(stream).getReader().read();
  await until("it is scored", () => latest(events).length > 8);
});

test("cancelling reaches the source; every position comes to an end", async () => {
  let cancelled: unknown;
  const source = new ReadableStream<Uint8Array>({
    start(c) { c.enqueue(demo.slice(0, demo.length >> 1)); },
    cancel(reason) { cancelled = reason; },
  });
  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({ onEvent: (event) => { events.push(event); } });
  const reader = source.pipeThrough(stream).getReader();
  await reader.read();
  await until("positions came", () => latest(events).length > 2);
  await reader.cancel("no longer wanted");
  await stream.done;
  await until("the source heard", () => cancelled === "no longer wanted");
  assert.ok(latest(events).every(({ state }) => state === "final" || state === "unavailable"));
  assert.equal(events.at(-1)?.type, "end");
});

test("an error of the source reaches the reader after the bytes before it", async () => {
  const broken = new Error("connection reset");
  let pulls = 0;
  const failing = new ReadableStream<Uint8Array>({
    pull(c) {
      if (pulls++ === 0) {
        c.enqueue(demo);
      } else { // the first chunk was taken
        c.error(broken);
      }
    },
  }, { highWaterMark: 0 });
  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({ onEvent: (event) => { events.push(event); } });
  const reader = failing.pipeThrough(stream).getReader();
  assert.equal((await reader.read()).value?.length, demo.length);
  await assert.rejects(reader.read(), (error) => error === broken);
  await stream.done;
  assert.ok(latest(events).every(({ state }) => state === "final" || state === "unavailable"));
});

test("a signal ends the scoring and not the text", async () => {
  const aborted = await through([demo], { signal: AbortSignal.abort() });
  assert.deepEqual([aborted.bytes, aborted.events], [demo, []]);

  const control = new AbortController();
  const events: StreamEvent[] = [];
  const { bytes } = await through(cut(demo, 1000), {
    signal: control.signal,
    onEvent: (event) => {
      events.push(event);
      if (latest(events).length > 3) {
        control.abort();
      }
    },
  });
  assert.deepEqual(bytes, demo);
  assert.equal(events.at(-1)?.type, "end");
  assert.ok(latest(events).length < 6 && latest(events).every(({ state }) => state === "final" || state === "unavailable"));
});

test("backpressure passes: nothing is read ahead of the reader but a chunk or two", async () => {
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(c) {
      pulled++;
      c.enqueue(new Uint8Array(10));
    },
  }, { highWaterMark: 0 });
  const reader = source.pipeThrough(new ConfidenceStream()).getReader();
  await reader.read();
  await quiet();
  assert.ok(pulled <= 4, `${String(pulled)} chunks pulled for one that was read`);
  await reader.cancel();
});

test("thousands of positions", async () => {
  const paragraphs = Array.from({ length: 6000 }, (_, i) => `Paragraph ${String(i)}.\n\n`);
  const input = chat(...paragraphs);
  const { bytes, events } = await through([input]);
  assert.deepEqual(bytes, input);
  const positions = events.filter(({ type }) => type === "position");
  assert.equal(positions.length, 6002 - 1); // the last paragraph's end is the answer's
  assert.ok(latest(events).every((event) => event.state === "unavailable" && event.reason !== "core-lost"));
});
