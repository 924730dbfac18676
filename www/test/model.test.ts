import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test, type TestContext } from "node:test";
import { ConfidenceStream, type FineceError, loadCore, ModelError, type ModelOptions, type ScoringConfig, type StreamEvent } from "finece";
import { ConfidenceModel } from "finece/model";
import { bodyOf, bytesOf, chat, completion, cut, latest, quiet, serve, streamOf, until } from "./support.js";

const answer = chat("Six sevens.\n\n", "That is 42.\n\n", "So 42.");
const question = "What is 6 times 7?";

interface Scored { events: StreamEvent[]; errors: FineceError[] }

async function score(model: ModelOptions | ConfidenceModel, input: Uint8Array = answer, config: ScoringConfig = {}): Promise<Scored> {
  const events: StreamEvent[] = [];
  const errors: FineceError[] = [];
  const stream = new ConfidenceStream({
    ...config, question, model, onEvent: (event) => { events.push(event); }, onError: (error) => { errors.push(error); },
  });
  assert.deepEqual(await bytesOf(streamOf([input]).pipeThrough(stream)), input);
  await stream.done;
  return { events, errors };
}

const states = (events: readonly StreamEvent[]): string[] =>
  latest(events).map((event) => (event.state === "unavailable" ? event.reason ?? "none" : event.state));

test("a model is asked for each position, with the headers given", async (t) => {
  const seen: { body: string; auth: string | undefined; type: string | undefined }[] = [];
  const url = await serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      seen.push({ body, auth: request.headers.authorization, type: request.headers["content-type"] });
      response.end(completion(String(0.2 * seen.length)));
    });
  });
  const { events, errors } = await score({
    url: `${url}/v1/chat/completions`, name: "judge", oneMessage: true, concurrency: 1,
    headers: () => Promise.resolve({ authorization: "Bearer secret-key" }),
  });
  assert.deepEqual(errors, []);
  assert.deepEqual(states(events), ["final", "final", "final", "final"]);
  assert.deepEqual(latest(events).map(({ raw }) => raw?.toFixed(1)), ["0.2", "0.4", "0.6", "0.8"]);
  assert.ok(latest(events).slice(0, 3).some(({ raw, fused }) => raw !== fused), "earlier estimates were revised");
  assert.equal(seen.length, 4);
  for (const [i, quoted] of [question, "Six sevens.", "That is 42.", "So 42."].entries()) {
    const { body, auth, type } = seen[i] ?? assert.fail();
    const sent = JSON.parse(body) as { model: string; messages: { role: string; content: string }[] };
    assert.deepEqual([sent.model, sent.messages.length, auth, type], ["judge", 1, "Bearer secret-key", "application/json"]);
    assert.ok(sent.messages[0]?.content.includes(question) && sent.messages[0].content.includes(quoted));
    assert.ok(i === 3 || !body.includes("So 42."), "quotes no text after its position");
  }
});

