import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { type FineceError, type StreamEvent, confidences, loadCore } from "finece";
import type { useConfidence } from "finece/react";
import { type CoreFile, openModule, skip } from "./badge-support.js";
import { chat, cut, demo, latest, streamOf, textOf, until, withMemoryLimit } from "./support.js";

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

const component = fileURLToPath(new URL("../registry/confidence.tsx", import.meta.url));
const APP = `
  import { createElement as h } from "react";
  import { createRoot } from "react-dom/client";
  import { ConfidenceAnswer } from ${JSON.stringify(component)};
  import { Confidence, useConfidence } from "finece/react";
  const bytes = () => Uint8Array.from(atob(${JSON.stringify(Buffer.from(demo).toString("base64"))}), (c) => c.charCodeAt(0));
  globalThis.errors = [];
  const options = { coreTimeout: WAIT, onError: (error) => { errors.push(error.message); } };
  function Answer({ source }) {
    const snapshot = globalThis.snapshot = useConfidence(source, options);
    return h("div", { id: "hook" }, snapshot.text, snapshot.positions.map((position) => h(Confidence, { key: position.index, position })));
  }
  const one = new Response(bytes()), two = new Response(bytes());
  createRoot(document.querySelector("main")).render(h("div", null, h(Answer, { source: one }), h(ConfidenceAnswer, { source: two, options, className: "component" })));`;

interface Globals { snapshot: ReturnType<typeof useConfidence>; errors: string[] }

for (const [core, wait] of [["missing", ever], ["silent", 1]] as const satisfies readonly (readonly [CoreFile, number])[]) {
  test(`the hook and the component show the whole text when finece.wasm is ${core}`, { skip }, async (t) => {
    const page = await openModule(t, APP.replace("WAIT", String(wait)), "", { core });
    const globals = (): Promise<Globals> => page.evaluate("({ snapshot: globalThis.snapshot, errors: globalThis.errors })");
    await until("the answer is done", async () => (await globals()).snapshot?.status === "done");
    const { snapshot, errors } = await globals();
    assert.equal(snapshot.text, whole);
    assert.equal(snapshot.lost, true);
    assert.match(snapshot.error ?? "", core === "missing" ? /HTTP 404/ : /not loaded within 1 ms/);
    assert.equal(new Set(errors).size, 1, "the same reason for both");
    assert.ok(errors.length <= 2, "each says it once");
    const squeezed = (text: string): string => text.replaceAll(/\s+/g, "");
    assert.equal(squeezed(await page.locator(".component").innerText()), squeezed(whole));
    for (const where of ["#hook", ".component"]) {
      const badge = page.locator(`${where} confidence-badge`);
      await badge.getByRole("button", { name: "Confidence: not available" }).waitFor();
      assert.equal(await badge.count(), 1, where);
    }
  });
}

test("while finece.wasm does not answer the hook's text is there already", { skip }, async (t) => {
  const page = await openModule(t, APP.replace("WAIT", String(ever)), "", { core: "silent" });
  await until("the text is there", async () => await page.evaluate("globalThis.snapshot?.text") === whole);
  assert.equal(await page.evaluate("globalThis.snapshot.status"), "streaming");
  await page.goto("about:blank"); // before the server closes the request
});
