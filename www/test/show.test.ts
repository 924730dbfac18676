import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { ConfidenceView, PositionConfidence, ShowOptions, Span } from "finece/badge";
import { TokenSpans } from "finece/place";
import { assertAccessible, openModule, positionsOf, skip } from "./badge-support.js";
import { withoutMedia } from "./browser-support.js";
import { demo, until } from "./support.js";

const SHOW = `import { showConfidences } from "finece/badge";
  globalThis.show = (selector, options) => globalThis.view = showConfidences(document.querySelector(selector), options);
  globalThis.told = [];`;

// What the module above makes global.
declare const show: (selector: string, options?: ShowOptions) => ConfidenceView;

// What a test makes global in its page.
declare global {
  var view: ConfidenceView;
  var told: string[];
}

const PARTS = ["One is a first paragraph.", "Two is *another* one.", "Three ends it."];
const SOURCE = PARTS.join("\n\n");
const HTML = "<p>One is a first paragraph.</p><p>Two is <em>another</em> one.</p><p>Three ends it.</p>";
const ENDS = PARTS.map((_, i) => PARTS.slice(0, i + 1).join("\n\n").length);

const position = (i: number, fused: number | null, more: Partial<PositionConfidence> = {}): PositionConfidence => ({
  type: "confidence", choice: 0, index: i + 1, kinds: i === PARTS.length - 1 ? ["paragraph", "end"] : ["paragraph"], segment: "answer",
  byte: ENDS[i] ?? 0, utf16: ENDS[i] ?? 0, token: i, ratio: null, entropy: null, approximate: false, raw: fused, fused, first: fused, revision: 0,
  state: fused === null ? "unavailable" : "final", reason: fused === null ? "no-logprobs" : null, calibrated: fused !== null,
  source: fused === null ? null
    : { estimator: "model", method: null, basis: "expectation", mass: null, model: "judge-1", map: "platt", band: "late", outside: ["range"] },
  ...more,
});
const KNOWN = [position(0, 0.81), position(1, 0.42), position(2, 0.68)];
const UNKNOWN = [position(0, null), position(1, null), position(2, null)];

const update = (page: Page, positions: readonly PositionConfidence[], done: boolean, options?: Pick<ShowOptions, "mode" | "at" | "print" | "spanStyle">, spans?: readonly Span[]): Promise<void> =>
  page.evaluate(([source, positions, done, options, spans]) => {
    const view = options === undefined ? globalThis.view : show("#m", options);
    view.update(source, positions, done, spans);
  }, [SOURCE, positions, done, options, spans] as const);
const chip = (page: Page) => page.locator("finece-chip");
const said = (page: Page): Promise<string> => chip(page).locator(".said").innerText();

test("a chip says a share only of a probability, asks to check what is low, and claims nothing else", { skip }, async (t) => {
  const page = await openModule(t, `import { AnswerChip } from "finece/badge"; AnswerChip.define();`, "<finece-chip></finece-chip>");
  const cases: [Record<string, string>, string][] = [
    [{}, "Confidence is being estimated"],
    [{ state: "final", value: "0.68", calibrated: "" }, "About 7 in 10 answers like this are right"],
    [{ state: "final", value: "0.945", calibrated: "" }, "About 9 in 10 answers like this are right"],
    [{ state: "final", value: "0.95", calibrated: "" }, "More than 9 in 10 answers like this are right"],
    [{ state: "final", value: "1", calibrated: "" }, "More than 9 in 10 answers like this are right"],
    [{ state: "final", value: "0.31", calibrated: "" }, "Check this"],
    [{ state: "final", value: "0.02", calibrated: "", bands: "0.01 0.8" }, "About 1 in 10 answers like this are right"],
    [{ state: "final", value: "0.8", source: "perplexity" }, "Check this"],
    [{ state: "final", value: "0.87", source: "perplexity" }, "Medium certainty"],
    [{ state: "provisional", value: "0.95", source: "perplexity" }, "High certainty"],
    [{ state: "unavailable", value: "0.9", reason: "no-logprobs" }, "Confidence is not available"],
    [{ state: "final" }, "Confidence is not available"],
  ];
  for (const [attributes, expected] of cases) {
    const found = await chip(page).evaluate(async (element, given) => {
      [...element.attributes].forEach(({ name }) => { element.removeAttribute(name); });
      Object.entries(given).forEach(([name, value]) => { element.setAttribute(name, value); });
      await Promise.resolve();
      const button = element.shadowRoot?.querySelector("button");
      return { text: button?.querySelector(".said")?.textContent, name: button?.getAttribute("aria-label") ?? "" };
    }, attributes);
    assert.equal(found.text, expected, JSON.stringify(attributes));
    assert.ok(found.name.startsWith(expected));
    assert.doesNotMatch(found.name, /%/);
  }
});

