import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConfidenceBadge, PositionConfidence } from "finece/badge";
import type { BadgePlacement, LiveSummary as Summary } from "finece/place";
import { openModule, positionsOf, skip } from "./badge-support.js";
import { withoutMedia, withoutShifts } from "./browser-support.js";
import { HUNG, demo } from "./support.js";

const PLACE = `import { placeBadges, LiveSummary } from "finece/place";
  globalThis.place = (selector, options) => placeBadges(document.querySelector(selector), options);
  globalThis.LiveSummary = LiveSummary;
  // An observer of what is near the window is told with a frame, and what it makes is drawn with the next.
  const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  globalThis.frames = async () => { await frame(); await frame(); await frame(); };`;

// What the module above makes global.
declare const frames: () => Promise<void>;
declare const place: (selector: string, options?: { announce?: boolean; locale?: string; print?: boolean }) => BadgePlacement;

// What a test makes global in its page.
declare global {
  var LiveSummary: typeof Summary;
  var live: Summary;
  var said: { at: number; text: string }[];
}

const position = (index: number, utf16: number, fused: number | null, kinds: PositionConfidence["kinds"] = ["paragraph"]): PositionConfidence => ({
  type: "confidence", choice: 0, index, kinds, segment: "answer", byte: utf16, utf16, token: utf16, ratio: null, entropy: null, approximate: false,
  state: fused === null ? "pending" : "final", fused, raw: fused, calibrated: true, first: fused, revision: 0, reason: null, source: null,
});

test("positions find their blocks by UTF-16 offsets, over emoji, CRLF, lists, fences, tables and repeated text", { skip }, async (t) => {
  const source = [
    "## Résumé 🧑‍🚀", "", "Same words.", "", "Same words.", "", "👍 👍", "", "Look at [this](https://example.com/same-words), *right* & good 𝒳.", "",
    "```js", "let a = 1;", "", "a < 2;", "```", "", "- one", "- two", "", "  more of two", "", "1. three", "", "| a | b |", "|---|---|", "| 1 | 2 |", "",
    "数学の答えは四十二です。", "", "The end 🎉",
  ].join("\r\n");
  const html = `<h2>Résumé 🧑‍🚀</h2><p>Same words.</p><p>Same words.</p><p>👍 👍</p>
    <p>Look at <a href="#">this</a>, <em>right</em> &amp; good 𝒳.</p><pre><code>let a = 1;\n\na &lt; 2;\n</code></pre>
    <ul><li><p>one</p></li><li><p>two</p><p>more of two</p></li></ul><ol><li>three</li></ol>
    <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><p>数学の答えは四十二です。</p><p>The end 🎉</p>`;
  const found = await positionsOf(new TextEncoder().encode(source), { format: "text" });
  const page = await openModule(t, PLACE, `<div id="m">${html}</div>`);
  const at = await page.evaluate(async ([text, positions]) => {
    const placement = place("#m", { announce: false });
    placement.update(text, positions);
    await frames();
    return [...document.querySelectorAll("#m confidence-badge")].map((badge) => {
      const mark = badge.parentElement ?? badge;
      const block = (mark.hasAttribute("block") ? mark.previousElementSibling : mark.parentElement) ?? mark;
      const before = [...document.querySelectorAll("#m *")].filter((e) => e.localName === block.localName).indexOf(block);
      return `${block.localName}${String(before)}: ${(block.textContent ?? "").trim().split("\n").at(-1) ?? ""}`;
    });
  }, [source, found] as const);
  assert.deepEqual(at, [
    "h20: Résumé 🧑‍🚀", "p0: Same words.", "p1: Same words.", "p2: 👍 👍", "p3: Look at this, right & good 𝒳.", "pre0: a < 2;",
    "p6: more of two", "li2: three", "td1: 2", "p7: 数学の答えは四十二です。", "p8: The end 🎉",
  ]);
});

