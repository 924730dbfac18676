import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { type TestContext, test } from "node:test";
import { confidences } from "finece";
import { type FinecePart, confidenceParts, confidencesOf } from "finece/ai-sdk";
import { ConfidenceLog, type PositionConfidence } from "finece/badge";
import { ConfidenceStore, readSource } from "finece/store";
import { openModule, skip } from "./badge-support.js";
import { fineceServe, noGo } from "./serve-support.js";
import { bodyOf, serve, until } from "./support.js";
import { svelte } from "./svelte-support.js";

// Both answers have characters whose UTF-8 and UTF-16 differ in length.
const WEAK = ["It ", "is ", "sure, ", "naïve.\n\n", "Hm ", "hm ", "hm ", "hm \u{1F914} ", "hm.\n\n", "So "];
const STRONG = ["The ", "answer ", "is ", "42 \u{1F600}.\n\n", "Check: ", "6 × 7 ", "= 42."];
const SECOND = STRONG.join("");

/** A model that is unsure in its second paragraph and never ends, and one that is sure. */
function upstream(t: TestContext): Promise<string> {
  const chunk = (content: string, logprob: number | null): string => `data: ${JSON.stringify({
    id: "x", object: "chat.completion.chunk", model: "m", choices: [{
      index: 0, delta: { content }, finish_reason: logprob === null ? "stop" : null,
      logprobs: logprob === null ? null : { content: [{ token: content, logprob, bytes: [...Buffer.from(content)], top_logprobs: [] }] },
    }],
  })}\n\n`;
  const say = (response: ServerResponse, tokens: readonly string[], logprob: (token: string) => number): void => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    tokens.forEach((token) => response.write(chunk(token, logprob(token))));
  };
  return serve(t, (request, response) => {
    void bodyOf(request).then((body) => {
      if (body.includes('"strong"')) {
        say(response, STRONG, () => -0.01);
        response.end(`${chunk("", null)}data: [DONE]\n\n`);
      } else {
        say(response, WEAK, (token) => (/hm|So/i.test(token) ? -3 : -0.02));
      }
    });
  });
}

/** What `finece serve` sends where the first answer is replaced. */
async function replacedStream(t: TestContext, carrier = "field"): Promise<Uint8Array<ArrayBuffer>> {
  const address = await fineceServe("--upstream", `${await upstream(t)}/v1`, "--policy", "escalate", "--escalate-mode", "restart", "--escalate-below", "0.5",
    "--escalate-model", "strong", "--stop-after", "1", "--uncalibrated", "allow", "--strategy", "paragraph", "--method", "perplexity", "--carrier", carrier);
  const response = await fetch(`${address}/v1/chat/completions`, {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "weak", stream: true, messages: [{ role: "user", content: "What is six times seven?" }] }),
  });
  assert.equal(response.status, 200);
  return new Uint8Array(await response.arrayBuffer());
}

const responseOf = (bytes: Uint8Array<ArrayBuffer>): Response => new Response(bytes, { headers: { "content-type": "text/event-stream" } });

/** Only the second answer's positions are there: its two paragraphs, at the right offsets, and no low one. */
function assertSecond(positions: readonly PositionConfidence[], text: string, what: string): void {
  assert.deepEqual(positions.map(({ utf16 }) => utf16), [text.length - "\n\nCheck: 6 × 7 = 42.".length, text.length], what);
  const begin = Buffer.byteLength(text.slice(0, text.indexOf("\n\n(The answer so far")));
  assert.ok(positions.every((p) => p.fused !== null && p.fused > 0.9 && p.begin === begin), `${what}: ${JSON.stringify(positions)}`);
}

