// A source that gives no answer is told as such by every layer: never as an answer without text.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { type FineceError, type StreamEvent, confidences, loadCore } from "finece";
import { type ConfidenceSnapshot, type ConfidenceSource, ConfidenceStore, readSource } from "finece/store";
import { openModule, skip } from "./badge-support.js";
import { chat, fixtures, serve, streamOf, textOf, until } from "./support.js";
import { svelte } from "./svelte-support.js";

const never = (): Promise<never> => new Promise(() => undefined);
const EVENTS = "text/event-stream";
const hi = Buffer.from(chat("Hi")).toString().split("\n\n")[0] ?? "";
const CALL = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" } }] } }] })}`
  + `\n\ndata: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] })}\n\ndata: [DONE]\n\n`;

interface Case { status: number; type: string; body: string; says: RegExp; text?: string }
const CASES: Record<string, Case> = {
  "a refusal of OpenAI's form": {
    status: 401, type: "application/json", body: `{"error":{"message":"Incorrect API key","type":"invalid_request_error"}}`,
    says: /^finece: HTTP 401 from http:\/\/127[^?]*: Incorrect API key; check the key in the headers$/,
  },
  "a refusal of FastAPI's form": { status: 422, type: "application/json", body: `{"detail":[{"msg":"field required"}]}`, says: /HTTP 422 .*: field required; / },
  "a limit, as text": { status: 429, type: "text/plain", body: "slow\r\ndown", says: /HTTP 429 .*: slow down; lower the concurrency/ },
  "a proxy's page": { status: 502, type: "text/html", body: "<html><title>502 Bad Gateway</title></html>", says: /HTTP 502 .*: an HTML page, "502 Bad Gateway"; see the server's log/ },
  "an error without a body": { status: 503, type: EVENTS, body: "", says: /HTTP 503 .*: Service Unavailable; / },
  "an error with a stream's type": { status: 500, type: EVENTS, body: `data: {"error":"no model"}\n\n`, says: /HTTP 500 .*no model.*; see the server's log/ },
  "a sign-in page": { status: 200, type: "text/html", body: "<!doctype html><title>Sign in</title>", says: /sent no answer, but 37 bytes of text\/html .*check that the address/ },
  "an empty body": { status: 200, type: EVENTS, body: "", says: /the answer is empty \(HTTP 200 from http/ },
  "no content": { status: 204, type: EVENTS, body: "", says: /the answer is empty \(HTTP 204 / },
  "comments alone": { status: 200, type: EVENTS, body: ": ping\n\n", says: /sent no answer, but 8 bytes/ },
  "an error in a plain answer": { status: 200, type: "application/json", body: `{"error":"model not found"}`, says: /reports an error: model not found \(HTTP 200 / },
  "an error in the stream": { status: 200, type: EVENTS, body: `${hi}\n\ndata: {"error":{"message":"overloaded"}}\n\n`, says: /reports an error: overloaded/, text: "Hi" },
};

/** Answers each case under its name. */
async function server(t: TestContext): Promise<string> {
  return serve(t, ({ url = "" }, response) => {
    const found = CASES[decodeURIComponent(url.slice(1)).replace(/\?.*/, "")];
    response.writeHead(found?.status ?? 200, { "content-type": found?.type ?? EVENTS, "access-control-allow-origin": "*" });
    if (found === undefined) {
      silent(response);
    } else {
      response.end(found.status === 204 ? undefined : found.body);
    }
  });
}

/** Sends a byte and no more. */
function silent(response: ServerResponse): void {
  response.write(":");
}

const addressOf = (origin: string, name: string): string => `${origin}/${encodeURIComponent(name)}?key=secret`;

for (const core of ["with", "without"] as const) {
  test(`what is no answer is thrown after the events before it, ${core} a core`, async (t) => {
    const origin = await server(t);
    for (const [name, { says, text = "" }] of Object.entries(CASES)) {
      const events: StreamEvent[] = [];
      const errors: unknown[] = [];
      await assert.rejects(async () => {
        const options = { ...(core === "with" ? {} : { core: never, coreTimeout: 1 }), onError: (error: FineceError) => { errors.push(error); } };
        for await (const event of confidences(await fetch(addressOf(origin, name)), options)) {
          events.push(event);
        }
      }, (error: FineceError) => {
        assert.equal(error.code, "source", name);
        assert.match(error.message, says, name);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
      assert.equal(textOf(events), text, name);
      assert.ok(errors.length === 0 || core === "without", name);
    }
  });
}

/** Reads a source to its end. */
async function read(source: ConfidenceSource, signal?: AbortSignal): Promise<{ last: ConfidenceSnapshot; errors: FineceError[] }> {
  const errors: FineceError[] = [];
  const readable = readSource(source, { signal, onError: (error) => { errors.push(error); } });
  const unsubscribe = readable.subscribe(() => undefined);
  await until("the end", () => readable.getSnapshot().done);
  unsubscribe();
  return { last: readable.getSnapshot(), errors };
}

test("a store tells what is no answer as a failure, once, with a confidence that is not available", async (t) => {
  const origin = await server(t);
  for (const [name, { says, text = "" }] of Object.entries(CASES)) {
    for (const source of [(signal: AbortSignal) => fetch(addressOf(origin, name), { signal }), await fetch(addressOf(origin, name))]) {
      const { last, errors } = await read(source);
      assert.deepEqual([last.status, last.text, last.headline?.state, last.positions.at(-1)?.state], ["failed", text, "unavailable", "unavailable"], name);
      assert.match(last.error ?? "", says, name);
      assert.deepEqual(errors.map(({ code, message }) => [code, message]), [["source", last.error]], name);
    }
  }
});

test("a server that cannot be reached, and bytes that are none, are failures with words", async () => {
  for (const [source, says] of [
    [() => fetch("http://127.0.0.1:9/"), /^finece: there is no answer: .+; is the server there/],
    [() => Promise.reject(new Error("offline")), /there is no answer: offline; /],
    [streamOf([]), /the answer is empty/],
    [streamOf([new TextEncoder().encode("<!doctype html>")]), /no answer, but 15 bytes of something else/],
    [new ReadableStream<Uint8Array>({ start(controller) { controller.error(new Error("reset")); } }), /the answer broke off: reset$/],
  ] as [ConfidenceSource, RegExp][]) {
    const { last, errors } = await read(source);
    assert.deepEqual([last.status, last.text, last.headline?.state, errors.length], ["failed", "", "unavailable", 1]);
    assert.match(last.error ?? "", says);
    assert.deepEqual(JSON.parse(JSON.stringify(last.positions)), last.positions, "it can be saved");
  }
});

test("the body of an error is not waited for without end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const body = new ReadableStream<Uint8Array>({ pull: never });
  const failed = assert.rejects(confidences(new Response(body, { status: 500, statusText: "Internal Server Error" })).next(), /HTTP 500: Internal Server Error; /);
  for (let done = false; !done; ) {
    t.mock.timers.tick(1000);
    done = await Promise.race([failed.then(() => true), new Promise<boolean>((resolve) => { setImmediate(resolve, false); })]);
  }
});

test("an answer without text is no failure, nor is one that the reader stopped", async (t) => {
  const aws = readFileSync(new URL("bedrock/converse-tools.eventstream", fixtures));
  for (const [name, bytes] of Object.entries({ "a call of a tool": Buffer.from(CALL), "Bedrock's frames": aws })) {
    const { last, errors } = await read(new Response(bytes));
    assert.deepEqual([last.status, errors], ["done", []], name);
  }
  const origin = await server(t);
  const control = new AbortController();
  const stopped = read((signal) => fetch(`${origin}/silent`, { signal }), control.signal);
  control.abort();
  const { last, errors } = await stopped;
  assert.deepEqual([last.status, last.text, errors], ["done", "", []]);
});

test("a store that is given events knows the provider's error by them", async () => {
  const store = new ConfidenceStore();
  store.push({ type: "text", choice: 0, segment: "answer", text: "Hi" });
  store.push({ type: "fault", choice: 0, code: "provider-error", offset: 3, detail: "overloaded" });
  store.finish();
  await until("the snapshot", () => store.getSnapshot().done);
  const { status, error, positions, headline } = store.getSnapshot();
  assert.deepEqual([status, error, headline?.state, positions.at(-1)?.utf16], ["failed", "overloaded", "unavailable", 2]);
  store.reset();
  store.finish(new Error("the client says no"));
  await until("the other snapshot", () => store.getSnapshot().error === "the client says no");
  assert.equal(store.getSnapshot().headline?.reason, "stream-failed");
});

const PAGE = (origin: string): string => `globalThis.errors = [];
  const options = { onError: ({ message }) => { globalThis.errors.push(message); } };
  const sources = ${JSON.stringify(["a refusal of OpenAI's form", "a proxy's page", "an empty body"].map((name) => addressOf(origin, name)))}
    .map((address) => (signal) => fetch(address, { signal })).concat([(signal) => fetch("http://127.0.0.1:9/", { signal })]);`;
const APPS: Record<string, (t: TestContext) => string> = {
  "React": () => `
    import { createElement as h } from "react";
    import { createRoot } from "react-dom/client";
    import { Confidence, Confidences, useConfidence } from "finece/react";
    function Answer({ source }) {
      const { text, positions, done, error } = useConfidence(source, options);
      return h(Confidences, { text, positions, done, className: "answer" }, h("p", null, text), h(Confidence, { position: positions.at(-1) }), error && h("p", { role: "alert" }, error));
    }
    createRoot(document.querySelector("#app")).render(sources.map((source, key) => h(Answer, { source, key })));`,
  "Vue": () => `
    import { createApp, h } from "vue";
    import { Confidences, useConfidence } from "finece/vue";
    const Answer = { props: ["source"], setup({ source }) {
      const answer = useConfidence(source, options);
      return () => h(Confidences, { class: "answer", text: answer.value.text, positions: answer.value.positions, done: answer.value.done },
        () => [h("p", answer.value.text), answer.value.error && h("p", { role: "alert" }, answer.value.error)]);
    } };
    createApp({ render: () => sources.map((source) => h(Answer, { source })) }).mount("#app");`,
  "Svelte": (t) => `
    import { mount } from "svelte";
    import Answer from ${JSON.stringify(svelte(t, `<script>
      import { confidence, showing } from "finece/svelte";
      let { source, options } = $props();
      const answer = $derived(confidence(source, options));
    </script>
    <div class="answer"><div use:showing={$answer}><p>{$answer.text}</p>{#if $answer.error}<p role="alert">{$answer.error}</p>{/if}</div></div>`))};
    sources.forEach((source) => { mount(Answer, { target: document.querySelector("#app"), props: { source, options } }); });`,
  "a page without a framework": () => `
    import { showConfidences } from "finece/badge";
    import { readSource } from "finece/store";
    for (const source of sources) {
      const answer = document.querySelector("#app").appendChild(document.createElement("div"));
      answer.className = "answer";
      const text = answer.appendChild(document.createElement("p"));
      const view = showConfidences(text);
      const readable = readSource(source, options);
      readable.subscribe(() => {
        const snapshot = readable.getSnapshot();
        text.textContent = snapshot.text;
        view.update(snapshot.text, snapshot.positions, snapshot.done);
        if (snapshot.error !== null) {
          answer.appendChild(Object.assign(document.createElement("p"), { role: "alert", textContent: snapshot.error }));
        }
      });
    }`,
};

for (const [name, code] of Object.entries(APPS)) {
  test(`${name} shows why there is no answer, and that its confidence is not available`, { skip }, async (t) => {
    const page = await openModule(t, PAGE(await server(t)) + code(t), `<div id="app"></div>`);
    const chips = page.locator(".answer finece-chip");
    await until("all have failed", async () => await page.getByRole("alert").count() === 4);
    const alerts = await page.getByRole("alert").allInnerTexts();
    for (const [i, says] of [/HTTP 401 .*Incorrect API key/, /HTTP 502 .*HTML page/, /the answer is empty/, /there is no answer: .+; is the server there/].entries()) {
      assert.match(alerts[i] ?? "", says);
      assert.equal(await chips.nth(i).locator(".said").innerText(), "Confidence is not available");
    }
    assert.deepEqual((await page.evaluate<string[]>("globalThis.errors")).sort(), alerts.sort());
    assert.equal(await chips.count(), 4);
    assert.equal(await page.locator("confidence-badge[state=pending]").count(), 0);
    assert.equal(await page.locator("confidence-badge[state=unavailable]").count(), name === "React" ? 4 : 0);
  });
}

test("what says why loads no core", async () => {
  let loaded = 0;
  const core = (): ReturnType<typeof loadCore> => { loaded++; return loadCore(); };
  await assert.rejects(confidences(new Response("no", { status: 500 }), { core }).next(), /HTTP 500: no; /);
  assert.equal(loaded, 0);
});