test("what an endpoint can do wrong makes positions unavailable, for a stated reason", async (t) => {
  const cases: [string, RequestListener, Partial<ModelOptions>, reason: string, says: RegExp][] = [
    ["500 every time", (_, r) => { r.writeHead(500).end("out of memory"); }, { retries: 0 }, "endpoint-error", /HTTP 500: out of memory; see the server's log/],
    ["401 that repeats the key", (_, r) => { r.writeHead(401).end("bad key secret-key"); }, {}, "endpoint-error", /HTTP 401: bad key \(hidden\); check the key/],
    ["a redirect", (_, r) => { r.writeHead(302, { location: "/elsewhere" }).end(); }, {}, "endpoint-error", /redirects/],
    ["a Retry-After beyond the time limit", (_, r) => { r.writeHead(429, { "retry-after": "3600" }).end(); }, {}, "endpoint-error", /HTTP 429/],
    ["nonsense", (_, r) => { r.end("<html>"); }, {}, "bad-reply", /no confidence: not JSON at byte 0: "<html>"/],
    ["words", (_, r) => { r.end(completion("very sure")); }, {}, "bad-reply", /no number at byte 0: "very sure"/],
    ["over one", (_, r) => { r.end(completion("1.2")); }, {}, "bad-reply", /not between 0 and 1 at byte 0: "1.2"/],
    ["below zero", (_, r) => { r.end(completion("-0.1")); }, {}, "bad-reply", /between 0 and 1/],
    ["no body", (_, r) => { r.end(); }, {}, "bad-reply", /not JSON/],
    ["a reply without end", (_, r) => { r.write(Buffer.alloc(2 << 20)); }, {}, "endpoint-error", /longer than 1048576 bytes/],
    ["silence", () => undefined, { timeout: 80 }, "timeout", /no reply within 80 ms/],
    ["headers that do not come", () => undefined, { timeout: 80, headers: () => new Promise(() => undefined) }, "timeout", /no reply within 80 ms/],
    ["a fetch that heeds no signal", () => undefined, { timeout: 80, fetch: () => new Promise(() => undefined) }, "timeout", /no reply within 80 ms/],
    ["a reply that stops coming", (_, r) => { r.write('{"choices":['); }, { timeout: 80 }, "timeout", /no reply within 80 ms/],
    ["hung up on", (_, r) => { r.destroy(); }, { retries: 0 }, "unreachable", /is the server running/],
  ];
  for (const [name, listener, options, reason, says] of cases) {
    await t.test(name, async (t) => {
      const base = await serve(t, listener);
      const url = `${base.replace("//", "//user:password@")}/v1?key=hidden-too`;
      // fetch refuses addresses with a password, so it goes to the plain one.
      const { events, errors } = await score({
        url, headers: { authorization: "Bearer secret-key" }, fetch: (_, init) => fetch(base, init), ...options,
      });
      assert.deepEqual(states(events), [reason, reason, reason, reason]);
      assert.equal(events.at(-1)?.type === "lost", false);
      assert.ok(latest(events).every(({ raw, fused }) => raw === null && fused === null));
      assert.equal(events.filter((e) => e.type === "fault").length, reason === "bad-reply" ? 4 : 0);
      assert.equal(errors.length, 4);
      for (const error of errors) {
        assert.ok(error instanceof ModelError && error.reason === reason);
        assert.match(error.message, says);
        assert.ok(error.message.includes(`${base}/v1`) && !/password|secret-key|hidden-too/.test(JSON.stringify(error) + error.message));
      }
    });
  }
});

test("nobody there", async (t) => {
  const url = await serve(t, () => undefined);
  const { events, errors } = await score({ url: url.replace(/\d+$/, "1"), retries: 0 });
  assert.deepEqual(states(events), Array(4).fill("unreachable"));
  assert.match(errors[0]?.message ?? "", /ECONNREFUSED|bad port/);
});

test("429 and 5xx are tried again after as long as the server says", async (t) => {
  const at: number[] = [];
  const url = await serve(t, (_, response) => {
    at.push(Date.now());
    if (at.length === 1) {
      response.writeHead(429, { "retry-after": "1" }).end();
    } else if (at.length === 2) {
      response.writeHead(503, { "retry-after": new Date(Date.now() - 5000).toUTCString() }).end();
    } else {
      response.end(completion("0.5"));
    }
  });
  const { events, errors } = await score({ url, concurrency: 1 });
  assert.deepEqual([states(events), errors], [Array(4).fill("final"), []]);
  assert.equal(at.length, 6);
  const [first = 0, second = 0, third = 0] = at;
  assert.ok(second - first >= 990 && third >= second, `after ${String(second - first)} and ${String(third - second)} ms`);
});

test("no more requests than allowed, over all streams that share the model", async (t) => {
  let most = 0, all = 0;
  const waiting: (() => void)[] = [];
  const url = await serve(t, (request, response) => {
    if (request.url === "/later") { // a fourth request would have come before this one
      response.end();
      waiting.splice(0).forEach((answer) => { answer(); });
      return;
    }
    all++;
    most = Math.max(most, waiting.push(() => { response.end(completion("0.5")); }));
    if (waiting.length === 3 || all > 18) { // 18 requests in threes, then the last two
      void quiet().then(() => fetch(`${url}/later`));
    }
  });
  const model = new ConfidenceModel({ url, concurrency: 3, waiting: 100 });
  const scored = await Promise.all(Array.from({ length: 5 }, () => score(model)));
  assert.deepEqual([most, all], [3, 20]);
  assert.ok(scored.every(({ events }) => states(events).every((state) => state === "final")));
});

/** An endpoint that answers when it is told to. */
async function held(t: TestContext): Promise<{ url: string; bodies: string[]; closed: () => number; answer: () => void }> {
  const bodies: string[] = [];
  const open: (() => void)[] = [];
  let gone = 0;
  const url = await serve(t, (request, response) => {
    response.on("close", () => { gone += response.writableFinished ? 0 : 1; });
    void bodyOf(request).then((body) => {
      bodies.push(body);
      open.push(() => { response.end(completion("0.5")); });
    });
  });
  return { url, bodies, closed: () => gone, answer: () => { open.splice(0).forEach((reply) => { reply(); }); } };
}

test("requests that newer positions made stale are not sent; the question and the whole answer are", async (t) => {
  const endpoint = await held(t);
  const text = chat(...Array.from({ length: 20 }, (_, i) => `Paragraph ${String(i)}.\n\n`), "The end.");
  const events: StreamEvent[] = [];
  const stream = new ConfidenceStream({
    question, model: { url: endpoint.url, concurrency: 1, waiting: 2 }, onEvent: (event) => { events.push(event); },
  });
  await bytesOf(streamOf([text]).pipeThrough(stream)); // the text has not waited
  const timer = setInterval(endpoint.answer, 5);
  await stream.done;
  clearInterval(timer);
  assert.deepEqual(states(events).map((state) => (state === "superseded" ? "-" : state)),
    ["final", ...Array<string>(19).fill("-"), "final", "final"]);
  assert.equal(endpoint.bodies.length, 3);
  assert.ok(endpoint.bodies[2]?.includes("The end."));
});

test("the question is never stale, whoever has the one place there is", async (t) => {
  const endpoint = await held(t);
  const model = new ConfidenceModel({ url: endpoint.url, concurrency: 1, waiting: 0 });
  const first = score(model);
  await until("the place is taken", () => endpoint.bodies.length === 1);
  const second = score(model);
  const timer = setInterval(endpoint.answer, 5);
  const all = [await first, await second].map(({ events }) => states(events));
  clearInterval(timer);
  assert.deepEqual(all, Array(2).fill(["final", "superseded", "superseded", "final"]));
});

test("requests that the core gave up while they waited take no place", async (t) => {
  const url = await serve(t, (_, response) => { response.end(completion("0.5")); });
  const model = new ConfidenceModel({ url, concurrency: 1, waiting: 1000 });
  const text = chat(...Array.from({ length: 60 }, (_, i) => `Paragraph ${String(i)}.\n\n`));
  const { events } = await score(model, text, { maxPending: 8 });
  assert.ok(states(events).filter((state) => state === "given-up").length > 40);
  assert.deepEqual(states((await score(model)).events), Array(4).fill("final"));
});

test("a stream whose last waiting request was given up is done", async (t) => {
  const endpoint = await held(t);
  const model = new ConfidenceModel({ url: endpoint.url, concurrency: 1, waiting: 0 });
  const first = score(model, chat("One."));
  await until("the place is taken", () => endpoint.bodies.length === 1);
  const error = new TextEncoder().encode('data: {"error":{"message":"overloaded","type":"server_error"}}\n\n');
  const paragraphs = chat(...Array.from({ length: 30 }, (_, i) => `Paragraph ${String(i)}.\n\n`));
  const end = new TextDecoder().decode(paragraphs).indexOf('data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{}');
  const second = score(model, new Uint8Array([...paragraphs.subarray(0, end), ...error]), { maxPending: 8 });
  const timer = setInterval(endpoint.answer, 5);
  let done = false;
  void Promise.all([first, second]).then(() => { done = true; });
  await until("both streams are done", () => done);
  clearInterval(timer);
  assert.ok(states((await second).events).includes("given-up"));
  assert.ok((await second).events.some(({ type }) => type === "end"));
});

test("a stream that is over before the core is loaded is scored to its end", async (t) => {
  const url = await serve(t, (_, response) => { response.end(completion("0.5")); });
  const text = chat(...Array.from({ length: 200 }, (_, i) => `Paragraph ${String(i)}.\n\n`));
  const events: StreamEvent[] = [];
  let load = (): void => undefined;
  const loading = new Promise<void>((resolve) => { load = resolve; });
  const stream = new ConfidenceStream({
    model: { url, waiting: 1000 }, maxPending: 8, onEvent: (event) => { events.push(event); }, core: () => loading.then(() => loadCore()),
  });
  await bytesOf(streamOf(cut(text, 4000)).pipeThrough(stream));
  assert.equal(events.length, 0);
  load();
  await stream.done;
  assert.deepEqual([latest(events).length, events.filter(({ type }) => type === "end").length], [201, 1]);
  assert.deepEqual(states(events).slice(-3), ["final", "final", "final"]);
});

test("thousands of positions before the model's first reply: bounded work, and the newest are asked for", async (t) => {
  let requests = 0;
  const url = await serve(t, (_, response) => {
    requests++;
    response.end(completion("0.5"));
  });
  const text = chat(...Array.from({ length: 5000 }, (_, i) => `Paragraph ${String(i)}.\n\n`), "The end.");
  const { events, errors } = await score({ url }, text, { maxText: 1 << 20 }); // in one chunk
  const last = states(events);
  assert.deepEqual([last.length, errors], [5002, []]);
  assert.ok(last.every((state) => ["final", "superseded", "given-up"].includes(state)), [...new Set(last)].join());
  assert.deepEqual(last.slice(-3), ["final", "final", "final"]);
  assert.ok(requests < 100, `${String(requests)} requests`);
});

test("without onError, a stream's first error of the model goes to the console", async (t) => {
  const url = await serve(t, (_, response) => { response.writeHead(404).end(); });
  const { mock } = t.mock.method(console, "error", () => undefined);
  const stream = new ConfidenceStream({ question, model: { url } });
  await bytesOf(streamOf([answer]).pipeThrough(stream));
  await stream.done;
  assert.equal(mock.callCount(), 1);
  assert.ok(mock.calls[0]?.arguments[0] instanceof ModelError);
});

test("leaving aborts the requests", async (t) => {
  const endpoint = await held(t);
  const options = { question, model: { url: endpoint.url, concurrency: 2, waiting: 10 } };
  for (const leave of ["cancel", "signal"] as const) {
    const before = endpoint.bodies.length;
    const events: StreamEvent[] = [];
    const errors: FineceError[] = [];
    const control = new AbortController();
    const source = new ReadableStream<Uint8Array>({ start(c) { c.enqueue(answer.slice(0, -40)); } });
    const stream = new ConfidenceStream({
      ...options, signal: control.signal, onEvent: (event) => { events.push(event); }, onError: (error) => { errors.push(error); },
    });
    const reader = source.pipeThrough(stream).getReader();
    await reader.read();
    await until("two requests came", () => endpoint.bodies.length === before + 2);
    const gone = endpoint.closed();
    if (leave === "cancel") {
      await reader.cancel();
    } else {
      control.abort();
    }
    await stream.done;
    await until("the server saw them go", () => endpoint.closed() === gone + 2);
    assert.equal(endpoint.bodies.length, before + 2, "none of those that waited was sent");
    assert.deepEqual(states(events), ["cancelled", "cancelled", "cancelled", "stream-failed"]);
    assert.deepEqual(errors, []);
  }
});

test("after an abort what the model had said by then is final, and nothing stays provisional", async (t) => {
  let replies = 0;
  const url = await serve(t, (_, response) => {
    if (++replies < 3) { // p(0) and the first paragraph
      response.end(completion("0.5"));
    }
  });
  const events: StreamEvent[] = [];
  const control = new AbortController();
  const stream = new ConfidenceStream({ question, model: { url, concurrency: 1 }, signal: control.signal, onEvent: (event) => { events.push(event); } });
  const reader = new ReadableStream<Uint8Array>({ start(c) { c.enqueue(answer.slice(0, -40)); } }).pipeThrough(stream).getReader();
  await reader.read();
  await until("a value is provisional", () => latest(events)[1]?.state === "provisional");
  control.abort();
  await stream.done;
  assert.deepEqual(states(events), ["final", "final", "cancelled", "stream-failed"]);
});

test("the redaction hook sees every body before it leaves", async (t) => {
  const bodies: string[] = [];
  const url = await serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      bodies.push(body);
      response.end(completion("0.5"));
    });
  });
  const { events } = await score({ url, redact: (body, { index }) => Promise.resolve(index === 1 ? null : body.replaceAll("42", "[number]")) });
  assert.deepEqual(states(events), ["final", "cancelled", "final", "final"]);
  assert.equal(bodies.length, 3);
  assert.ok(bodies.every((body) => !body.includes("42")) && bodies.some((body) => body.includes("That is [number].")));

  const failed = await score({ url, redact: () => { throw new Error("no rules loaded"); } });
  assert.deepEqual(states(failed.events), Array(4).fill("cancelled"));
  assert.ok(failed.errors.every(({ code, message }) => code === "redact" && message.includes("no rules loaded")));
  assert.equal(bodies.length, 3, "nothing was sent");
});

test("the text does not wait for a score", async (t) => {
  const endpoint = await held(t);
  const stream = new ConfidenceStream({ question, model: { url: endpoint.url } });
  assert.deepEqual(await bytesOf(streamOf([answer]).pipeThrough(stream)), answer);
  await until("requests came", () => endpoint.bodies.length === 4);
  const timer = setInterval(endpoint.answer, 5);
  await stream.done;
  clearInterval(timer);
});