test("one chip is live while the answer is written, and lists its parts with what an app can do about them", { skip }, async (t) => {
  const page = await openModule(t, SHOW, `<h1>Chat</h1><div id="m">${HTML}</div>`);
  await page.evaluate(() => {
    show("#m", {
      onRegenerate: (position) => { told.push(`regenerate ${String(position?.index)}`); },
      onStronger: (position) => { told.push(`stronger ${String(position?.index)}`); },
    });
  });
  assert.equal(await said(page), "Confidence is being estimated");
  const before = await page.locator("#m").innerHTML();
  await update(page, [{ ...position(0, 0.81), state: "provisional" }], false);
  await until("the first value", async () => await said(page) === "About 8 in 10 answers like this are right");
  await update(page, [position(0, 0.81), { ...position(1, 0.42), state: "provisional", first: 0.4 }], false);
  await until("the newest value", async () => await said(page) === "Check this");
  await update(page, KNOWN, true);
  await until("the whole answer's value", async () => await said(page) === "About 7 in 10 answers like this are right");
  assert.equal(await chip(page).locator("finece-sparkline").getAttribute("values"), "0.81 0.42 0.68");
  assert.equal(await page.evaluate(() => document.querySelector("#m")?.previousElementSibling?.localName), "finece-chip");

  await chip(page).getByRole("button").first().click();
  const panel = chip(page).locator(".panel");
  await panel.waitFor({ state: "visible" });
  const text = await panel.innerText();
  for (const words of ["68% were correct", "the confidence model judge-1", "(platt)", "outside the range", "Ask a stronger model"]) {
    assert.ok(text.includes(words), `${words} is missing in: ${text}`);
  }
  assert.deepEqual((await panel.locator(".row").allInnerTexts()).map((row) => row.replace(/\s+/g, " ").trim()),
    ["One is a first paragraph. 81%", "Two is another one. 42%", "Three ends it. 68%"]);
  await assertAccessible(page, "with its details");
  await panel.getByRole("button", { name: "Regenerate from here: Two" }).click();
  await panel.getByRole("button", { name: "Ask a stronger model" }).click();
  assert.deepEqual(await page.evaluate(() => told), ["regenerate 2", "stronger 3"]);
  await page.evaluate(() => {
    const animate = Reflect.get(Element.prototype, "animate");
    Element.prototype.animate = function (...options) {
      told.push(`animate ${this.textContent}`);
      return animate.apply(this, options);
    };
  });
  await panel.locator(".row").nth(1).click();
  await until("the part stands out", () => page.evaluate(() => told.includes("animate Two is another one.")));
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "hidden" });
  assert.ok(await chip(page).evaluate((element) => document.activeElement === element), "the focus is back at the chip");
  await page.evaluate(() => { view.disconnect(); });
  assert.equal(await page.locator("#m").innerHTML(), before);
  assert.equal(await page.locator("finece-chip, [role=status]").count(), 0);
});

test("without handlers there are no such buttons, the chip may be at the foot, or one of the page's own", { skip }, async (t) => {
  const page = await openModule(t, SHOW, `<div id="m">${HTML}</div><finece-chip id="mine"></finece-chip>`);
  await update(page, KNOWN, true, { at: "foot" });
  await page.evaluate(() => { document.querySelector("#mine")?.remove(); });
  assert.equal(await page.evaluate(() => document.querySelector("#m")?.nextElementSibling?.nextElementSibling?.localName), "finece-chip");
  await chip(page).getByRole("button").first().click();
  await chip(page).locator(".row").first().waitFor();
  assert.equal(await chip(page).locator(".action").count(), 0);
  const own = await page.evaluate(([source, positions]) => {
    view.disconnect();
    const mine = document.body.appendChild(document.createElement("finece-chip"));
    const shown = show("#m", { chip: mine });
    shown.update(source, positions, true);
    shown.disconnect();
    return { state: mine.state, there: mine.isConnected };
  }, [SOURCE, KNOWN] as const);
  assert.deepEqual(own, { state: "final", there: true });
});

