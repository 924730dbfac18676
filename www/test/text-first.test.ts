import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { type Core, type FineceError, type ScoreOptions, type StreamEvent, confidences, loadCore } from "finece";
import { ConfidenceLog } from "finece/badge";
import { ConfidenceStore, type useConfidence } from "finece/react";
import { type CoreFile, openModule, skip } from "./badge-support.js";
import { chat, cut, demo, latest, lookalike, streamOf, textOf, until, withMemoryLimit } from "./support.js";

const never = (): Promise<never> => new Promise(() => undefined);
const ever = 2 ** 31; // longer than any test

/** The demo stream's text, by the core. */
const whole = await (async () => {
  const session = (await loadCore()).open({ text: true });
  return textOf([...session.opening, ...session.write(demo), ...session.end()]);
})();

test("text does not wait for a core that loads later, or never", async () => {
  for (const core of [never, async () => { await new Promise((resolve) => setImmediate(resolve)); return loadCore(); }]) {
    const events: StreamEvent[] = [];
    for await (const event of confidences(streamOf(cut(demo, 1000)), { core, coreTimeout: ever })) {
      events.push(event);
      if (textOf(events).length === whole.length) {
        break;
      }
    }
    assert.equal(textOf(events), whole);
  }
});

test("a core that loads late scores the text from its beginning", async () => {
  const events: StreamEvent[] = [];
  let load: (() => void) | undefined;
  const core = async () => {
    await new Promise<void>((resolve) => { load = resolve; });
    return loadCore();
  };
  for await (const event of confidences(streamOf(cut(demo, 1000)), { core, coreTimeout: ever })) {
    events.push(event);
    if (textOf(events).length === whole.length) {
      load?.();
    }
  }
  assert.equal(textOf(events), whole, "the text comes once");
  const last = latest(events);
  assert.ok(last.length > 8 && last.slice(1).every(({ state }) => state === "final"));
});

const broken = new Uint8Array(Buffer.concat([chat("One.\n\n").subarray(0, -70), Buffer.from(`data: ${"a".repeat(4 << 20)}\n\n`), chat("Two.\n\n", "Three.")]));

for (const [name, input, options] of [
  ["cannot be loaded", demo, { core: () => Promise.reject(new Error("blocked")) }],
  ["is never loaded", demo, { core: never, coreTimeout: 1 }],
  ["traps", broken, { core: () => loadCore(withMemoryLimit(16)), maxEvent: 16 << 20 }],
] as const) {
  test(`with a core that ${name} the whole text comes, and the answer's confidence is unavailable, with one report`, async () => {
    const errors: FineceError[] = [];
    const events: StreamEvent[] = [];
    for await (const event of confidences(streamOf(cut(input, 4096)), { ...options, onError: (error) => { errors.push(error); } })) {
      events.push(event);
    }
    const text = input === demo ? whole : "One.\n\nTwo.\n\nThree.";
    assert.equal(textOf(events), text);
    assert.equal(errors.length, 1);
    assert.match(errors[0]?.message ?? "", /blocked|not loaded within 1 ms|trapped in finece_write/);
    const end = events.findLast((event) => event.type === "position");
    assert.deepEqual(end === undefined ? undefined : [end.kinds, end.segment, end.utf16, end.byte],
      [["end"], "answer", text.length, Buffer.byteLength(text)]);
    assert.ok(latest(events).every((event) => event.state === "unavailable" || event.state === "final"));
    const last = latest(events).at(-1);
    assert.deepEqual([last?.index, last?.state === "unavailable" ? last.reason : last], [end?.index, "core-lost"]);
  });
}

test("a source that breaks off before the core is loaded keeps its text, and the rest of the answer is unavailable", async () => {
  const events: StreamEvent[] = [];
  await assert.rejects(async () => {
    // eslint-disable-next-line @typescript-eslint/require-await -- a source that fails
    for await (const event of confidences((async function* () {
      yield demo.subarray(0, 20_000);
      throw new Error("reset");
    })(), { core: never, coreTimeout: ever })) {
      events.push(event);
    }
  }, /reset/);
  assert.ok(textOf(events).length > 100 && whole.startsWith(textOf(events)));
  const last = latest(events).at(-1);
  assert.deepEqual(last?.state === "unavailable" ? [last.index, last.reason] : last, [1, "cancelled"]);
});