for (const carrier of ["field", "comment"]) {
  test(`where the gateway replaces an answer, only the sent one's confidences are kept (carrier ${carrier})`, { skip: noGo }, async (t) => {
    const bytes = await replacedStream(t, carrier);
    const readable = readSource(responseOf(bytes));
    const unsubscribe = readable.subscribe(() => undefined);
    await until("the end", () => readable.getSnapshot().status === "done");
    unsubscribe();
    const { text, positions, headline, replaced } = readable.getSnapshot();
    assert.ok(text.startsWith("It is sure, naïve.\n\nHm hm") && text.endsWith(SECOND), text);
    assertSecond(positions, text, "the store");
    assert.equal(headline, positions[1]);
    assert.match(text.slice(replaced), /^\n\n\(The answer so far may be wrong/);

    const parts = new Map<string, FinecePart>();
    const write = confidenceParts({ write(part) { parts.set(part.id, part); } });
    const store = new ConfidenceStore();
    const first = new Set<number>();
    for await (const event of confidences(responseOf(bytes))) {
      write(event);
      store.push(event);
      confidencesOf({ parts: [...parts.values()] }).forEach(({ fused, begin }) => begin === undefined && fused !== null && first.add(fused));
    }
    assert.ok([...first].some((fused) => fused < 0.5), "the first answer had a low confidence");
    assertSecond(confidencesOf({ parts: [...parts.values()] }), text, "the parts of an AI SDK message");
    store.finish();
    const restored = ConfidenceStore.from(JSON.parse(JSON.stringify(store))).getSnapshot();
    assertSecond(restored.positions, text, "a saved chat");
    assert.equal(restored.replaced, replaced);

    // Where the connection breaks off after the replacement, nothing of the first answer comes back.
    const at = Buffer.from(bytes).indexOf('"action":"replace"');
    const log = new ConfidenceLog();
    for await (const event of confidences(responseOf(bytes.slice(0, Buffer.from(bytes).indexOf("\n\n", at) + 2)))) {
      log.apply(event);
    }
    assert.deepEqual(log.positions().filter(({ fused }) => fused !== null), []);
  });
}

test("bindings show the second answer's confidences alone, as badges, parts and marked words", { skip: skip === false ? noGo : skip }, async (t) => {
  const bytes = await replacedStream(t);
  const component = svelte(t, `<script>
    import { confidence, showing } from "finece/svelte";
    let { source, paragraphs } = $props();
    const answer = $derived(confidence(source));
  </script>
  <div><div use:showing={{ ...$answer, mode: "paragraphs" }}>
    {#each paragraphs($answer.text) as p}<p>{p}</p>{/each}
  </div></div>`);
  const page = await openModule(t, `
    import { createElement, useState } from "react";
    import { createRoot } from "react-dom/client";
    import { createApp, h } from "vue";
    import { mount } from "svelte";
    import * as react from "finece/react";
    import * as vue from "finece/vue";
    import { showConfidences } from "finece/badge";
    import { readSource } from "finece/store";
    import Svelte from ${JSON.stringify(component)};
    const bytes = Uint8Array.from(atob(${JSON.stringify(Buffer.from(bytes).toString("base64"))}), (c) => c.charCodeAt(0));
    const source = () => new Response(bytes, { headers: { "content-type": "text/event-stream" } });
    const paragraphs = (text) => text.split("\\n\\n").filter((p) => p !== "");
    const place = (id) => document.body.appendChild(Object.assign(document.createElement("section"), { id }));
    function Answer() {
      const [response] = useState(source);
      const { text, positions, done } = react.useConfidence(response);
      return createElement(react.Confidences, { text, positions, done, mode: "paragraphs" }, paragraphs(text).map((p, i) => createElement("p", { key: i }, p)));
    }
    createRoot(place("react")).render(createElement(Answer));
    const response = source();
    createApp({ setup() {
      const answer = vue.useConfidence(() => response);
      return () => h(vue.Confidences, { text: answer.value.text, positions: answer.value.positions, done: answer.value.done, mode: "paragraphs" },
        () => paragraphs(answer.value.text).map((p) => h("p", p)));
    } }).mount(place("vue"));
    mount(Svelte, { target: place("svelte"), props: { source: source(), paragraphs } });
    const root = place("plain").appendChild(document.createElement("div"));
    const view = showConfidences(root, { mode: "paragraphs" });
    const readable = readSource(source());
    readable.subscribe(() => {
      const { text, positions, done } = readable.getSnapshot();
      root.replaceChildren(...paragraphs(text).map((p) => Object.assign(document.createElement("p"), { textContent: p })));
      view.update(text, positions, done);
    });
    globalThis.mode = (mode) => { view.mode = mode; };
    globalThis.painted = () => [...CSS.highlights.values()].flatMap((marks) => [...marks]).map(String);`, "", { viewport: { width: 900, height: 1600 } });
  for (const id of ["react", "vue", "svelte", "plain"]) {
    const blocks = (): Promise<string[]> => page.locator(`#${id} confidence-badge`).evaluateAll((badges) =>
      badges.map((badge) => badge.closest("p")?.textContent ?? ""));
    await until(`${id}: badges`, async () => (await blocks()).length === 2);
    assert.deepEqual(await blocks(), SECOND.split("\n\n"), id);
  }
  const mode = (name: string): Promise<void> => page.evaluate((it) => { (globalThis as unknown as { mode(mode: string): void }).mode(it); }, name);
  await mode("answer");
  const chip = page.locator("#plain finece-chip");
  await chip.getByRole("button").first().click();
  const said = (): Promise<string> => chip.evaluate((it) => it.shadowRoot?.textContent ?? "");
  await until("the list of parts", async () => (await said()).includes("Check: 6"));
  assert.match(await said(), /The answer is 42/);
  assert.doesNotMatch(await said(), /Hm hm|naïve|may be wrong/);
  await mode("inline");
  await page.locator(".finece-legend").waitFor();
  assert.deepEqual(await page.evaluate(() => (globalThis as unknown as { painted(): string[] }).painted()), [], "nothing of the second answer is low");
});
