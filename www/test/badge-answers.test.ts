import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import type { PositionConfidence } from "finece/badge";
import { Confidences } from "finece/react";
import { type Answer, answers } from "./answers/corpus.js";
import type { Found, answersPage as Page_ } from "./answers/page.js";
import { components } from "./answers/renderers.js";
import { openModule, positionsOf, skip } from "./badge-support.js";
import { until } from "./support.js";

// What the page below makes global.
declare const answersPage: typeof Page_;

const RENDERERS = [
  "Streamdown", "AI Elements", "react-markdown", "assistant-ui with react-markdown", "assistant-ui with Streamdown", "markdown-it", "marked",
];
const BEST_EFFORT = ["markdown-it without marks", "marked without marks"];

/** The last word before an offset in the source, or the last one of what has no inner places there. */
function wordBefore(answer: Answer, offset: number): string | null {
  const whole = answer.whole.find(({ start, end }) => start < offset && offset < end);
  return answer.words.findLast(({ start, end }) => (whole === undefined ? end <= offset : start < whole.end))?.word ?? null;
}

/** What is wrong with the badges of an answer. */
function wrong(answer: Answer, positions: readonly PositionConfidence[], { found, words }: Awaited<ReturnType<typeof answersPage.find>>): string[] {
  const problems: string[] = [];
  for (const [i, position] of positions.entries()) {
    const expected = wordBefore(answer, position.utf16);
    if (position.kinds.includes("question") || expected === null) {
      continue;
    }
    const badges = found.filter(({ index }) => index === position.index);
    const where = `${String(position.index)} at ${String(position.utf16)}, after ${expected}`;
    const [badge] = badges;
    if (badge === undefined) {
      // Of several positions at one place the last one is shown.
      const next = positions[i + 1];
      if (next === undefined || wordBefore(answer, next.utf16) !== expected) {
        problems.push(`${where}: no badge`);
      }
    } else if (badges.length > 1 || badge.state !== position.state || !isThere(answer, position, badge, expected, words)) {
      problems.push(`${where}: ${JSON.stringify(badges)} ${JSON.stringify(words[expected])}`);
    }
  }
  return problems;
}

function isThere(answer: Answer, { utf16 }: PositionConfidence, badge: Found, expected: string, words: Record<string, number[]>): boolean {
  if (badge.placed !== "inside") {
    return badge.after === expected;
  }
  const cut = answer.words.find(({ start, end }) => start < utf16 && utf16 < end);
  const [, top = NaN, right = NaN, bottom = NaN] = words[expected] ?? [];
  const [from = NaN, cutTop = NaN, to = NaN, cutBottom = NaN] = words[cut?.word ?? ""] ?? [];
  const [next = NaN, nextTop = NaN] = words[answer.words.find(({ start }) => start >= utf16)?.word ?? ""] ?? [];
  const line = (a: number, b: number): boolean => badge.top > a - 12 && badge.top < b;
  return cut !== undefined && answer.whole.every(({ start, end }) => utf16 <= start || utf16 >= end)
    ? badge.left > from && badge.left < to && line(cutTop, cutBottom)
    // Other characters may follow the word, to the other side in a text from right to left.
    : line(top, bottom) && (Math.abs(badge.left - right) < 40 || (badge.left > right && badge.left < next + 1 && Math.abs(nextTop - top) < 12));
}

interface Scored { readonly answer: Answer; readonly positions: readonly PositionConfidence[] }

/** The answers with the core's positions: ends of paragraphs, and places within them. */
async function scored(): Promise<Scored[]> {
  return Promise.all(answers().map(async (answer, i) => {
    const strategy = i % 2 === 0 ? "paragraph" as const : "paragraph+periodic" as const;
    const found = await positionsOf(new TextEncoder().encode(answer.text), { format: "text", strategy, every: 5 + i % 7 });
    // Text alone has no confidences, and positions without one have no badge in React's component.
    return { answer, positions: found.map((position): PositionConfidence => ({ ...position, state: "final", fused: 0.7, first: 0.7, reason: null })) };
  }));
}

const open = (t: Parameters<typeof openModule>[0]): Promise<Page> => openModule(
  t, `import { answersPage } from ${JSON.stringify(fileURLToPath(new URL("../test/answers/page.ts", import.meta.url)))};
    globalThis.answersPage = answersPage;`, "<style>.katex-mathml { position: absolute; clip-path: inset(50%) }</style>", { viewport: { width: 800, height: 900 } },
);

