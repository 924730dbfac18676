import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import type { ConfidenceView, PositionConfidence, ShowOptions } from "finece/badge";
import { assertAccessible, openModule, skip } from "./badge-support.js";
import { withoutMedia } from "./browser-support.js";
import { until } from "./support.js";

const SHOW = `import { showConfidences } from "finece/badge";
  globalThis.show = (selector, options) => globalThis.view = showConfidences(document.querySelector(selector), options);`;

declare const show: (selector: string, options?: ShowOptions) => ConfidenceView;

const PARTS = Array.from({ length: 6 }, (_, i) => `Paragraph ${String(i)} has a few words, and some more of them to fill a line.`);
const SOURCE = PARTS.join("\n\n");
const HTML = PARTS.map((part) => `<p>${part}</p>`).join("");
const POSITIONS = PARTS.map((_, i): PositionConfidence => {
  const utf16 = PARTS.slice(0, i + 1).join("\n\n").length;
  return {
    type: "confidence", choice: 0, index: i + 1, kinds: ["paragraph"], segment: "answer", byte: utf16, utf16, token: i, ratio: null, entropy: null,
    approximate: false, state: "final", raw: 0.7, fused: 0.4 + i / 10, first: 0.4 + i / 10, revision: 0, calibrated: true, source: null, reason: null,
  };
});

const focused = (page: Page): Promise<string> => page.evaluate(() => {
  const { activeElement: element } = document;
  return element?.localName === "confidence-badge" ? element.closest("p")?.textContent.slice(0, 11) ?? "" : element?.id ?? "";
});
const showIn = (page: Page, mode: ShowOptions["mode"]): Promise<void> => page.evaluate(([source, positions, mode]) => {
  show("#m", { mode }).update(source, positions, true);
}, [SOURCE, POSITIONS, mode] as const);

test("the badges of an answer are one tab stop, the arrow keys go among them, and the focus is seen", { skip }, async (t) => {
  const page = await openModule(t, SHOW, `<style>header { position: sticky; top: 0; block-size: 3rem; background: Canvas; z-index: 9 }</style>
    <header>Bar</header><button id="before">before</button><div id="m">${HTML}</div><button id="after">after</button>`, { viewport: { width: 600, height: 400 } });
  await showIn(page, "paragraphs");
  await until("the badges", async () => await page.locator("confidence-badge").count() === 6);
  await page.focus("#before");
  const went: string[] = [];
  for (const key of ["Tab", "ArrowDown", "ArrowRight", "ArrowUp", "End", "ArrowDown", "Home", "Tab", "Shift+Tab"]) {
    await page.keyboard.press("Escape"); // details would take the Tab key
    await page.keyboard.press(key);
    went.push(await focused(page));
    const box = await page.evaluate(() => {
      const { activeElement: element } = document;
      const { top = 0, bottom = 0 } = element?.localName === "confidence-badge" ? element.getBoundingClientRect() : {};
      return { top, bottom, bar: document.querySelector("header")?.getBoundingClientRect().bottom ?? 0, height: innerHeight };
    });
    assert.ok(box.bottom === 0 || (box.top >= box.bar && box.bottom <= box.height), `${key}: ${JSON.stringify(box)}`);
  }
  assert.deepEqual(went, ["Paragraph 0", "Paragraph 1", "Paragraph 2", "Paragraph 1", "Paragraph 5", "Paragraph 5", "Paragraph 0", "after", "Paragraph 0"]);
  await page.evaluate(() => { document.documentElement.dir = "rtl"; });
  await page.keyboard.press("ArrowLeft"); // onwards, in a text from right to left
  assert.equal(await focused(page), "Paragraph 1");
});

test("screen readers are told the result once, at the end", { skip }, async (t) => {
  const page = await openModule(t, SHOW, `<div id="m">${HTML}</div>`);
  await page.clock.install();
  const said = await page.evaluateHandle(() => {
    const texts: string[] = [];
    new MutationObserver(() => { texts.push(document.querySelector("[role=status]")?.textContent ?? ""); })
      .observe(document.body, { childList: true, characterData: true, subtree: true });
    return texts;
  });
  await page.evaluate(() => { show("#m"); });
  for (let n = 1; n <= POSITIONS.length; n++) {
    await page.evaluate(([source, positions, done]) => { view.update(source, positions, done); },
      [SOURCE, POSITIONS.slice(0, n), n === POSITIONS.length] as const);
    await page.clock.runFor(5000);
  }
  const texts = await said.evaluate((all) => all.filter((text, i) => text !== "" && text !== all[i - 1]));
  assert.deepEqual(texts, ["About 9 in 10 answers like this are right. 1 of 6 parts should be checked."]);
});

test("at 200% zoom, with reduced motion and forced colours, nothing overflows or moves, and axe-core finds nothing", { skip: withoutMedia }, async (t) => {
  // At 200% zoom a window of 780 px has 390 CSS pixels of two device pixels each.
  const page = await openModule(t, SHOW, "", {
    viewport: { width: 390, height: 422 }, deviceScaleFactor: 2, reducedMotion: "reduce", forcedColors: "active",
  });
  for (const mode of ["answer", "quiet", "paragraphs", "inline"] as const) {
    await page.locator("main").evaluate((main, html) => { main.innerHTML = `<h1>Chat</h1><div id="m">${html}</div>`; }, HTML);
    await showIn(page, mode);
    await page.locator(mode === "answer" ? "finece-chip" : mode === "inline" ? ".finece-legend" : "confidence-badge").first().waitFor();
    if (mode !== "inline") {
      await page.locator("finece-chip:not([hidden]), confidence-badge").first().getByRole("button").first().click();
      await page.locator(".panel.open").waitFor();
    }
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), mode);
    assert.deepEqual(await page.evaluate(() => document.getAnimations().map((animation) => (animation as CSSAnimation).animationName)), [], mode);
    await assertAccessible(page, mode);
    await page.keyboard.press("Escape");
  }
});