test("quiet marks only what is low, paragraphs all that has a value, off nothing; what is not available is said once", { skip }, async (t) => {
  const page = await openModule(t, SHOW, `<h1>Chat</h1><div id="m">${HTML}</div>`);
  const badges = (): Promise<string[]> => page.locator("#m confidence-badge").evaluateAll((all) =>
    all.map((badge) => `${badge.closest("p")?.textContent.slice(0, 3) ?? ""} ${badge.shadowRoot?.querySelector(".shown")?.textContent ?? ""}`));
  await update(page, KNOWN, true, { mode: "quiet" });
  await until("the mark", async () => (await badges()).length > 0);
  assert.deepEqual(await badges(), ["Two Check this"]);
  assert.equal(await chip(page).isVisible(), false);
  await assertAccessible(page, "quiet");

  await page.evaluate(() => { view.mode = "paragraphs"; });
  await until("all badges", async () => (await badges()).length === 3);
  assert.deepEqual(await badges(), ["One 81%", "Two 42%", "Thr 68%"]);
  await update(page, UNKNOWN, true);
  await until("no badge", async () => (await badges()).length === 0);
  assert.ok(await chip(page).isVisible());
  assert.equal(await said(page), "Confidence is not available");
  assert.equal(await chip(page).evaluate((c) => getComputedStyle(c.shadowRoot?.querySelector("button") ?? c).backgroundColor), "rgba(0, 0, 0, 0)");
  await chip(page).getByRole("button").first().click();
  assert.match(await chip(page).locator(".panel").innerText(), /no log-probabilities/);

  await page.evaluate(() => { view.mode = "off"; });
  assert.equal(await chip(page).isVisible(), false);
  await update(page, KNOWN, true);
  assert.equal(await page.locator("#m").innerHTML(), HTML);
  await update(page, [], true);
  await page.evaluate(() => { view.mode = "answer"; });
  assert.equal(await said(page), "Confidence is not available");
});

test("inline marks the words of tokens, or parts between positions, and leaves the page's elements as they are", { skip }, async (t) => {
  const page = await openModule(t, SHOW, `<h1>Chat</h1><div id="m">${HTML}</div>`);
  const marked = (): Promise<Record<string, string[]>> => page.evaluate(() => Object.fromEntries([...CSS.highlights].map(([name, highlight]) =>
    [name, [...highlight].map((range) => (range as Range).toString()).sort()])));
  const marks = (kind: string, low: string[], medium: string[]) => ({ [`finece-${kind}-low`]: low, [`finece-${kind}-medium`]: medium });
  await update(page, KNOWN, true, { mode: "inline" });
  await until("the marks", async () => (await marked())["finece-underline-medium"]?.length === 1);
  assert.deepEqual(await marked(), marks("underline", ["Two is another one"], ["Three ends it"]));
  assert.equal((await page.locator("#m").innerHTML()).replaceAll(/<finece-mark [^>]*><\/finece-mark>/g, ""), HTML);
  assert.match(await page.locator(".finece-legend").innerText(), /^Marked text:\s+unsure\s+less sure$/);
  await assertAccessible(page, "inline");

  const spans = [...SOURCE.matchAll(/[^\s*]+/g)].map(({ 0: { length }, index }, i) => ({ start: index, end: index + length, value: [1, 0.3, 0.8][i % 3] ?? 1 }));
  await page.evaluate(() => { view.disconnect(); });
  assert.deepEqual(await marked(), marks("underline", [], []));
  await update(page, KNOWN, true, { mode: "inline", spanStyle: "heat" }, spans);
  await until("the words", async () => (await marked())["finece-heat-low"]?.length === 4);
  assert.deepEqual(await marked(), { ...marks("underline", [], []), ...marks("heat", ["another", "ends", "is", "paragraph"], ["Two", "a", "it", "one"]) });
  await page.evaluate(() => { view.mode = "off"; });
  assert.deepEqual(await marked(), { ...marks("underline", [], []), ...marks("heat", [], []) });
  assert.equal(await page.locator(".finece-legend").count(), 0);
});

