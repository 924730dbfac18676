import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { test } from "node:test";
import { confidences, type StreamEvent } from "finece";
import { bodyOf, chat, completion, cut, demo, latest, serve, streamOf, until } from "./support.js";

async function collect(...args: Parameters<typeof confidences>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of confidences(...args)) {
    events.push(event);
  }
  return events;
}

test("a response, its body, and bytes of Node give the same events", async () => {
  // How the text is divided depends on the chunks.
  const text = (events: StreamEvent[]): string => events.map((event) => (event.type === "text" ? event.text : "")).join("");
  const rest = (events: StreamEvent[]): StreamEvent[] => events.filter(({ type }) => type !== "text");
  const errors: unknown[] = [];
  const events = await collect(new Response(demo), { onError: (error) => { errors.push(error); } });
  assert.deepEqual(errors, []);
  assert.ok(events.every(({ type }) => typeof type === "string"));
  assert.ok(latest(events).length > 8);
  assert.match(text(events), /^A baker sells 48 loaves/);
  for (const source of [streamOf(cut(demo, 777)), createReadStream(new URL("../../wasm/session/testdata/demo.sse", import.meta.url))]) {
    const others = await collect(source);
    assert.deepEqual([text(others), rest(others)], [text(events), rest(events)]);
  }
  assert.deepEqual(await collect(new Response(demo), { text: false }), rest(events));
  await assert.rejects(collect(new Response(null)), { code: "source" });
});

test("with a model, the last events come after the text", async (t) => {
  let ended = false;
  const url = await serve(t, (_, response) => void until("the answer has ended", () => ended).then(() => response.end(completion("0.5"))));
  const onEvent = ({ type }: StreamEvent): void => { ended ||= type === "end"; };
  const events = await collect(new Response(chat("One.\n\n", "Two.")), { question: "?", model: { url }, onEvent });
  assert.deepEqual(latest(events).map(({ state }) => state), ["final", "final", "final"]);
  assert.equal(events.at(-1)?.type, "confidence");
});

test("leaving the loop cancels the source and aborts the requests", async (t) => {
  let arrived = 0, gone = 0;
  const url = await serve(t, (request, response) => {
    response.on("close", () => { gone++; });
    void bodyOf(request).then(() => { arrived++; });
  });
  let cancelled = false;
  const source = new ReadableStream<Uint8Array>({
    start(c) { c.enqueue(chat("One.\n\n", "Two.\n\n", "Three.").slice(0, -30)); },
    cancel() { cancelled = true; },
  });
  for await (const event of confidences(source, { question: "?", model: { url } })) {
    if (event.type === "confidence" && event.index === 2) {
      await until("requests came", () => arrived === 3);
      break;
    }
  }
  await until("the source and the server heard", () => cancelled && gone === 3);
});

test("leaving the loop ends a generator, and leaves an iterator that cannot be ended", async () => {
  let ended = false;
  const generator = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        yield await Promise.resolve(demo);
      }
    } finally {
      ended = true;
    }
  };
  const endless = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: demo }) }) };
  for (const source of [generator(), endless]) {
    for await (const event of confidences(source)) {
      if (event.type === "text") {
        break;
      }
    }
  }
  await until("the generator has ended", () => ended);
});

test("an error of the source is thrown after the events before it", async () => {
  const broken = new Error("reset");
  const events: StreamEvent[] = [];
  await assert.rejects(async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- a source that fails
    for await (const event of confidences((async function* () {
      yield demo;
      throw broken;
    })())) {
      events.push(event);
    }
  }, (error) => error === broken);
  assert.ok(latest(events).length > 8);
  assert.ok(latest(events).every(({ state }) => state === "final" || state === "unavailable"));
});

test("an aborted signal ends the loop", async () => {
  const control = new AbortController();
  const endless = new ReadableStream<Uint8Array>({ start(c) { c.enqueue(demo.slice(0, 2000)); } });
  const events: StreamEvent[] = [];
  for await (const event of confidences(endless, { signal: control.signal })) {
    events.push(event);
    control.abort();
  }
  assert.ok(events.length > 0);
});

test("a source that cannot be read is thrown back, and nothing is asked", async () => {
  const used = new Response(demo);
  await used.text();
  let asked = 0;
  const fetch = (): Promise<Response> => {
    asked++;
    return Promise.resolve(new Response(completion("0.5")));
  };
  const events: StreamEvent[] = [];
  await assert.rejects(
    collect(used, { question: "?", model: { url: "http://judge/", fetch }, onEvent: (event) => { events.push(event); } }), TypeError);
  // An answer that comes later is asked about, by another fetch.
  const later = await collect(new Response(chat("One.")), {
    question: "?", model: { url: "http://judge/", fetch: () => Promise.resolve(new Response(completion("0.5"))) },
  });
  assert.ok(latest(later).every(({ state }) => state === "final"));
  assert.deepEqual([asked, events], [0, []]);
});