test("of thousands of positions only those near the window have badges, and each has one when it is scrolled to", { skip }, async (t) => {
  const page = await openModule(t, PLACE, '<div id="m"></div>');
  const paragraphs = Array.from({ length: 5000 }, (_, i) => `Paragraph number ${String(i)} says something.`);
  let end = 0;
  const positions = paragraphs.map((p, i) => {
    const here = position(i + 1, end + p.length, i === 10 ? 0.05 : 0.9);
    end += p.length + 2;
    return here;
  });
  const result = await page.evaluate(async ({ paragraphs, positions }) => {
    const root = document.querySelector<HTMLElement>("#m") ?? document.body;
    root.innerHTML = paragraphs.map((p) => `<p>${p}</p>`).join("");
    const placement = place("#m", { announce: false });
    placement.update(paragraphs.join("\n\n"), positions);
    await frames();
    const counts: number[] = [];
    const seen: string[] = [];
    for (const i of [0, 2500, 4999, 10]) {
      root.children[i]?.scrollIntoView({ block: "center" });
      await frames();
      counts.push(root.querySelectorAll("confidence-badge").length);
      seen.push(root.children[i]?.querySelector("confidence-badge")?.getAttribute("value") ?? "none");
    }
    const panels = [...root.querySelectorAll("confidence-badge")].filter((b) => b.shadowRoot?.querySelector(".panel") !== null).length;
    const text = root.textContent.length;
    placement.disconnect();
    return { counts, seen, panels, text, left: root.querySelectorAll("confidence-badge, finece-mark").length };
  }, { paragraphs, positions });
  assert.deepEqual([result.seen, result.panels, result.left], [["0.9", "0.9", "0.9", "0.05"], 0, 0]);
  assert.equal(result.text, paragraphs.join("").length);
  assert.ok(result.counts.every((count) => count > 10 && count < 300), result.counts.join());
});

test("copying leaves badges out, and so does printing, unless it is asked for", { skip: withoutMedia }, async (t) => {
  const page = await openModule(t, PLACE, '<div id="m"><p>One.</p><p>Two.</p></div><div id="n"><p>One.</p></div>');
  await page.evaluate(async (positions) => {
    place("#m", { announce: false }).update("One.\n\nTwo.", positions);
    place("#n", { announce: false, print: true }).update("One.", positions.slice(0, 1));
    await frames();
  }, [position(1, 4, 0.5), position(2, 10, 0.7)]);
  assert.equal(await page.locator("confidence-badge").count(), 3);
  const copied = await page.evaluate(() => {
    getSelection()?.selectAllChildren(document.querySelector("main") ?? document.body);
    return getSelection()?.toString().replaceAll(/\s+/g, " ").trim();
  });
  assert.equal(copied, "One. Two. One.");
  assert.equal(await page.evaluate("document.querySelector('main').textContent.replaceAll(/\\s+/g, '')"), "One.Two.One.");
  await page.emulateMedia({ media: "print" });
  assert.deepEqual([await page.locator("#m confidence-badge:visible").count(), await page.locator("#n confidence-badge:visible").count()], [0, 1]);
});

test("of several positions in one code span the last one has a badge", { skip }, async (t) => {
  const page = await openModule(t, PLACE, '<div id="m"><p>Run <code>aa bb cc</code> now.</p></div>');
  const values = await page.evaluate(async (positions) => {
    place("#m", { announce: false }).update("Run `aa bb cc` now.", positions);
    await frames();
    return [...document.querySelectorAll("#m confidence-badge")].map((badge) => [badge.getAttribute("placed"), badge.getAttribute("value")]);
  }, [position(1, 3, 0.5, ["periodic"]), position(2, 7, 0.6, ["periodic"]), position(3, 10, 0.7, ["periodic"]), position(4, 19, 0.8)]);
  assert.deepEqual(values.sort(), [["end", "0.8"], ["inside", "0.5"], ["inside", "0.7"]]);
});