/** Shows an answer piece by piece and at its end, and says how many badges were right and what was wrong at the end. */
async function play(page: Page, renderer: string, { answer, positions }: Scored): Promise<{ right: number; all: number; problems: string[] }> {
  let right = 0, all = 0;
  const cuts = [0.3, 0.55, 0.8].map((part) => Math.floor(answer.text.length * part));
  for (const cut of [...cuts, answer.text.length]) {
    const text = answer.text.slice(0, cut);
    const known = positions.filter(({ utf16 }) => utf16 <= cut).map((position): PositionConfidence =>
      (cut < answer.text.length ? { ...position, state: "pending", fused: null } : position));
    const done = cut === answer.text.length;
    const found = await page.evaluate(async ([renderer, text, known, done]) => {
      answersPage.show(renderer, text, known, done);
      return answersPage.find();
    }, [renderer, text, known, done] as const);
    const problems = wrong({ ...answer, text, words: answer.words.filter(({ end }) => end <= cut) }, known, found);
    if (done) {
      return { right, all, problems };
    }
    all += known.length;
    right += known.length - problems.length;
  }
  return assert.fail();
}

// Each page waits for its frames most of the time, so several are open at once.
describe("badges in the renderers", { concurrency: 3 }, () => {
  for (const renderer of RENDERERS) {
    test(`every position's badge is where it is in the source, with ${renderer}`, { skip }, async (t) => {
      const page = await open(t);
      const problems: string[] = [];
      let right = 0, all = 0, positions = 0;
      for (const one of await scored()) {
        await page.evaluate(() => { answersPage.clear(); });
        const played = await play(page, renderer, one);
        right += played.right;
        all += played.all;
        positions += one.positions.length;
        problems.push(...played.problems.map((problem) => `${one.answer.name}: ${problem}`));
      }
      t.diagnostic(`${String(positions)} positions at the end: ${String(problems.length)} wrong; ${String(right)} of ${String(all)} right while streaming`);
      assert.deepEqual(problems, []);
    });
  }

  for (const renderer of BEST_EFFORT) {
    test(`most badges are where they are in the source, with ${renderer}`, { skip }, async (t) => {
      const page = await open(t);
      let wrong = 0, all = 0;
      for (const one of await scored()) {
        await page.evaluate(() => { answersPage.clear(); });
        wrong += (await play(page, renderer, one)).problems.length;
        all += one.positions.length;
      }
      t.diagnostic(`${String(wrong)} of ${String(all)} wrong at the end`);
      assert.ok(wrong < all * 0.15);
    });
  }
});

test("an answer that is written anew in the place of another has its own badges", { skip }, async (t) => {
  const page = await open(t);
  const all = (await scored()).filter(({ answer }) => ["a worked problem", "with footnotes", "one paragraph"].includes(answer.name));
  for (const renderer of RENDERERS) {
    await page.evaluate(() => { answersPage.clear(); });
    for (const { answer, positions } of [...all, ...all.toReversed().slice(1)]) {
      const found = await page.evaluate(async ([renderer, text, positions]) => {
        answersPage.show(renderer, text, positions, true);
        return answersPage.find();
      }, [renderer, answer.text, positions] as const);
      assert.deepEqual(wrong(answer, positions, found), [], `${renderer}: ${answer.name}`);
    }
  }
});

test("what a server renders is taken over as it is, and then has its badges", { skip }, async (t) => {
  const page = await open(t);
  for (const renderer of Object.keys(components)) {
    for (const { answer, positions } of (await scored()).filter(({ answer }) => ["a worked problem", "a report", "a program, CR LF"].includes(answer.name))) {
      const component = components[renderer] ?? assert.fail();
      const markup = renderToString(createElement(Confidences, { text: answer.text, positions, done: true }, createElement(component, answer)));
      assert.ok(markup.includes("<finece-mark") && !markup.includes("<confidence-badge"));
      await page.evaluate(([renderer, markup, text, positions]) => {
        answersPage.clear();
        answersPage.hydrate(renderer, markup, text, positions);
      }, [renderer, markup, answer.text, positions] as const);
      let problems: string[] = [];
      await until(`React has taken over ${renderer}: ${answer.name}`, async () => {
        problems = wrong(answer, positions, await page.evaluate(() => answersPage.find()));
        return problems.length === 0;
      }).catch(() => { assert.deepEqual(problems, [], `${renderer}: ${answer.name}`); });
    }
  }
});