/** A gateway's stream whose confidences are not final yet, which then breaks off, ends or goes on. */
const place = (index: number, kind: string, utf16: number) =>
  ({ choice: 0, index, kinds: [kind], segment: "answer", byte: utf16, utf16, token: utf16, approximate: false });
const served = JSON.stringify({
  object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: "One.\n\nTwo." }, finish_reason: null }],
  finece: { version: 1, id: "a", events: [
    { type: "confidence", ...place(0, "question", 0), state: "final", revision: 0, raw: 0.5, fused: 0.5, calibrated: true },
    { type: "position", ...place(1, "paragraph", 4) },
    { type: "confidence", ...place(1, "paragraph", 4), state: "provisional", revision: 1, raw: 0.7, fused: 0.7, calibrated: true },
    { type: "position", ...place(2, "periodic", 8) },
    { type: "confidence", ...place(3, "periodic", 9), state: "pending", revision: 0, calibrated: false },
  ] },
});

for (const how of ["is aborted", "breaks off", "ends"] as const) {
  test(`when a server's stream ${how}, what it left provisional is final and what it left pending is unavailable`, async () => {
    const control = new AbortController();
    const events: StreamEvent[] = [];
    const log = new ConfidenceLog();
    const source = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (events.length === 0) {
          controller.enqueue(new TextEncoder().encode(`data: ${served}\n\n`));
        } else if (how === "is aborted") {
          control.abort();
        } else if (how === "ends") {
          controller.close();
        } else {
          controller.error(new Error("reset"));
        }
      },
    }, { highWaterMark: 0 });
    const read = async (): Promise<void> => {
      for await (const event of confidences(source, { core: never, signal: control.signal })) {
        events.push(event);
        log.apply(event);
      }
    };
    await (how === "breaks off" ? assert.rejects(read, /reset/) : read());
    const reason = how === "ends" ? "unknown" : "cancelled";
    const end = how === "ends" ? [] : ["cancelled"];
    assert.deepEqual(log.positions().map(({ state, fused, reason }) => (state === "unavailable" ? reason : [state, fused])),
      [["final", 0.5], ["final", 0.7], reason, reason, ...end]);
  });
}

test("a saved answer that was cut off has nothing provisional when it is shown again", () => {
  const store = ConfidenceStore.from(JSON.parse(served));
  const { status, positions } = store.getSnapshot();
  assert.deepEqual([status, positions.map(({ state }) => state)], ["done", ["final", "final", "unavailable", "unavailable"]]);
});

test("a core that keeps failing is left alone for a minute, and then tried again", async (t) => {
  let now = 1000;
  t.mock.method(performance, "now", () => now);
  let tries = 0;
  let works = false;
  const core = (): Promise<Core> => {
    tries++;
    return works ? loadCore() : Promise.reject(new Error("blocked"));
  };
  const score = async (): Promise<string[]> => {
    const errors: string[] = [];
    const events: StreamEvent[] = [];
    for await (const event of confidences(streamOf([demo]), { core, onError: ({ message }) => { errors.push(message); } })) {
      events.push(event);
    }
    assert.equal(textOf(events), whole);
    assert.equal(latest(events).at(-1)?.state, errors.length === 0 ? "final" : "unavailable");
    return errors;
  };
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await score(), ["finece: blocked"]);
  }
  for (const [later, says] of [[0, "60 s"], [58_500, "2 s"]] as const) {
    now += later;
    assert.deepEqual(await score(), [`finece: the core failed 3 times in a row and is tried again in ${says}; the last time: blocked`]);
  }
  assert.equal(tries, 3, "it was not tried meanwhile");
  now += 1500;
  assert.deepEqual(await score(), ["finece: blocked"]);
  assert.match((await score())[0] ?? "", /failed 4 times/);
  now += 60_000;
  works = true;
  assert.deepEqual([await score(), tries], [[], 5]);
  works = false;
  assert.deepEqual([await score(), await score(), tries], [["finece: blocked"], ["finece: blocked"], 7]);
});