test("a renderer that replaces everything gets the same badges back, with the focus", { skip }, async (t) => {
  const page = await openModule(t, PLACE, '<div id="m"><p>One.</p><p>Two, and</p></div>');
  const result = await page.evaluate(async (positions) => {
    const root = document.querySelector<HTMLElement>("#m") ?? document.body;
    const placement = place("#m");
    placement.update("One.\n\nTwo, and more. Still more.\n\nThree.", positions, true);
    await frames();
    const before = [...root.querySelectorAll<ConfidenceBadge>("confidence-badge")];
    before[1]?.focus();
    root.innerHTML = "<p>One.</p><p>Two, and more.</p><p>Three.</p>";
    await Promise.resolve(); // before anything is painted
    await Promise.resolve();
    const after = [...root.querySelectorAll("confidence-badge")];
    const focused = document.activeElement === after[1];
    // Text that comes after a badge must not leave it in the middle.
    after[1]?.closest("p")?.append(" Still more.");
    await Promise.resolve();
    await Promise.resolve();
    return {
      same: after.length === 2 && after.every((badge, i) => badge === before[i]), focused,
      last: after[1]?.closest("p")?.lastChild === after[1]?.parentNode, html: root.textContent,
      regions: document.querySelectorAll("[role=status]").length,
    };
  }, [position(1, 4, 0.5), position(2, 31, 0.7)]);
  assert.deepEqual(result, { same: true, focused: true, last: true, html: "One.Two, and more. Still more.Three.", regions: 1 });
});

test("nothing moves while an answer streams and its confidences come and change", { skip: withoutShifts }, async (t) => {
  const found = await positionsOf(demo, { estimator: "leco" });
  const page = await openModule(t, PLACE, '<div id="m"></div><p id="below">below</p>');
  const result = await page.evaluate(async ([positions, hung]) => {
    let shift = 0;
    const add = (entries: PerformanceEntryList): void => {
      for (const entry of entries as (PerformanceEntry & { value: number })[]) {
        shift += entry.value;
      }
    };
    const observer = new PerformanceObserver((list) => { add(list.getEntries()); });
    observer.observe({ type: "layout-shift", buffered: false });
    const frame = (): Promise<unknown> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    const root = document.querySelector<HTMLElement>("#m") ?? document.body;
    document.querySelector("#below")?.remove();
    const placement = place("#m");
    let source = "";
    const ends: number[] = [];
    let end = 0;
    for (const [i, position] of positions.slice(1).entries()) {
      const words = `Paragraph ${String(i)} ${"word ".repeat(12 + i)}end.`;
      root.append(Object.assign(document.createElement("p"), { textContent: words }));
      source += words;
      // As in a stream, the text has gone on when a position is found.
      const shown = (state: PositionConfidence["state"]): PositionConfidence[] => ends.map((utf16, j) =>
        ({ ...position, kinds: ["paragraph"], utf16, index: j + 1, state, value: state === "pending" ? null : 0.9 - 0.05 * ((i + j) % 5) }));
      if (i > 0) {
        ends.push(end);
      }
      end = source.length;
      source += "\n\n";
      for (const state of ["pending", "provisional", "final"] as const) {
        placement.update(source, shown(state));
        await frame();
      }
    }
    await frame();
    add(observer.takeRecords());
    const whileStreaming = shift;
    root.prepend(Object.assign(document.createElement("p"), { textContent: "something that does move the page", style: "height: 80px" }));
    for (const start = performance.now(); shift === whileStreaming && performance.now() - start < hung; ) {
      await frame(); // until the observer is told
    }
    return { whileStreaming, control: shift - whileStreaming, badges: root.querySelectorAll("confidence-badge").length };
  }, [found, HUNG] as const);
  assert.equal(result.whileStreaming, 0);
  assert.ok(result.control > 0, "the measurement would not have seen a shift");
  assert.ok(result.badges > 3);
});

