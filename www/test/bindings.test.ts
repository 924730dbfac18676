import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { type ConfidenceSnapshot, ConfidenceStore, headlineOf, readSource } from "finece/store";
import { openModule, positionsOf, skip } from "./badge-support.js";
import { demo, streamOf, until } from "./support.js";
import { svelte } from "./svelte-support.js";

const SOURCE = `const bytes = Uint8Array.from(atob(${JSON.stringify(Buffer.from(demo).toString("base64"))}), (c) => c.charCodeAt(0));
  globalThis.aborted = 0;
  const response = new Response(bytes);
  const endless = (signal) => { signal.addEventListener("abort", () => { globalThis.aborted++; }); return new Response(new ReadableStream({ start(c) { c.enqueue(bytes.slice(0, 30000)); } })); };`;

/** The chip and the text are those of the demo stream; then an endless stream takes its place, and leaving aborts it. */
async function assertShown(page: Page): Promise<void> {
  await until("the answer is done", async () => await page.locator("#status").innerText() === "done");
  const positions = await positionsOf(demo, {});
  assert.match(await page.locator("#text").innerText(), /^A baker sells[\s\S]*126 euros/);
  const chip = page.locator("finece-chip");
  await until("the headline", async () => await chip.getAttribute("value") === String(headlineOf(positions)?.fused));
  assert.equal(await chip.count(), 1);
  await page.locator("#endless").click();
  await until("the other stream", async () => await page.locator("#status").innerText() === "streaming");
  await page.locator("#leave").click();
  await until("it is aborted", () => page.evaluate(() => (globalThis as { aborted?: number }).aborted === 1));
  assert.equal(await chip.count(), 0);
}

test("the store is read without any framework", async () => {
  const readable = readSource(streamOf([demo]));
  assert.equal(readable.getSnapshot().status, "idle");
  let last: ConfidenceSnapshot = readable.getSnapshot();
  const unsubscribe = readable.subscribe(() => { last = readable.getSnapshot(); });
  await until("the end", () => last.status === "done");
  unsubscribe();
  const positions = await positionsOf(demo, {});
  assert.deepEqual(last.positions.map(({ fused }) => fused), positions.map(({ fused }) => fused));
  assert.equal(last.headline?.fused, headlineOf(positions)?.fused);
  const restored = ConfidenceStore.from(JSON.parse(JSON.stringify({ text: last.text, finece: { version: 1, events: last.positions.map(({ first: _, ...record }) => record) } })));
  assert.deepEqual(readSource(restored).getSnapshot().headline?.fused, last.headline?.fused);
  assert.equal(readSource(undefined).getSnapshot().text, "");
});

test("Vue shows a stream and its confidences, and leaves it when the component goes", { skip }, async (t) => {
  const page = await openModule(t, `${SOURCE}
    import { createApp, h, ref } from "vue";
    import { Confidences, useConfidence } from "finece/vue";
    const source = ref(response);
    const app = createApp({
      setup() {
        const answer = useConfidence(source);
        return () => [
          h("p", { id: "status" }, answer.value.status),
          h(Confidences, { text: answer.value.text, positions: answer.value.positions, done: answer.value.done },
            () => h("p", { id: "text" }, answer.value.text)),
        ];
      },
    });
    app.mount(document.querySelector("#app"));
    document.querySelector("#endless").onclick = () => { source.value = endless; };
    document.querySelector("#leave").onclick = () => { app.unmount(); };`,
  `<div id="app"></div><button id="endless">endless</button><button id="leave">leave</button>`);
  await assertShown(page);
});

test("Svelte shows a stream and its confidences, and leaves it when the component goes", { skip }, async (t) => {
  const component = svelte(t, `<script>
      import { confidence, showing } from "finece/svelte";
      let { source } = $props();
      const answer = $derived(confidence(source));
    </script>
    <p id="status">{$answer.status}</p>
    <div><div use:showing={$answer}><p id="text">{$answer.text}</p></div></div>`);
  const page = await openModule(t, `${SOURCE}
    import { mount, unmount } from "svelte";
    import Answer from ${JSON.stringify(component)};
    const props = { source: response };
    let app = mount(Answer, { target: document.querySelector("#app"), props });
    document.querySelector("#endless").onclick = () => { unmount(app); app = mount(Answer, { target: document.querySelector("#app"), props: { source: endless } }); };
    document.querySelector("#leave").onclick = () => { unmount(app); };`,
  `<div id="app"></div><button id="endless">endless</button><button id="leave">leave</button>`);
  await assertShown(page);
});

test("React shows a stream and its confidences, and leaves it when the component goes", { skip }, async (t) => {
  const page = await openModule(t, `${SOURCE}
    import { createElement as h, useState } from "react";
    import { createRoot } from "react-dom/client";
    import { Confidences, useConfidence } from "finece/react";
    function Answer() {
      const [source, setSource] = useState(() => response);
      globalThis.set = setSource;
      const { status, text, positions, done } = useConfidence(source);
      return [h("p", { id: "status", key: 1 }, status), h(Confidences, { text, positions, done, key: 2 }, h("p", { id: "text" }, text))];
    }
    const root = createRoot(document.querySelector("#app"));
    root.render(h(Answer));
    document.querySelector("#endless").onclick = () => { globalThis.set(() => endless); };
    document.querySelector("#leave").onclick = () => { root.unmount(); };`,
  `<div id="app"></div><button id="endless">endless</button><button id="leave">leave</button>`);
  await assertShown(page);
});