const component = fileURLToPath(new URL("../registry/confidence.tsx", import.meta.url));
const APP = `
  import { createElement as h } from "react";
  import { createRoot } from "react-dom/client";
  import { ConfidenceAnswer } from ${JSON.stringify(component)};
  import { Confidence, useConfidence } from "finece/react";
  const bytes = () => Uint8Array.from(atob(BYTES), (c) => c.charCodeAt(0));
  globalThis.errors = [];
  const options = { ...OPTIONS, onError: (error) => { errors.push(error.message); } };
  function Answer({ source }) {
    const snapshot = globalThis.snapshot = useConfidence(source, options);
    return h("div", { id: "hook" }, snapshot.text, snapshot.positions.map((position) => h(Confidence, { key: position.index, position })));
  }
  const one = new Response(bytes()), two = new Response(bytes());
  createRoot(document.querySelector("main")).render(h("div", null, h(Answer, { source: one }), h(ConfidenceAnswer, { source: two, options, className: "component" })));`;

interface Globals { snapshot: ReturnType<typeof useConfidence>; errors: string[] }

/** The page above, with a stream and options. */
const app = (stream: Uint8Array, options: ScoreOptions): string =>
  APP.replace("BYTES", JSON.stringify(Buffer.from(stream).toString("base64"))).replace("OPTIONS", JSON.stringify(options));

const TRUSTED = "require-trusted-types-for 'script'; trusted-types 'none'";
const cases: Record<string, { core?: CoreFile; csp?: string; stream?: Uint8Array; options?: ScoreOptions; says: RegExp }> = {
  "when finece.wasm is missing": { core: "missing", says: /HTTP 404/ },
  "when finece.wasm is of another version": { core: lookalike(1), says: /ABI version 1, this package/ },
  "when finece.wasm hangs": { core: "silent", options: { coreTimeout: 1 }, says: /not loaded within 1 ms/ },
  "when finece.wasm traps in mid-stream": { core: withMemoryLimit(16), stream: broken, options: { maxEvent: 16 << 20 }, says: /trapped in finece_write/ },
  "when the page's policy forbids WebAssembly": { csp: `script-src 'self'; ${TRUSTED}`, says: /does not compile/ },
  "when the page's policy forbids requests": { csp: "script-src 'self' 'wasm-unsafe-eval'; connect-src 'none'", says: /cannot fetch/ },
};

for (const [name, { core, csp, stream = demo, options = {}, says }] of Object.entries(cases)) {
  test(`the hook and the component show the whole text ${name}`, { skip }, async (t) => {
    const page = await openModule(t, app(stream, { coreTimeout: ever, ...options }), "", {
      ...(core === undefined ? {} : { core }), ...(csp === undefined ? {} : { csp }),
    });
    const globals = (): Promise<Globals> => page.evaluate("({ snapshot: globalThis.snapshot, errors: globalThis.errors })");
    await until("the answer is done", async () => (await globals()).snapshot?.status === "done");
    const { snapshot, errors } = await globals();
    const text = stream === demo ? whole : "One.\n\nTwo.\n\nThree.";
    assert.equal(snapshot.text, text);
    assert.equal(snapshot.lost, true);
    assert.match(snapshot.error ?? "", says);
    assert.equal(new Set(errors).size, 1, "the same reason for both");
    assert.ok(errors.length <= 2, "each says it once");
    const squeezed = (text: string): string => text.replaceAll(/\s+/g, "");
    assert.equal(squeezed(await page.locator(".component").innerText()), squeezed(text));
    for (const where of ["#hook", ".component"]) {
      const badge = page.locator(`${where} confidence-badge`);
      await badge.last().getByRole("button", { name: "Confidence: not available" }).waitFor();
      assert.equal(await badge.and(page.locator(":not([state=unavailable])")).count(), 0, where);
    }
  });
}

test("while finece.wasm does not answer the hook's text is there already", { skip }, async (t) => {
  const page = await openModule(t, app(demo, { coreTimeout: ever }), "", { core: "silent" });
  await until("the text is there", async () => await page.evaluate("globalThis.snapshot?.text") === whole);
  assert.equal(await page.evaluate("globalThis.snapshot.status"), "streaming");
  await page.goto("about:blank"); // before the server closes the request
});

test("in a page with Trusted Types and no policy of its own the badge is drawn, and its details open", { skip }, async (t) => {
  const page = await openModule(t, app(demo, {}), "", { csp: `script-src 'self' 'wasm-unsafe-eval'; ${TRUSTED}` });
  const badge = page.locator("#hook confidence-badge[state=final]").last();
  await badge.getByRole("button").click();
  assert.match(await badge.locator(".panel").innerText(), /take it as a ranking/);
  await assert.rejects(page.evaluate(() => { document.body.innerHTML = "<b>"; }), /TrustedHTML|blocked by CSP/, "the policy holds");
});