test("one polite live region a message, throttled, with a last word", { skip }, async (t) => {
  const first = position(1, 1, 0.9), second = position(2, 2, 0.6), third = position(3, 3, 0.8), unknown = position(3, 3, null);
  const page = await openModule(t, PLACE, "<p>text</p>");
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(60_000); // from here on time passes only by runFor
  await page.evaluate((first) => {
    const live = globalThis.live = new globalThis.LiveSummary({ interval: 1000, locale: "en" });
    document.body.append(live.element);
    const start = performance.now();
    globalThis.said = [];
    new MutationObserver(() => { said.push({ at: Math.round(performance.now() - start), text: live.element.textContent }); })
      .observe(live.element, { childList: true, characterData: true, subtree: true });
    live.update([{ ...first, state: "pending", fused: null }]);
  }, first);
  for (let i = 0; i < 12; i++) {
    await page.evaluate(([first, second, unknown]) => { live.update([first, second, unknown]); }, [first, { ...second, fused: 0.2 + i / 20 }, unknown] as const);
    await page.clock.runFor(250);
  }
  await page.evaluate((positions) => {
    live.update(positions, true);
    live.update(positions, true);
  }, [first, second, { ...third, fused: 0.3 }]);
  await page.clock.runFor(10_000);
  const { told, role, polite } = await page.evaluate(() =>
    ({ told: said, role: live.element.getAttribute("role"), polite: live.element.getAttribute("aria-live") }));
  assert.deepEqual([role, polite], ["status", "polite"]);
  // After a burst of 600 ms, then once an interval of 1000 ms; the end, at 3000 ms, does not wait for the interval.
  assert.deepEqual(told.map(({ at }) => at), [600, 1600, 2600, 3600]);
  assert.match(told[0]?.text ?? "", /^(Check this|About \d in 10 answers like this are right)\./);
  assert.equal(told.at(-1)?.text, "Check this. 1 of 3 parts should be checked.");
});

test("on a phone badges stay within the window, wherever their line ends", { skip }, async (t) => {
  const long = "Each loaf needs five eighths of a kilogram of flour, which is why the baker buys it by the sack. ";
  const paragraphs = Array.from({ length: 24 }, (_, i) => long.slice(0, 60 + i) + (i % 2 === 0 ? long.slice(0, i) : ""));
  const source = paragraphs.join("\n\n");
  let end = 0;
  const positions = paragraphs.map((p, i) => {
    const here = position(i + 1, end + p.length, i % 3 === 0 ? null : 0.999);
    end += p.length + 2;
    return here;
  });
  const page = await openModule(t, PLACE, `<style>body { margin: 0 } main { padding: 12px !important } pre { overflow-x: auto }</style>
    <div id="m">${paragraphs.map((p) => `<p>${p}</p>`).join("")}<ul><li>one</li></ul><pre><code>${"x".repeat(200)}</code></pre></div>`, { viewport: { width: 390, height: 844 } });
  const measure = async (text: string, all: readonly PositionConfidence[]): Promise<{ wide: number; badges: number; outside: number }> => {
    const placement = place("#m", { announce: false, print: true });
    placement.update(text, all);
    await frames();
    dispatchEvent(new Event("beforeprint")); // all of them, near the window or not
    await frames();
    const badges = [...document.querySelectorAll("#m confidence-badge")];
    const outside = badges.filter((badge) => badge.getBoundingClientRect().right > innerWidth).length;
    const wide = (document.scrollingElement?.scrollWidth ?? NaN) - document.documentElement.clientWidth;
    placement.disconnect();
    return { wide, badges: badges.length, outside };
  };
  for (const width of [390, 320, 480, 600]) {
    await page.setViewportSize({ width, height: 844 });
    const found = await page.evaluate(`(${measure.toString()})(${JSON.stringify(source)}, ${JSON.stringify(positions)})`);
    assert.deepEqual(found, { wide: 0, badges: 24, outside: 0 }, `${String(width)} px`);
  }
});

test("an answer may be put into the page after its badges were begun", { skip }, async (t) => {
  const page = await openModule(t, `import { placeBadges } from "finece/place"; globalThis.begin = (element) => placeBadges(element, { announce: false });
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    globalThis.frames = async () => { await frame(); await frame(); await frame(); };`, "<main></main>");
  const shown = await page.evaluate(async (positions) => {
    const { begin } = globalThis as unknown as { begin: (element: Element) => BadgePlacement };
    const answer = document.createElement("div");
    answer.append(Object.assign(document.createElement("p"), { textContent: "One two." }));
    const placement = begin(answer);
    placement.update("One two.", positions);
    placement.flush();
    document.querySelector("main")?.append(answer);
    placement.update("One two.", positions, true);
    await frames();
    return { badges: answer.querySelectorAll("confidence-badge").length, sheets: document.adoptedStyleSheets.length };
  }, [position(1, 8, 0.5)]);
  assert.deepEqual(shown, { badges: 1, sheets: 1 });
});