test("tokens of a stream have the offsets of its text", () => {
  const tokens = new TokenSpans();
  let text = "";
  for (const line of new TextDecoder().decode(demo).split("\n").filter((one) => one.startsWith("data: {"))) {
    const chunk = JSON.parse(line.slice(6)) as { choices: { delta: { content?: string } }[] };
    text += chunk.choices[0]?.delta.content ?? "";
    tokens.take(chunk);
  }
  assert.equal(tokens.spans.map(({ start, end }) => text.slice(start, end)).join(""), text);
  assert.ok(tokens.spans.every(({ value }) => value > 0 && value <= 1));
  const odd = new TokenSpans();
  for (const chunk of [null, {}, { choices: 3 }, { choices: [{ delta: null, logprobs: { content: [{ token: "a", logprob: 0 }] } }] },
    { choices: [{ delta: { content: "ab" }, logprobs: { content: [{ token: "a", logprob: 3 }, { token: "b", logprob: -0.1 }] } }] }]) {
    odd.take(chunk);
  }
  assert.deepEqual(odd.spans, [{ start: 1, end: 2, value: Math.exp(-0.1) }]);
});

test("nothing overflows a phone's window in any mode, and copying and printing leave all of it out unless asked for", { skip: withoutMedia }, async (t) => {
  const page = await openModule(t, SHOW, `<style>main { padding: 12px !important } body { margin: 0 }</style><div id="m">${HTML}</div>`, { viewport: { width: 390, height: 844 } });
  for (const mode of ["answer", "quiet", "paragraphs", "inline"] as const) {
    await update(page, KNOWN, true, { mode });
    await until(`${mode} is shown`, () => page.evaluate((mode) =>
      document.querySelector(mode === "answer" ? "finece-chip" : mode === "inline" ? ".finece-legend" : "#m confidence-badge") !== null, mode));
    if (mode !== "inline") {
      const button = page.locator(mode === "answer" ? "finece-chip" : "#m confidence-badge").first().getByRole("button").first();
      await button.click();
      await page.locator(".panel.open").waitFor();
      const inside = await page.locator(".panel.open").evaluate((panel) => {
        const { left, right, top, bottom } = panel.getBoundingClientRect();
        return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
      });
      assert.ok(inside, mode);
      await page.keyboard.press("Escape");
    }
    assert.equal(await page.evaluate(() => (document.scrollingElement?.scrollWidth ?? 0) - innerWidth), 0, mode);
    const copied = await page.evaluate(() => {
      getSelection()?.selectAllChildren(document.querySelector("main") ?? document.body);
      return getSelection()?.toString().replaceAll(/\s+/g, " ").trim();
    });
    assert.equal(copied, "One is a first paragraph. Two is another one. Three ends it.", mode);
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator("finece-chip:visible, confidence-badge:visible, .finece-legend:visible").count(), 0, mode);
    assert.equal(await page.evaluate(() => getComputedStyle(document.querySelectorAll("#m p")[1] ?? document.body, "::highlight(finece-underline-low)").textDecorationLine), "none", mode);
    await page.emulateMedia({ media: "screen" });
    await page.evaluate(() => { view.disconnect(); });
  }
  await update(page, KNOWN, true, { print: true });
  await page.emulateMedia({ media: "print" });
  assert.ok(await chip(page).isVisible());
});

test("an answer that the core scores has words without a percentage", { skip }, async (t) => {
  const positions = await positionsOf(demo, { estimator: "leco" });
  const page = await openModule(t, SHOW, `<div id="m"><p>text</p></div>`);
  await update(page, positions, true, {});
  assert.match(await said(page), /^(Check this|Medium certainty|High certainty)$/);
  await chip(page).getByRole("button").first().click();
  assert.doesNotMatch(await chip(page).locator(".panel").innerText(), /%/);
});
